/* SPDX-License-Identifier: Apache-2.0 */
/* A plan: memory, kernels; then an array of bound calls. */
#include "device/cpu/plan.h"
#include "base/memory.h"
#include "graph/pass.h"
#include <stdio.h>

typedef struct {
	fv_call call;
	const fv_kernel *kernel;        /* NULL: the reference */
	fv_work work;                   /* the kernel's */
	void *kept;                     /* weights in the kernel's order; NULL: made anew each time */
	bool ready;                     /* they are made */
	void *fed;                      /* a random node's value given by hand */
	double seconds;                 /* spent, when profiled */
} step;

struct fv_code {
	fv_context *context;
	fv_graph *graph;
	fv_arena *arena;                /* of the plan's own lists */
	fv_program_options options;
	fv_code *share;                 /* whose memory it may work in; NULL: nobody's */
	fv_place *place;
	char *memory, *scratch;
	int64_t memory_bytes, scratch_bytes, kept_bytes;
	step *steps;
	int count;
	int *step_of;                   /* node id > step, or -1 */
	bool shared;                    /* memory and scratch belong to share */
	bool updates;                   /* writes variables: may not stop half way */
	fv_key key;
	double seconds;
	int runs;
};

static void *address(const fv_variable *v) { return (char *)v->block->host + v->at; }

static fv_tensor tensor(const fv_code *p, const fv_node *n, int output)
{
	fv_place at = p->place[2 * n->id + output];
	return (fv_tensor){ output ? n->type1 : n->type, output ? n->shape1 : n->shape,
	                    at.kind == FV_AT_ARENA ? p->memory + at.offset : at.kind == FV_AT_VARIABLE ? address(at.variable) : (void *)at.constant };
}

static const fv_kernel *choose(const fv_code *p, const fv_node *n)
{
	return p->options.reference ? NULL : p->options.timed ? fv_kernel_autotune(p->context, n, p->options.most) : fv_kernel_choose(p->context, n);
}

/* The scratch that n takes by k; w becomes k's work. */
static int64_t scratch_of(const fv_code *p, const fv_kernel *k, const fv_node *n, fv_work *w)
{
	if (!k)
		return n->op->reference_scratch ? n->op->reference_scratch(n) : 0;
	fv_kernel_plan(k, n, p->context->threads, w);
	return fv_kernel_room(w);
}

/* Lists and places of the program as it now stands. */
static fv_status place(fv_err *err, fv_code *p, uint32_t passes)
{
	size_t nodes = (size_t)p->graph->nodes;
	p->place = fv_arena_get(p->arena, 2 * nodes * sizeof *p->place);
	p->steps = fv_arena_get(p->arena, nodes * sizeof *p->steps);
	p->step_of = fv_arena_get(p->arena, nodes * sizeof *p->step_of);
	if (!p->place || !p->steps || !p->step_of)
		return fv_fail_memory(err, "plan", nodes * sizeof *p->steps);
	return fv_place_values(err, p->graph, passes, p->place, &p->memory_bytes);
}

/* Fewer and fewer values are kept until all fits; what the arena loses in gaps is seen only when it is laid out. */
static fv_status recompute(fv_err *err, fv_code *p, uint32_t passes)
{
	int64_t scratch = 0;
	fv_work w;
	for (int i = 0; i < p->graph->nodes; i++)
		scratch = fv_max(scratch, scratch_of(p, choose(p, p->graph->node[i]), p->graph->node[i], &w));
	int64_t room = p->options.most - scratch, limit = room;
	fv_status st = FV_OK;
	for (int nodes = 0; p->memory_bytes > room && nodes != p->graph->nodes && !st;) {
		nodes = p->graph->nodes;
		if (!(st = fv_pass_recompute(err, p->graph, limit)) && !(st = fv_pass_drop(err, p->graph)))
			st = place(err, p, passes);
		limit -= fv_max(limit / 16, p->memory_bytes - room);
	}
	return st;
}

static fv_status too_much(fv_err *err, const fv_code *p)
{
	return fv_fail(err, FV_E_LIMIT, "the plan takes %.1f MB, and %.1f MB are allowed", (double)(p->memory_bytes + p->scratch_bytes) / 1e6,
	               (double)p->options.most / 1e6);
}

