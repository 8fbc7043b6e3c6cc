/* SPDX-License-Identifier: Apache-2.0 */
/* timed: kernels chosen by the clock are kept in a file and taken from it; a file that is none, or cannot be, harms nothing. */
#define _GNU_SOURCE
#include "device/cpu/plan.h"
#include "test.h"
#include <stdlib.h>
#include <unistd.h>

enum { NODES = 16, SIZE = 192 };        /* 3x3 over 2, 4 ... channels: somewhere, in any instruction set, two ways cost about the same */
static char folder[] = "/tmp/fauve-timed-XXXXXX", cache[80], inner[64];

/* What the cost model expects of n by k; 0: it has no model, or k does not run n. */
static double seconds(const fv_kernel *k, const fv_node *n)
{
	fv_work w;
	return !k || fv_kernel_plan(k, n, 2, &w) ? 0 : w.seconds;
}

/* A kernel of which the clock is asked beside the cost model's choice, but not `taken`; NULL: none.
 * The bound is choose.c's. */
static const fv_kernel *rival(const fv_context *c, const fv_node *n, const fv_kernel *taken)
{
	const fv_kernel *best = fv_kernel_choose(c, n);
	double least = seconds(best, n);
	for (const fv_kernel *const *k = fv_kernels; least >= 1e-4 && *k; k++)
		if (*k != taken && (*k)->op == n->op && ((*k)->needs & c->isa) == (*k)->needs &&
		    !fv_kernel_rounds(*k) && seconds(*k, n) > 0 && seconds(*k, n) <= 1.3 * least)
			return *k;
	return NULL;
}

static const fv_kernel *other[NODES]; /* the rivals of what choose() took last */
static bool slow[NODES]; /* that is expected to take longer than the clock may be asked about */

/* The choices of a new context; clock: timed ones. Returns how many are not the cost model's, or -1. */
static int choose(const char *path, bool clock, const fv_kernel **out)
{
	fv_context *c = NULL;
	fv_graph *g = NULL;
	int differ = 0;
	if (fv_context_new(NULL, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2, .cache = path }, &c) || fv_graph_new(NULL, c, &g)) {
		fv_context_free(c);
		return -1;
	}
	for (int i = 0; i < NODES; i++) {
		int64_t channels = 2 * (i + 1);
		fv_conv_attr a = { .stride = 1, .groups = 1, .top = 1, .bottom = 1, .left = 1, .right = 1 };
		fv_node *n = fv_conv2d(g, fv_input(g, "x", FV_F32, fv_nhwc(1, SIZE, SIZE, channels)), fv_input(g, "w", FV_F32, fv_nhwc(channels, 3, 3, channels)), NULL, a);
		out[i] = !n ? NULL : clock ? fv_kernel_autotune(c, n, 0) : fv_kernel_choose(c, n);
		differ += out[i] != fv_kernel_choose(c, n);
		other[i] = n ? rival(c, n, out[i]) : NULL;
		const fv_kernel *best = n ? fv_kernel_choose(c, n) : NULL;
		slow[i] = best && out[i] != best && !(seconds(out[i], n) > 0 && seconds(out[i], n) <= 1.3 * seconds(best, n));
	}
	fv_choices_keep(c);
	fv_graph_free(g);
	fv_context_free(c);
	return differ;
}

/* The file's bytes, ended by 0; NULL: none. */
static char *content(void)
{
	static char text[1 << 16];
	FILE *f = fopen(cache, "r");
	if (!f)
		return NULL;
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	return text;
}

