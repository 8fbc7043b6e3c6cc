/* SPDX-License-Identifier: Apache-2.0 */
/* timed: kernels chosen by the clock are kept in a file and taken from it; a file that is none, or cannot be, harms nothing. */
#define _GNU_SOURCE
#include "graph/plan.h"
#include "test.h"
#include <stdlib.h>
#include <unistd.h>

enum { NODES = 16, SIZE = 192 };        /* 3x3 over 2, 4 ... channels: somewhere, in any instruction set, two ways cost about the same */
static char folder[] = "/tmp/fauve-timed-XXXXXX", cache[80], inner[64];

/* The choices of a new context; clock: timed ones. Returns how many are not the cost model's, or -1. */
static int choose(const char *path, bool clock, const fv_kernel **out)
{
	fv_context *c = NULL;
	fv_graph *g = NULL;
	int other = 0;
	if (fv_context_new(NULL, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2, .cache = path }, &c) || fv_graph_new(NULL, c, &g)) {
		fv_context_free(c);
		return -1;
	}
	for (int i = 0; i < NODES; i++) {
		int64_t channels = 2 * (i + 1);
		fv_conv_attr a = { .stride = 1, .groups = 1, .top = 1, .bottom = 1, .left = 1, .right = 1 };
		fv_node *n = fv_conv2d(g, fv_input(g, "x", FV_F32, fv_nhwc(1, SIZE, SIZE, channels)), fv_input(g, "w", FV_F32, fv_nhwc(channels, 3, 3, channels)), NULL, a);
		out[i] = !n ? NULL : clock ? fv_kernel_choose_timed(c, n, 0) : fv_kernel_choose(c, n);
		other += out[i] != fv_kernel_choose(c, n);
	}
	fv_choices_keep(c);
	fv_graph_free(g);
	fv_context_free(c);
	return other;
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

	/* Another kernel's name in every line: it is taken, so nothing was timed again. */
	char changed[1 << 14] = "";
	size_t length = text ? strcspn(text, "\n") + 1 : 0;
	snprintf(changed, sizeof changed, "%.*s", (int)length, text ? text : "");
	for (const char *line = text ? text + length : ""; strchr(line, '\n') && length < sizeof changed - 200; line = strchr(line, '\n') + 1)
		length += (size_t)snprintf(changed + length, sizeof changed - length, "%.16s direct_plain\n", line);
	put(changed);
	choose(cache, true, again);
	int taken = 0;
	for (int i = 0; i < NODES; i++)
		taken += !strcmp(again[i]->name, "direct_plain");
	check(taken == timed, "%d of %d kept choices are taken", taken, timed);

	static const char *const bad[] = { "", "\n", "fauve 0.0 kernels on nothing\n0123456789abcdef direct_plain\n", "no file of ours\n\n\n zz direct_plain" };
	for (size_t i = 0; i < FV_COUNT(bad); i++) {
		put(bad[i]);
		check(choose(cache, true, again) >= 0 && content() && !strncmp(content(), "fauve ", 6) && strstr(content(), "direct_plain") == NULL,
		           "a file of another kind is begun anew (%d)", (int)i);
	}
	check(choose("/proc/none/kernels", true, again) >= 0, "a file that cannot be made");
	check(choose(folder, true, again) >= 0, "a folder in its place");
	unlink(cache);
	rmdir(inner);
	rmdir(folder);
	return finish("timed");
}