static fv_status bind(fv_err *err, fv_code *p)
{
	fv_graph *g = p->graph;
	/* Before kernels are timed, on values as large. */
	if (p->options.most && p->memory_bytes > p->options.most)
		return too_much(err, p);
	for (int i = 0; i < g->nodes; i++) {
		fv_node *n = g->node[i];
		p->step_of[i] = -1;
		p->updates |= fv_updates(n);
		if (n->op->view || !n->op->reference)
			continue;
		step *s = &p->steps[p->count];
		p->step_of[i] = p->count++;
		s->kernel = choose(p, n);
		if (!s->kernel && fv_elements(n->shape) > (1 << 20) && n->type == FV_F32 && !p->options.reference)
			fv_log(p->context, FV_LOG_DEBUG, "%s of %s runs on the slow reference", n->op->name, fv_shape_text(n->shape).s);
		s->call = (fv_call){ .node = n, .key = &p->key, .threads = p->context->threads };
		p->scratch_bytes = fv_max(p->scratch_bytes, scratch_of(p, s->kernel, n, &s->work));
	}
	if (p->options.most && p->memory_bytes + p->scratch_bytes > p->options.most)
		return too_much(err, p);
	const fv_code *other = p->share;
	p->shared = other && other->memory_bytes >= p->memory_bytes && other->scratch_bytes >= p->scratch_bytes;
	/* Not zeroed but for inputs that nobody puts: values are written before they are read, and a
	 * run finds those of the run before. Zeroing all would take a fifth of one picture's run. */
	p->memory = p->shared ? other->memory
	                      : fv_alloc_rough(p->context, (size_t)p->memory_bytes);
	p->scratch = p->shared ? other->scratch : fv_alloc(p->context, (size_t)p->scratch_bytes);
	if (!p->memory || !p->scratch)
		return fv_fail_memory(err, "plan", (size_t)(p->memory_bytes + p->scratch_bytes));
	for (int i = 0; i < g->nodes && !p->shared; i++)
		if (g->node[i]->op == &fv_op_input) {
			const fv_tensor t = tensor(p, g->node[i], 0);
			memset(t.data, 0, (size_t)fv_tensor_bytes(t.type, t.shape));
		}
	for (int i = 0; i < p->count; i++) {
		fv_call *c = &p->steps[i].call;
		for (int j = 0; j < c->node->inputs; j++)
			if (c->node->in[j])
				c->in[j] = tensor(p, c->node->in[j], 0);
		for (int j = 0; j < c->node->outputs; j++)
			c->out[j] = tensor(p, c->node, j);
		const fv_variable *v[3];
		for (int j = 0, count = fv_updated(c->node, v); j < count; j++)
			c->variable[j] = (fv_tensor){ v[j]->type, v[j]->shape, address(v[j]) };
		c->scratch = p->scratch;
		if (p->steps[i].kernel)
			fv_kernel_bind(&p->steps[i].work, c, p->scratch);
	}
	return FV_OK;
}

static fv_status prepack(fv_err *err, fv_code *p, int64_t most)
{
	for (int i = 0; i < p->count; i++) {
		step *s = &p->steps[i];
		const fv_node *n = s->call.node, *weights = s->kernel && s->work.packed ? n->in[1] : NULL;
		while (weights && weights->op->view)
			weights = weights->in[0];
		if (!weights || weights->op != &fv_op_read || s->kept)
			continue;
		int64_t bytes = s->work.packed;
		if (p->kept_bytes + bytes > most)
			continue;
		if (!(s->kept = fv_alloc(p->context, (size_t)bytes)))
			return fv_fail_memory(err, "packed weights", (size_t)bytes);
		p->kept_bytes += bytes;
		s->call.packed = s->kept;
	}
	return FV_OK;
}

static void drop(fv_code *p)
{
	for (int i = 0; i < p->count; i++)
		fv_free(p->context, p->steps[i].kept);
	if (!p->shared) {
		fv_free(p->context, p->memory);
		fv_free(p->context, p->scratch);
	}
	fv_arena_free(p->arena);
}

