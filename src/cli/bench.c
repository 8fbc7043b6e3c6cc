/* SPDX-License-Identifier: Apache-2.0 */
/* fauve bench: how fast this machine paints and trains. */
#include "bench/bench.h"
#include "cli/cli.h"
#include "picture/picture.h"
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
	int64_t runs, batch, max_memory;
	double time;
	const char *size, *model;
	bool profile;
} options;

static const fv_option table[] = {
	{ .name = "time", .type = FV_OPT_DURATION, .arg = "TIME", .at = offsetof(options, time),
	  .preset = "3s", .low = 0, .high = 3600, .help = "how long each case runs" },
	{ .name = "runs", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, runs), .low = 0,
	  .high = FV_BENCH_RUNS_MAX, .preset_help = "as --time allows",
	  .help = "how often each case runs" },
	{ .name = "size", .type = FV_OPT_TEXT, .arg = "WxH", .at = offsetof(options, size),
	  .preset_help = "the case's",
	  .help = "of the picture in resnet, strokenet, strokes, cyclegan and pix2pix (its "
	          "height); multiples of 8, in pix2pix of 32" },
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, batch), .low = 0,
	  .high = 64, .preset_help = "the recipe's", .help = "pictures a step in style" },
	{ .name = "max-memory", .type = FV_OPT_SIZE, .arg = "SIZE",
	  .at = offsetof(options, max_memory),
	  .help = "of a step's values: cheap ones are made again rather than kept; in bf16 others "
	          "are kept rounded" },
	{ .name = "model", .type = FV_OPT_TEXT, .kind = FV_ARG_STYLE, .arg = "MODEL",
	  .at = offsetof(options, model), .help = "the painter that strokenet times" },
	{ .name = "profile", .type = FV_OPT_FLAG, .at = offsetof(options, profile),
	  .help = "print every call of the plan with its time" },
	{ 0 },
};

static const fv_argument arguments[] = {
	{ "CASE",
	  "machine, kernels, resnet, strokenet, style, cyclegan, pix2pix, cut, sincut, animegan, "
	  "cartoongan, dcgan, wgan-gp, dense, strokes, strokes-3; all but the strokes when none is given", .optional = true, .many = true },
	{ 0 },
};

static const fv_example examples[] = {
	{ "fauve bench", "Everything, some two minutes." },
	{ "fauve bench style dense --precision bf16 --json", "Two training steps, for a program." },
	{ "fauve bench strokenet --model vangogh --size 1920x1080",
	  "How long a film's frame takes." },
	{ 0 },
};

static json_t *machine(fv_context *c)
{
	json_t *peaks = json_array();
	double gflops;
	const char *name;
	for (int i = 0; (name = fv_bench_peak(c, i, &gflops)); i++)
		if (gflops > 0)
			json_array_append_new(peaks,
			                      json_pack("{ss sf}", "isa", name, "gflops", gflops));
	return json_pack("{ss so sf sf}", "case", "machine", "peak", peaks, "cache_gb_s",
	                 fv_bench_bandwidth(c, 128 << 10) / 1e9, "memory_gb_s",
	                 fv_bench_bandwidth(c, 128 << 20) / 1e9);
}

static void add_kernel(void *user, const fv_bench_kernel *k)
{
	json_array_append_new(user, json_pack("{ss ss sf sf sf sb}", "problem", k->problem,
	                                      "kernel", k->kernel, "ms", k->ms, "gflops", k->gflops,
	                                      "of_peak", k->peak, "chosen", k->chosen));
}

static fv_status look(fv_err *err, fv_cli *cli, const options *o, const char *name, json_t **out)
{
	fv_context *c = NULL;
	fv_bench_options b = { .runs = (int)o->runs, .seconds = o->time, .batch = (int)o->batch,
	                       .profile = o->profile, .max_memory = o->max_memory };
	char path[4096], rest;
	fv_status st = fv_cli_context(err, cli, fv_bench_paints(name), &c);
	if (!st && o->model && !(st = fv_style_find(err, o->model, path, sizeof path)))
		b.model = path;
	if (!st && o->size &&
	    (sscanf(o->size, "%" SCNd64 "x%" SCNd64 "%c", &b.width, &b.height, &rest) != 2 ||
	     b.width < 16 || b.height < 16 || b.width % 8 || b.height % 8 || b.width > 16384 ||
	     b.height > 16384))
		st = fv_fail(
			err, FV_E_ARGUMENT,
			"--size %s: width x height, 16 to 16384, multiples of 8, such as 768x512",
			o->size);
	if (!st && !strcmp(name, "machine"))
		*out = machine(c);
	else if (!st && !strcmp(name, "kernels")) {
		json_t *list = json_array();
		st = fv_bench_kernels(err, c, add_kernel, list);
		*out = json_pack("{ss so}", "case", name, "kernels", list);
	} else if (!st) {
		fv_bench_result *r = calloc(1, sizeof *r);
		json_t *ms = json_array();
		st = r ? FV_OK : fv_fail_memory(err, "bench", sizeof *r);
		if (!st)
			st = fv_bench_run(err, c, name, &b, r);
		for (int i = 0; r && i < r->runs; i++)
			json_array_append_new(ms, json_real(r->ms[i]));
		if (!st)
			*out = json_pack("{ss sf so sf sf sf}", "case", name, "median_ms", fv_bench_median(r), "ms", ms, "gflop", r->gflop, "idle_mb", r->idle_mb,
			                 "peak_mb", r->peak_mb);
		else
			json_decref(ms);
		free(r);
	}
	fv_context_free(c);
	return st;
}

