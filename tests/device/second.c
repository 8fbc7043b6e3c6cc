/* SPDX-License-Identifier: Apache-2.0 */
/* second STROKENET DENSE: a second device. It is the processor, but all its memory (variables, programs, their values) lies where
 * only its own functions may look, so that a pointer that has leaked faults. What is painted, generated, trained and written through
 * it is what the processor alone makes, byte for byte. And a program's faults: ports that are not there, reading too early. */
#define _GNU_SOURCE
#include "device/cpu/plan.h"
#include "model/model.h"
#include "model/weights.h"
#include "op/draw.h"
#include "paint/paint.h"
#include "test.h"
#include "train/dense_graph.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define POOL ((size_t)1 << 30)          /* address space; pages are taken as they are touched */

static struct {
	fv_cpu cpu;
	const fv_device_type *of;       /* the processor's functions */
	char *pool;
	size_t used;
	int inside;                     /* its functions that are running */
	int blocks, puts, gets, writes, reads, runs;
	fv_status fault;                /* what the next write ends with */
} second;

static bool hidden(const void *p) { return (const char *)p >= second.pool && (const char *)p < second.pool + POOL; }

static void *take(void *user, size_t bytes, size_t align)
{
	if (!second.inside)
		return aligned_alloc(align, bytes);
	size_t at = (second.used + align - 1) / align * align;
	if (at + bytes > POOL)
		return NULL;
	second.used = at + bytes;
	memset(second.pool + at, 0xa5, bytes);          /* nobody may count on zeros */
	return second.pool + at;
}

static void give(void *user, void *p)
{
	if (!hidden(p))
		free(p);
}

static void begin(void)
{
	if (!second.inside++ && mprotect(second.pool, POOL, PROT_READ | PROT_WRITE))
		abort();
}

static void end(void)
{
	if (!--second.inside && mprotect(second.pool, POOL, PROT_NONE))
		abort();
}

/* CALL's status, made inside. */
#define INSIDE(CALL) (begin(), inside(second.of->CALL))
static fv_status inside(fv_status st)
{
	end();
	return st;
}

static void close_it(fv_device *d) {}

static fv_status alloc_it(fv_err *err, fv_device *d, int64_t bytes, fv_block *out)
{
	fv_status st = INSIDE(alloc(err, d, bytes, out));
	second.blocks += !st;
	check(st || hidden(out->host), "variables lie on the device");
	return st;
}

static void free_it(fv_device *d, fv_block *b)
{
	begin();
	second.of->free(d, b);
	end();
	second.blocks--;
}

static fv_status put(fv_err *err, fv_device *d, const fv_block *b, int64_t at, int64_t bytes, const void *from)
{
	second.puts++;
	check(at >= 0 && bytes >= 0 && at + bytes <= b->bytes && !hidden(from), "put: %lld bytes at %lld of %lld", (long long)bytes, (long long)at,
	      (long long)b->bytes);
	return INSIDE(put(err, d, b, at, bytes, from));
}

static fv_status get(fv_err *err, fv_device *d, const fv_block *b, int64_t at, int64_t bytes, void *to)
{
	second.gets++;
	check(at >= 0 && bytes >= 0 && at + bytes <= b->bytes && !hidden(to), "get: %lld bytes at %lld of %lld", (long long)bytes, (long long)at,
	      (long long)b->bytes);
	return INSIDE(get(err, d, b, at, bytes, to));
}

static bool same_kernel(fv_device *d, const fv_node *was, const fv_node *n)
{
	begin();
	bool same = second.of->same_kernel(d, was, n);
	end();
	return same;
}

static fv_status compile(fv_err *err, fv_device *d, fv_graph *g, const fv_program_options *opt, fv_code *share, fv_code **out)
{
	return INSIDE(compile(err, d, g, opt, share, out));
}

static void drop(fv_code *p)
{
	begin();
	second.of->drop(p);
	end();
}

static fv_status write_it(fv_err *err, fv_code *p, const fv_node *n, int64_t at, int64_t bytes, const void *from)
{
	second.writes++;
	check(at >= 0 && at + bytes <= fv_tensor_bytes(n->type, n->shape) && !hidden(from), "write: %lld bytes at %lld", (long long)bytes, (long long)at);
	if (second.fault)
		return fv_fail(err, second.fault, "the device is gone");
	return INSIDE(write(err, p, n, at, bytes, from));
}

