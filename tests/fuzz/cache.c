/* SPDX-License-Identifier: Apache-2.0 */
/* The file of choices (src/graph/choose.c), read and written again, with three kernels of our own that do nothing. The first byte
 * says whether its first line is this machine's. */
#include "device/cpu/peak.h"
#include "fuzz.h"
#include "device/cpu/plan.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	w->seconds = 1;                                         /* none is sure to be the fastest */
	return NULL;
}
static void run(const fv_call *c, int thread, int64_t first, int64_t last) {}

static const fv_kernel kernel[] = {
	{ .op = &fv_op_conv2d, .name = "one", .plan = plan, .run = run },
	{ .op = &fv_op_conv2d, .name = "two", .plan = plan, .run = run },
	{ .op = &fv_op_blur, .name = "blur", .plan = plan, .run = run },
};
/* Instead of the library's. */
const fv_kernel *const fv_kernels[] = { &kernel[0], &kernel[1], &kernel[2], NULL };
const fv_peak *const fv_peaks[] = { NULL };

static const fv_node *node(void)
{
	static fv_graph *g;
	static fv_node *n;
	if (!g) {
		fuzz_must(!fv_graph_new(NULL, fuzz_context(), &g), "a graph");
		n = fv_conv2d(g, fv_input(g, "x", FV_F32, fv_nhwc(1, 4, 4, 2)), fv_input(g, "w", FV_F32, FV_SHAPE(2, 3, 3, 2)), NULL, fv_conv_same(3, FV_PAD_ZERO));
		fuzz_must(n, "a convolution");
	}
	return n;
}

static void choose(const char *path)
{
	fv_context *c;
	fuzz_must(!fv_context_new(NULL, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 1, .cache = path }, &c), "a context");
	const fv_kernel *k = fv_kernel_autotune(c, node(), 0);
	fuzz_must(k == &kernel[0] || k == &kernel[1], "the choice is one that can run it");
	fv_choices_keep(c);
	fv_context_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static char first[400];                                 /* line of such a file on this machine */
	char path[400];
	if (!*first) {
		snprintf(path, sizeof path, "%s", fuzz_file("choices", "", 0));
		choose(path);
		FILE *f = fopen(path, "r");
		fuzz_must(f && fgets(first, sizeof first, f), "choices are kept");
		fclose(f);
	}
	size_t own = bytes && data[0] & 1 ? strlen(first) : 0, rest = bytes ? bytes - 1 : 0;
	char *all = malloc(own + rest + 1);
	memcpy(all, first, own);
	memcpy(all + own, data + (bytes > 0), rest);
	snprintf(path, sizeof path, "%s", fuzz_file("choices", all, own + rest));
	choose(path);
	free(all);
	return 0;
}