/* Each case in a process of its own: memory at its peak is then the case's. The child's answer is
 * one line: a JSON text, or the error's code and sentence. */
static fv_status apart(fv_err *err, fv_cli *cli, const options *o, const char *name, json_t **out)
{
	int ends[2];
	if (pipe(ends))
		return fv_fail(err, FV_E_INTERNAL, "no pipe for a process of its own");
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		fv_err e = { 0 };
		json_t *j = NULL;
		close(ends[0]);
		FILE *to = fdopen(ends[1], "w");
		fv_status st = look(&e, cli, o, name, &j);
		if (to && st)
			fprintf(to, "%d %s\n", st, e.text);
		else if (to)
			json_dumpf(j, to, JSON_COMPACT);
		if (to)
			fclose(to);
		_exit(0);
	}
	close(ends[1]);
	FILE *from = fdopen(ends[0], "r");
	char *text = NULL;
	size_t room = 0;
	ssize_t n = from && child > 0 ? getdelim(&text, &room, EOF, from) : -1;
	if (from)
		fclose(from);
	int status = 0;
	if (child > 0)
		waitpid(child, &status, 0);
	fv_status st = FV_OK;
	json_error_t je;
	char *sentence;
	if (n > 0 && *text == '{' && (*out = json_loads(text, 0, &je)))
		;
	else if (n > 0 && *text != '{') {
		long code = strtol(text, &sentence, 10);
		sentence[strcspn(sentence, "\n")] = 0;
		st = fv_fail(err, (fv_status)code, "%s", sentence + 1);
	} else
		st = fv_fail(err, FV_E_INTERNAL, "%s ended without a result%s", name,
		             WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
		                     ? " (killed: memory?)"
		                     : "");
	free(text);
	return st;
}

static double number(const json_t *j, const char *key)
{
	return json_number_value(json_object_get(j, key));
}
static const char *text(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

static void print(const json_t *j)
{
	size_t i;
	json_t *item;
	const char *name = text(j, "case"), *last = "";
	if (!strcmp(name, "machine")) {
		json_array_foreach(json_object_get(j, "peak"), i, item)
			fv_out("%-12s %8.0f GFLOP/s, multiplying and adding in registers\n",
		               text(item, "isa"), number(item, "gflops"));
		fv_out("%-12s %8.0f GB/s from a core's cache, %.0f GB/s from memory\n", "reads",
		       number(j, "cache_gb_s"), number(j, "memory_gb_s"));
		return;
	}
	if (strcmp(name, "kernels")) {
		fv_out("%-12s %8.1f ms, %6.0f GFLOP/s, %5.0f MB\n", name, number(j, "median_ms"),
		       number(j, "gflop") / number(j, "median_ms") * 1e3,
		       number(j, "peak_mb") - number(j, "idle_mb"));
		return;
	}
	json_array_foreach(json_object_get(j, "kernels"), i, item) {
		if (strcmp(last, text(item, "problem")))
			fv_out("%s\n", last = text(item, "problem"));
		fv_out("  %-24s %8.3f ms %8.0f GFLOP/s %4.0f %% of peak%s\n", text(item, "kernel"),
		       number(item, "ms"), number(item, "gflops"), 100 * number(item, "of_peak"),
		       json_is_true(json_object_get(item, "chosen")) ? "  *" : "");
	}
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	static const char *const all[] = { "machine",  "resnet", "strokenet", "style",
		                           "cyclegan", "pix2pix", "cut", "sincut",
		                           "animegan", "cartoongan", "dcgan",
		                           "wgan-gp", "dense", "kernels" };
	const options *o = given;
	json_t *cases = json_array();
	fv_status st = FV_OK;
	int n = count ? count : (int)FV_COUNT(all);
	for (int i = 0; i < n && !st; i++) {
		json_t *j = NULL;
		if ((st = apart(err, cli, o, count ? args[i] : all[i], &j)))
			break;
		if (!cli->json)
			print(j);
		json_array_append_new(cases, j);
	}
	if (!st && cli->json) {
		json_t *whole = json_pack("{ss sO}", "version", fv_version(), "cases", cases);
		st = fv_out_json(err, whole, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
		json_decref(whole);
	}
	json_decref(cases);
	return st;
}

const fv_command fv_command_bench = {
	.name = "bench", .summary = "how fast this machine paints and trains",
	.description = "Times what users wait for, each case in a process of its own, and prints "
	               "the median, the rate and the memory above what the process held before. "
	               "Rates count the sums of a direct convolution, so that a kernel that saves "
	               "products may exceed the processor's peak.\n\nmachine: what the processor "
	               "can do at best. kernels: every kernel of the problems that decide; * is "
	               "the one that is used. resnet, strokenet: a picture painted. style, "
	               "cyclegan, pix2pix, cut, sincut, animegan, cartoongan, dcgan, "
	               "wgan-gp, dense: a training step (wgan-gp: an update of the critic).\n\n"
	               "Run it on a quiet machine.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples,
	.json = true, .run = run,
};
