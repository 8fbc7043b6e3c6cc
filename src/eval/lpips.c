/* SPDX-License-Identifier: Apache-2.0 */
/* LPIPS 0.1: how unlike two pictures are to the eye. Of each of five layers of a network that was
 * taught to classify: channels to length 1, squared difference, weighted, mean over places; summed.
 *
 *	alex	AlexNet [1]: 11x11 at stride 4, 5x5, three of 3x3; maxima of 3x3 at stride 2 before
 *		the second and the third; all five after ReLU
 *	vgg	VGG-16: relu1_2, relu2_2, relu3_3, relu4_3, relu5_3; maxima of 2x2
 *
 * Both pad zeros, as they were taught: unlike net/vgg.c, whose borders are mirrored.
 *
 * [1] Krizhevsky: One weird trick, arXiv:1404.5997, as torchvision has it. */
#include "device/program.h"
#include "eval/feature.h"
#include "model/weights.h"
#include <stdio.h>
#include <string.h>

#define SLICES 5
#define FIRST "net.slice1.0.weight"

/* A convolution by its place in torchvision's list, which names it. */
typedef struct { int place, slice, out, kernel, stride, pad; } layer;
typedef struct { const char *name; int pool; layer layer[14]; } trunk;

/* pool: pixels a side of the maximum before a slice. */
static const trunk trunks[] = {
	{ "alex", 3,
	  { { 0, 0, 64, 11, 4, 2 }, { 3, 1, 192, 5, 1, 2 }, { 6, 2, 384, 3, 1, 1 },
	    { 8, 3, 256, 3, 1, 1 }, { 10, 4, 256, 3, 1, 1 }, { 0 } } },
	{ "vgg", 2,
	  { { 0, 0, 64, 3, 1, 1 }, { 2, 0, 64, 3, 1, 1 }, { 5, 1, 128, 3, 1, 1 },
	    { 7, 1, 128, 3, 1, 1 }, { 10, 2, 256, 3, 1, 1 }, { 12, 2, 256, 3, 1, 1 },
	    { 14, 2, 256, 3, 1, 1 }, { 17, 3, 512, 3, 1, 1 }, { 19, 3, 512, 3, 1, 1 },
	    { 21, 3, 512, 3, 1, 1 }, { 24, 4, 512, 3, 1, 1 }, { 26, 4, 512, 3, 1, 1 },
	    { 28, 4, 512, 3, 1, 1 }, { 0 } } },
};

struct fv_lpips {
	fv_context *context;
	const trunk *trunk;
	fv_store *store;
	fv_graph *graph;
	fv_program *program;
	float *x;
};

/* Maximum of size x size pixels at stride 2, no padding: of two blocks of 2x2 and their neighbours.
 * What pads an odd side to whole blocks is in no window. */
static fv_node *pool(fv_graph *g, fv_node *x, int size)
{
	if (!x)
		return NULL;
	const int64_t h = (x->shape.h - size) / 2 + 1, w = (x->shape.w - size) / 2 + 1;
	const int64_t c = x->shape.c;
	x = fv_pad(g, x, 0, (int)(x->shape.h & 1), 0, (int)(x->shape.w & 1), FV_PAD_ZERO);
	fv_node *block = fv_space_to_depth(g, x, 2), *most = NULL;
	for (int i = 0; i < size * size && block; i++) {
		const int row = i / size, column = i % size;
		const int64_t start[FV_RANK] = { [3] = row / 2, [4] = column / 2,
			                         [5] = (row % 2 * 2 + column % 2) * c };
		fv_node *part = fv_slice(g, block, start, fv_nhwc(block->shape.n, h, w, c));
		most = most ? fv_binary(g, FV_MAX, most, part, 0) : part;
	}
	return most;
}

/* Its slice's distance, a scalar. */
static fv_node *compare(const fv_scope *s, fv_node *x, int slice)
{
	if (!x)
		return NULL;
	fv_node *unit = fv_l2_normalise(s->g, x, FV_AXIS_C, 1e-10);
	fv_node *d = fv_sub(s->g, fv_slice_of_batch(s->g, unit, 0, 1),
	                    fv_slice_of_batch(s->g, unit, 1, 1));
	fv_node *w = fv_param(s, fv_nhwc(1, 1, 1, x->shape.c), FV_INIT_ZERO, 0,
	                      "lin%d.model.1.weight", slice);
	fv_node *weighted = fv_mul(s->g, fv_unary(s->g, FV_SQUARE, d, 0, 0), w);
	return fv_mean(s->g, fv_sum(s->g, weighted, FV_AXIS_C), FV_HW);
}

static bool pooled_before(const trunk *t, int slice)
{
	return slice && (t->pool == 2 || slice < 3);
}

/* Colours of [-1,1], less ImageNet's mean, over its deviation. */
static fv_node *enter(fv_graph *g, fv_node *x)
{
	static const float mean[] = { -.030f, -.088f, -.188f },
			   deviation[] = { .458f, .448f, .450f };
	return fv_div(g, fv_sub(g, x, fv_constant(g, FV_F32, FV_SHAPE(3), mean)),
	              fv_constant(g, FV_F32, FV_SHAPE(3), deviation));
}