static fv_status read_it(fv_err *err, fv_code *p, const fv_node *n, int64_t at, int64_t bytes, void *to)
{
	second.reads++;
	check(at >= 0 && at + bytes <= fv_tensor_bytes(n->type, n->shape) && !hidden(to), "read: %lld bytes at %lld", (long long)bytes, (long long)at);
	return INSIDE(read(err, p, n, at, bytes, to));
}

static fv_status run(fv_err *err, fv_code *p, fv_key key)
{
	second.runs++;
	return INSIDE(run(err, p, key));
}

static fv_status prepack(fv_err *err, fv_code *p, int64_t most) { return INSIDE(prepack(err, p, most)); }

static int64_t bytes(const fv_code *p)
{
	begin();
	int64_t n = second.of->bytes(p);
	end();
	return n;
}

static const fv_device_type type = {
	.name = "second", .close = close_it, .alloc = alloc_it, .free = free_it, .put = put, .get = get, .same_kernel = same_kernel, .compile = compile,
	.drop = drop, .write = write_it, .read = read_it, .run = run, .prepack = prepack, .bytes = bytes,
};

/* ------------------------------------------------------------------ the same on both */
static fv_context *context(bool on_second)
{
	fv_context *c = NULL;
	fv_allocator al = { take, give, NULL };
	fv_context_options o = { .size = sizeof o, .threads = 2, .allocator = on_second ? &al : NULL };
	if (fv_context_new(NULL, &o, &c))
		exit(1);
	if (on_second) {
		second.of = c->device->type;
		second.cpu.device = (fv_device){ .type = &type, .context = c, .facts = c->device->facts };
		fv_device_close(c->device);
		c->device = &second.cpu.device;
	}
	return c;
}

enum { W = 83, H = 61, AREA = 784 };
typedef struct { uint8_t picture[3][W * H * 3], digits[5 * AREA]; double loss[3]; } result;

/* Twice, so that weights are packed for good, and in bands. */
static void paint(fv_context *c, const char *file, result *r)
{
	fv_err err = { 0 };
	fv_model *m = NULL;
	fv_painter *p = NULL;
	uint8_t in[W * H * 3];
	fv_paint_options o = FV_PAINT_DEFAULTS;
	for (int i = 0; i < W * H * 3; i++)
		in[i] = (uint8_t)(i * 37 % 251);
	const fv_pixels from = { W, H, 3, 8, 3 * W, in };
	if (!check(!fv_model_open(&err, c, file, &m) && !fv_painter_new(&err, m, &p), "%s", err.text))
		return;
	for (int i = 0; i < 3; i++) {
		fv_pixels to = { W, H, 3, 8, 3 * W, r->picture[i] };
		check(i < 2 || !fv_paint_least(&err, m, H, W, &o, &o.max_memory), "%s", err.text);
		check(!fv_painter_paint(&err, p, &from, &o, &to), "%s", err.text);
	}
	fv_painter_free(p);
	fv_model_free(m);
}

static void generate(fv_context *c, const char *file, result *r)
{
	fv_err err = { 0 };
	fv_model *m = NULL;
	fv_pixels digit[5];
	bool there = check(!fv_model_open(&err, c, file, &m) && !fv_generate_size(&err, m, digit), "%s", err.text);
	for (int i = 4; i >= 0; i--)
		digit[i] = digit[0], digit[i].data = r->digits + i * AREA;
	if (there && check(digit->width * digit->height * digit->channels <= AREA, "a digit is too large"))
		check(!fv_generate(&err, m, &(fv_generate_options){ sizeof(fv_generate_options), 3 }, 5, digit), "%s", err.text);
	fv_model_free(m);
}