static fv_status compile(fv_err *err, fv_device *d, fv_graph *g, const fv_program_options *opt, fv_code *share, fv_code **out)
{
	fv_context *c = d->context;
	fv_arena *a = fv_arena_new(c);
	fv_code *p = a ? fv_arena_get(a, sizeof *p) : NULL;
	if (!p) {
		fv_arena_free(a);
		return fv_fail_memory(err, "plan", sizeof *p);
	}
	*p = (fv_code){ .context = c, .graph = g, .arena = a, .options = *opt, .share = share };
	fv_status st = place(err, p, opt->passes);
	if (!st && opt->recompute && opt->most)
		st = recompute(err, p, opt->passes);
	if (!st)
		st = bind(err, p);
	if (opt->timed)
		fv_choices_keep(c);
	if (st) {
		drop(p);
		return st;
	}
	*out = p;
	return FV_OK;
}

static fv_status read(fv_err *err, fv_code *p, const fv_node *n, int64_t at, int64_t bytes, void *to)
{
	memcpy(to, (char *)tensor(p, n, 0).data + at, (size_t)bytes);
	return FV_OK;
}

/* An input's memory; of a random fill memory that then takes the draw's place. */
static fv_status write(fv_err *err, fv_code *p, const fv_node *n, int64_t at, int64_t bytes, const void *from)
{
	char *to = tensor(p, n, 0).data;
	if (n->op == &fv_op_random) {
		step *s = &p->steps[p->step_of[n->id]];
		if (!s->fed && !(s->fed = fv_arena_get(p->arena, (size_t)fv_tensor_bytes(n->type, n->shape))))
			return fv_fail_memory(err, "plan", (size_t)fv_tensor_bytes(n->type, n->shape));
		to = s->fed;
	}
	memcpy(to + at, from, (size_t)bytes);
	return FV_OK;
}

static void run_step(fv_code *p, step *s)
{
	fv_call *c = &s->call;
	if (s->fed) {
		memcpy(c->out[0].data, s->fed, (size_t)fv_tensor_bytes(c->out[0].type, c->out[0].shape));
		return;
	}
	if (!s->kernel) {
		c->node->op->reference(c);
		return;
	}
	fv_kernel_run(p->context, s->kernel, c, s->ready);
	s->ready = s->kept;
}

static fv_status run(fv_err *err, fv_code *p, fv_key key)
{
	p->key = key;
	double start = p->options.profile ? fv_now() : 0;
	for (int i = 0; i < p->count; i++) {
		if (!p->updates && fv_cancelled(p->context))
			return fv_fail(err, FV_E_CANCELLED, "stopped");
		double before = p->options.profile ? fv_now() : 0;
		run_step(p, &p->steps[i]);
		if (p->options.profile)
			p->steps[i].seconds += fv_now() - before;
	}
	if (p->options.profile)
		p->seconds += fv_now() - start;
	p->runs++;
	return FV_OK;
}

static int64_t bytes(const fv_code *p) { return p->memory_bytes + p->scratch_bytes + p->kept_bytes; }

static void print_refusals(const fv_code *p, const fv_node *n, void (*line)(void *, const char *), void *user)
{
	for (const fv_kernel *const *k = fv_kernels; *k; k++) {
		char text[300];
		fv_work w;
		if ((*k)->op != n->op)
			continue;
		const char *why = ((*k)->needs & p->context->isa) != (*k)->needs ? "this processor, or the cap on it, does not have its instructions" :
		                  fv_kernel_plan(*k, n, p->context->threads, &w);
		if (!why)
			continue;
		snprintf(text, sizeof text, "        not %s: %s", (*k)->name, why);
		line(user, text);
	}
}