static void build(const fv_scope *s, const trunk *t)
{
	fv_node *x = enter(s->g, fv_input(s->g, "pair", FV_F32, fv_nhwc(2, FV_SIDE, FV_SIDE, 3)));
	fv_node *sum = NULL;
	for (const layer *l = t->layer; l->out && x; l++) {
		const bool first = l == t->layer || l[-1].slice < l->slice;
		const fv_conv_attr a = { .stride = l->stride, .groups = 1, .top = l->pad,
			                 .bottom = l->pad, .left = l->pad, .right = l->pad,
			                 .kind = FV_PAD_ZERO };
		if (first && pooled_before(t, l->slice))
			x = pool(s->g, x, t->pool);
		if (!x)
			return;
		fv_node *w = fv_param(s, fv_nhwc(l->out, l->kernel, l->kernel, x->shape.c),
		                      FV_INIT_ZERO, 0, "net.slice%d.%d.weight", l->slice + 1,
		                      l->place);
		fv_node *b = fv_param(s, FV_SHAPE(l->out), FV_INIT_ZERO, 0, "net.slice%d.%d.bias",
		                      l->slice + 1, l->place);
		x = fv_relu(s->g, fv_conv2d(s->g, x, w, b, a));
		if (l[1].slice != l->slice || !l[1].out) {
			fv_node *d = compare(s, x, l->slice);
			sum = sum ? fv_add(s->g, sum, d) : d;
		}
	}
	fv_output(s->g, sum, "distance");
}

/* What is no part of it (lpips' own shift and scale, copies of the same weights) stays unread. */
static fv_status read_weights(fv_err *err, fv_context *c, const char *path, fv_lpips *l)
{
	fv_safetensors f = { 0 };
	fv_status st = fv_safetensors_open(err, c, path, &f);
	if (st)
		return st;
	int kept = 0;
	for (int i = 0; i < f.count; i++) {
		const fv_entry e = f.entry[i];
		const fv_shape s = e.tensor.shape;
		if (!strcmp(e.name, FIRST) && s.rank == 4)
			l->trunk = &trunks[s.c == 3];   /* O,I,KH,KW: 11 or 3 */
		if (!strncmp(e.name, "net.slice", 9) ||
		    (!strncmp(e.name, "lin", 3) && strstr(e.name, ".model.1.weight")))
			f.entry[kept++] = e;
	}
	f.count = kept;
	st = l->trunk ? fv_store_new(err, c, &l->store)
	              : fv_fail(err, FV_E_FORMAT,
	                        "%s: holds no weights of LPIPS: there is no " FIRST
	                        " in it; docs/yardstick.md says how to make such a file",
	                        path);
	if (!st)
		st = fv_weights_make(err, path, &f, true, l->store);
	fv_safetensors_close(&f);
	return st;
}

fv_status fv_lpips_open(fv_err *err, fv_context *c, const char *path, fv_lpips **out)
{
	fv_lpips *l = fv_alloc(c, sizeof *l);
	const size_t bytes = (size_t)2 * FV_SQUARE_BYTES * sizeof *l->x;
	if (!l)
		return fv_fail_memory(err, "LPIPS", sizeof *l);
	*l = (fv_lpips){ .context = c };
	fv_status st = read_weights(err, c, path, l);
	if (!st && !(st = fv_graph_new(err, c, &l->graph))) {
		build(&(fv_scope){ .g = l->graph, .store = l->store, .prefix = "" }, l->trunk);
		fv_err why;
		if ((st = fv_program_new(&why, c, l->graph, NULL, &l->program)))
			fv_fail(err, st, "%s: %s; it should hold LPIPS' arrays of net=\"%s\"", path,
			        why.text, l->trunk->name);
	}
	if (!st && !(l->x = fv_alloc_rough(c, bytes)))
		st = fv_fail_memory(err, "LPIPS", bytes);
	if (st)
		fv_lpips_close(l);
	else
		*out = l;
	return st;
}

void fv_lpips_close(fv_lpips *l)
{
	if (!l)
		return;
	fv_program_free(l->program);
	fv_graph_free(l->graph);
	fv_store_free(l->store);
	fv_free(l->context, l->x);
	fv_free(l->context, l);
}

const char *fv_lpips_trunk(const fv_lpips *l) { return l->trunk->name; }

fv_status fv_lpips_of(fv_err *err, fv_lpips *l, const uint8_t *a, const uint8_t *b, double *out)
{
	float distance = 0;
	if (fv_cancelled(l->context))
		return fv_fail(err, FV_E_CANCELLED, "interrupted while measuring");
	for (int i = 0; i < 2 * FV_SQUARE_BYTES; i++)
		l->x[i] = (float)(i < FV_SQUARE_BYTES ? a[i] : b[i - FV_SQUARE_BYTES]) *
		                  (2 / 255.0f) - 1;
	fv_program_put(l->program, "pair", l->x);
	fv_status st = fv_program_run(err, l->program, (fv_key){ 0 });
	if (!st && !(st = fv_program_get(err, l->program, "distance", &distance)))
		*out = (double)distance;
	return st;
}