static void train(fv_context *c, const char *path, result *r)
{
	fv_err err = { 0 };
	fv_store *store = NULL;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_variable *v[256];
	const fv_dense_config config = { .net = { .noise = 4, .hidden = { 8 }, .layers = 1, .out = 16, .slope = 0.2 }, .batch = 4, .beta1 = 0.5, .beta2 = 0.999,
	                                 .eps = 1e-7 };
	float x[64];
	for (int k = 0; k < 64; k++)
		x[k] = (float)(k % 7) / 7;
	fv_store_new(&err, c, &store);
	fv_graph_new(&err, c, &g);
	fv_dense_graph_build(g, store, 1, &config);
	if (!check(!fv_program_new(&err, c, g, NULL, &p), "%s", err.text))
		exit(1);
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 4; k++)
			fv_program_put_part(p, "pictures", k, 4, x + 16 * k);
		fv_program_put_number(p, "rate", 1e-3);
		fv_program_put_number(p, "step.real", 2 * i + 1);
		fv_program_put_number(p, "step.fake", 2 * i + 2);
		fv_program_put_number(p, "step.g", i + 1);
		check(!fv_program_run(&err, p, (fv_key){ 1, (uint64_t)i, 0 }) && fv_program_number(p, "ok") == 1, "%s", err.text);
		r->loss[i] = fv_program_number(p, "loss.g");
	}
	int n = fv_params(store, "", NULL);
	if (check(n <= (int)FV_COUNT(v), "more weights than places"))
		fv_params(store, "", v);
	check(n > 20 && !fv_weights_write(&err, c, path, v, NULL, n, true, FV_F16, NULL), "%s", err.text);
	fv_program_free(p);
	fv_graph_free(g);
	fv_store_free(store);
}

static bool same_file(const char *a, const char *b)
{
	static char x[1 << 16], y[1 << 16];
	FILE *f = fopen(a, "r"), *g = fopen(b, "r");
	size_t n = f ? fread(x, 1, sizeof x, f) : 0, m = g ? fread(y, 1, sizeof y, g) : 0;
	if (f)
		fclose(f);
	if (g)
		fclose(g);
	return n && n == m && !memcmp(x, y, n);
}

/* The test must be able to fail: who looks where only the device may falls. */
static void wall(fv_context *c)
{
	fv_store *s = NULL;
	fv_err err = { 0 };
	int how = 0;
	check(!fv_store_new(&err, c, &s), "%s", err.text);
	const fv_variable *v = fv_variable_new(s, FV_F32, FV_SHAPE(3), "v");
	float x[3] = { 1, 1, 1 };
	check(v && !fv_variable_get(&err, v, x) && !x[0] && !x[1] && !x[2], "a new variable is all zeros");
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		_exit(*((volatile const char *)v->block->host + v->at));
	}
	check(child > 0 && waitpid(child, &how, 0) == child && WIFSIGNALED(how) && WTERMSIG(how) == SIGSEGV, "a leaked pointer could be read");
	fv_store_free(s);
}