static void times(const fv_code *p, bool verbose, void (*line)(void *user, const char *text), void *user)
{
	char text[300];
	for (int i = 0; i < p->count; i++) {
		const step *s = &p->steps[i];
		const fv_node *n = s->call.node;
		fv_cost c = fv_node_cost(n);
		char share[32] = "";
		if (p->seconds > 0)
			snprintf(share, sizeof share, "%5.1f %% %8.3f ms", 100 * s->seconds / p->seconds, 1e3 * s->seconds / p->runs);
		snprintf(text, sizeof text, "%-16s %-26s %-20s %7.2f MB %8.3f GFLOP %s %s", n->op->name,
		         s->kernel ? s->kernel->name : "reference", fv_shape_text(n->shape).s,
		         (double)fv_tensor_bytes(n->type, n->shape) / 1e6, c.flops / 1e9, share, n->label ? n->label : "");
		line(user, text);
		if (verbose)
			print_refusals(p, n, line, user);
	}
	snprintf(text, sizeof text, "%d calls, %.1f MB of values, %.1f MB of scratch", p->count, (double)p->memory_bytes / 1e6,
	         (double)p->scratch_bytes / 1e6);
	line(user, text);
}

/* ------------------------------------------------------------------ the device */
static int list(fv_device_facts *facts, int room)
{
	if (room < 1)
		return 0;
	*facts = (fv_device_facts){ .kind = FV_DEVICE_PROCESSOR, .driver = "fauve" };
	fv_field("/proc/cpuinfo", "model name", facts->name, sizeof facts->name);
	facts->memory = facts->block = (int64_t)fv_memory("/proc/meminfo", "MemTotal");
	return 1;
}

static fv_status open(fv_err *err, fv_context *c, int which, fv_device **out);

static void close(fv_device *d)
{
	pthread_mutex_destroy(&((fv_cpu *)d)->lock);
	fv_free(d->context, ((fv_cpu *)d)->choices);
	fv_free(d->context, d);
}

static fv_status alloc(fv_err *err, fv_device *d, int64_t bytes, fv_block *out)
{
	*out = (fv_block){ .host = fv_alloc(d->context, (size_t)bytes), .bytes = bytes };
	return out->host ? FV_OK : fv_fail_memory(err, "weights", (size_t)bytes);
}

static void give(fv_device *d, fv_block *b)
{
	fv_free(d->context, b->host);
	*b = (fv_block){ 0 };
}

static fv_status put(fv_err *err, fv_device *d, const fv_block *b, int64_t at, int64_t bytes, const void *from)
{
	memcpy((char *)b->host + at, from, (size_t)bytes);
	return FV_OK;
}

static fv_status get(fv_err *err, fv_device *d, const fv_block *b, int64_t at, int64_t bytes, void *to)
{
	memcpy(to, (const char *)b->host + at, (size_t)bytes);
	return FV_OK;
}

static bool same_kernel(fv_device *d, const fv_node *was, const fv_node *n)
{
	const fv_kernel *k = fv_kernel_choose(d->context, was);
	return k && fv_kernel_choose(d->context, n) == k;
}

static fv_status race(fv_err *err, fv_device *d, const fv_node *n, double span, fv_race_line line, void *user)
{
	fv_context *c = d->context;
	const fv_kernel *chosen = fv_kernel_choose(c, n);
	for (const fv_kernel *const *k = fv_kernels; *k; k++) {
		double seconds;
		fv_work w;
		if ((*k)->op != n->op || ((*k)->needs & c->isa) != (*k)->needs || fv_kernel_plan(*k, n, c->threads, &w))
			continue;
		fv_status st = fv_kernel_time(err, c, *k, n, 5, span, &seconds);
		if (st)
			return st;
		line(user, (*k)->name, (*k)->needs, seconds, *k == chosen);
	}
	return FV_OK;
}

extern const fv_device_type fv_device_cpu;
const fv_device_type fv_device_cpu = {
	.name = "cpu", .list = list, .open = open, .close = close, .alloc = alloc, .free = give, .put = put, .get = get,
	.same_kernel = same_kernel, .race = race, .compile = compile, .drop = drop, .write = write, .read = read, .run = run,
	.prepack = prepack, .bytes = bytes, .times = times,
};

static fv_status open(fv_err *err, fv_context *c, int which, fv_device **out)
{
	fv_cpu *d = fv_alloc(c, sizeof *d);
	if (!d)
		return fv_fail_memory(err, "processor", sizeof *d);
	d->device = (fv_device){ .type = &fv_device_cpu, .context = c };
	pthread_mutex_init(&d->lock, NULL);
	list(&d->device.facts, 1);
	*out = &d->device;
	return FV_OK;
}