static void put(const char *text)
{
	FILE *f = fopen(cache, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

int main(void)
{
	const fv_kernel *model[NODES], *first[NODES], *again[NODES];
	int timed = 0;
	if (!mkdtemp(folder)) {
		perror(folder);
		return 1;
	}
	snprintf(inner, sizeof inner, "%s/inner", folder);
	snprintf(cache, sizeof cache, "%s/kernels", inner);
	check(choose(NULL, true, model) == 0, "without a file the cost model decides");
	check(choose(cache, false, model) == 0 && !content(), "nothing is timed unasked");

	choose(cache, true, first);
	char *text = content();
	check(text && !strncmp(text, "fauve ", 6), "choices are kept, in a folder that was not there");
	for (char *p = text; p && (p = strchr(p, '\n')) && p[1]; p++)
		timed++;
	check(timed > 0 && timed < NODES, "%d of %d were timed", timed, NODES);
	choose(cache, true, again);
	check(!memcmp(first, again, sizeof first), "what was kept is taken again");

	/* Its rival's name in every line: that is taken, so nothing was timed again. */
	char keys[NODES][20] = { "" }, changed[1 << 14] = "";
	const fv_kernel *wanted[NODES];
	size_t head = text ? strcspn(text, "\n") + 1 : 0, length = 0;
	int line = 0, taken = 0;
	for (const char *p = text ? text + head : ""; strchr(p, '\n') && line < NODES;
	     p = strchr(p, '\n') + 1)
		snprintf(keys[line++], sizeof keys[0], "%.16s", p);
	length = (size_t)snprintf(changed, sizeof changed, "%.*s", (int)head, text ? text : "");
	memcpy(wanted, other, sizeof wanted);
	line = 0;
	for (int i = 0; i < NODES; i++)
		if (wanted[i] && line < timed)
			length += (size_t)snprintf(changed + length, sizeof changed - length,
						   "%s %s\n", keys[line++], wanted[i]->name);
	check(line == timed, "%d of %d timed nodes have rivals", line, timed);
	put(changed);
	choose(cache, true, again);
	for (int i = 0; i < NODES; i++)
		taken += wanted[i] && again[i] == wanted[i];
	check(taken == timed, "%d of %d kept choices are taken", taken, timed);

	/* Whatever it says, only what the clock might have been asked about is taken: other
	 * operators' kernels, slow ones, lines that are cut or run on, more lines than are kept. */
	for (const fv_kernel *const *k = fv_kernels; *k; k++) {
		length = (size_t)snprintf(changed, sizeof changed, "%.*s", (int)head,
					  text ? text : "");
		for (int i = 0; i < timed; i++)
			length += (size_t)snprintf(changed + length, sizeof changed - length,
						   "%s %s\n", keys[i], (*k)->name);
		put(changed);
		choose(cache, false, model);
		choose(cache, true, again);
		for (int i = 0; i < NODES; i++)
			check((again[i] == model[i] || other[i]) && !slow[i],
			      "node %d: %s was taken", i, again[i]->name);
	}
	static const char *const ends[] = {
		" implicit_gemm_plain",    " implicit_gemm_plain x\n", "\n",     " \n", " implicit_gemm_plain\r\n",
		"0 implicit_gemm_plain\n", " no_such_kernel\n", " %s%n\n"
	};
	for (size_t i = 0; i < FV_COUNT(ends); i++) {
		snprintf(changed, sizeof changed, "%.*s%s%s", (int)head, text ? text : "", keys[0],
			 ends[i]);
		put(changed);
		check(choose(cache, true, again) >= 0, "a line that ends '%s'", ends[i]);
	}
	char *much = malloc(head + 40 * 6000 + 1);
	length = (size_t)sprintf(much, "%.*s", (int)head, text ? text : "");
	for (int i = 0; i < 6000; i++)
		length += (size_t)sprintf(much + length, "%016x implicit_gemm_plain\n", i);
	put(much);
	check(choose(cache, true, again) >= 0, "more lines than are kept");
	free(much);

	static const char *const bad[] = { "", "\n", "fauve 0.0 kernels on nothing\n0123456789abcdef implicit_gemm_plain\n", "no file of ours\n\n\n zz implicit_gemm_plain" };
	for (size_t i = 0; i < FV_COUNT(bad); i++) {
		put(bad[i]);
		check(choose(cache, true, again) >= 0 && content() && !strncmp(content(), "fauve ", 6) && strstr(content(), "implicit_gemm_plain") == NULL,
		           "a file of another kind is begun anew (%d)", (int)i);
	}
	check(choose("/proc/none/kernels", true, again) >= 0, "a file that cannot be made");
	check(choose(folder, true, again) >= 0, "a folder in its place");
	unlink(cache);
	rmdir(inner);
	rmdir(folder);
	return finish("timed");
}