/* ------------------------------------------------------------------ faults */
static void faults(fv_context *c)
{
	fv_err err = { 0 };
	fv_graph *g = NULL;
	fv_program *p = NULL;
	float y[4] = { 0 };
	fv_graph_new(&err, c, &g);
	fv_node *x = fv_input(g, "x", FV_F32, FV_SHAPE(4));
	fv_input(g, "unread", FV_F32, FV_SHAPE(4));
	fv_output(g, fv_add(g, fv_scale(g, x, 2, 1), fv_random(g, FV_NORMAL, "noise", FV_F32, FV_SHAPE(4), 0, 1)), "y");
	fv_output(g, fv_sum(g, x, FV_ALL), "sum");
	if (!check(!fv_program_new(&err, c, g, NULL, &p), "%s", err.text))
		return;
	const float in[] = { 1, 2, 3, 4 }, noise[] = { 0, 0, 0, 0.5f };
	check(fv_program_get(&err, p, "y", y) == FV_E_INTERNAL && strstr(err.text, "has not run"), "read too early: '%s'", err.text);
	check(isnan(fv_program_number(p, "sum")), "a number read too early is none");
	fv_program_put(p, "x", in);
	fv_program_put(p, "noise", noise);
	fv_program_put(p, "unread", in);
	for (int i = 0; i < 2; i++) {
		check(!fv_program_run(&err, p, (fv_key){ (uint64_t)i }) && !fv_program_get(&err, p, "y", y), "%s", err.text);
		check(y[0] == 3 && y[3] == 9.5f && fv_program_number(p, "sum") == 10, "what was put stays: %g %g", y[0], y[3]);
	}
	/* A fault is the next run's, once; what was put before it counts. */
	fv_program_put_part(p, "x", 3, 4, (float[]){ 5 });
	fv_program_put(p, "z", in);
	fv_program_put_number(p, "rate", 1);
	check(fv_program_run(&err, p, (fv_key){ 0 }) == FV_E_INTERNAL && strstr(err.text, "'z'"), "a port to put into that is not there: '%s'", err.text);
	check(!fv_program_run(&err, p, (fv_key){ 0 }) && fv_program_number(p, "sum") == 11, "it is forgotten then: %g", fv_program_number(p, "sum"));
	fv_program_put_number(p, "x", 1);
	check(fv_program_run(&err, p, (fv_key){ 0 }) == FV_E_INTERNAL && strstr(err.text, "no number but f32 4"), "a number for several: '%s'", err.text);
	check(fv_program_get(&err, p, "y", y) == FV_E_INTERNAL, "a run that failed has made nothing");
	check(!fv_program_run(&err, p, (fv_key){ 0 }), "%s", err.text);
	check(fv_program_get(&err, p, "x", y) == FV_E_INTERNAL && strstr(err.text, "'x'"), "a port to get from that is not there: '%s'", err.text);
	check(isnan(fv_program_number(p, "z")) && isnan(fv_program_number(p, "y")), "no number, or several: NaN");
	check(fv_program_values(p, "y") == 4 && fv_program_values(p, "noise") == 4 && !fv_program_values(p, "z"), "how many values a port has");
	if (c->device == &second.cpu.device) {
		second.fault = FV_E_MEMORY;
		fv_program_put(p, "x", in);
		second.fault = FV_OK;
		check(fv_program_run(&err, p, (fv_key){ 0 }) == FV_E_MEMORY && strstr(err.text, "gone"), "a device's fault: '%s'", err.text);
	}
	fv_program_put(p, "x", (float[]){ 1, NAN, INFINITY, 4 });
	check(!fv_program_run(&err, p, (fv_key){ 0 }) && !fv_program_get(&err, p, "y", y) && y[0] == 3 && isnan(y[1]) && isinf(y[2]) && y[3] == 9.5f,
	      "NaN and infinity pass: %g %g %g %g", y[0], y[1], y[2], y[3]);
	fv_program_free(p);
	fv_graph_free(g);
}

int main(int argc, char **argv)
{
	static result one, two;
	char folder[] = "/tmp/fauve-second-XXXXXX", file[2][80];
	second.pool = mmap(NULL, POOL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (argc < 3 || second.pool == MAP_FAILED || !mkdtemp(folder)) {
		printf("usage: second STROKENET DENSE\n");
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		fv_context *c = context(i);
		snprintf(file[i], sizeof file[i], "%s/%d", folder, i);
		paint(c, argv[1], i ? &two : &one);
		generate(c, argv[2], i ? &two : &one);
		train(c, file[i], i ? &two : &one);
		faults(c);
		if (i)
			wall(c);
		fv_context_free(c);
	}
	for (int i = 0; i < 3; i++) {
		check(!memcmp(one.picture[i], two.picture[i], sizeof one.picture[i]), "painting %d is another", i);
		check(one.loss[i] == two.loss[i] && isfinite(one.loss[i]), "loss %d is %g, on the processor %g", i, two.loss[i], one.loss[i]);
	}
	check(!memcmp(one.digits, two.digits, sizeof one.digits), "what is generated is other");
	check(same_file(file[0], file[1]), "the weights written are others");
	check(second.puts > 20 && second.gets > 20 && second.writes > 20 && second.reads > 10 && second.runs > 10, "%d puts, %d gets, %d writes, %d reads, %d runs",
	      second.puts, second.gets, second.writes, second.reads, second.runs);
	check(!second.blocks, "%d blocks are left", second.blocks);
	unlink(file[0]);
	unlink(file[1]);
	rmdir(folder);
	return finish("second");
}
