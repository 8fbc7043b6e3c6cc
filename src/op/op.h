/* SPDX-License-Identifier: Apache-2.0 */
/* Operators: the record that each file in this folder fills, and the builders that append them.
 *
 * To add one: write src/op/NAME.c (shape rule, gradient, reference, cost, record fv_op_NAME), add the
 * word to src/op/meson.build, declare its builder here, write tests/check/NAME.c. */
#ifndef FV_OP_H
#define FV_OP_H
#include "graph/graph.h"
#include "op/call.h"

typedef struct { double flops, bytes; } fv_cost;
typedef struct { int64_t lo, hi; } fv_span;     /* rows lo .. hi - 1 of a picture */

struct fv_op {
	const char *name;
	int outputs;                    /* 0, 1 (the default for ordinary operators: say so) or 2 */
	bool view;                      /* output 0 is in[0]'s memory under another shape */
	bool state;                     /* reads or writes more than its inputs: never merged, dropped or moved */
	bool inplace;                   /* output 0 may take in[0]'s memory, when that has the same size and ends here:
	                                 * kernels and reference must read element i of in[0] before writing i of y */
	/* Fills n->type, n->shape (and type1, shape1) from n->in and n->attr, or refuses. */
	fv_status (*shape)(fv_err *err, fv_node *n);
	/* dx[i] for every input that has one, built from graph; NULL entries: no gradient flows there. */
	void (*grad)(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx);
	void (*reference)(const fv_call *c);    /* the truth: plain, computing in double, any type */
	int64_t (*reference_scratch)(const fv_node *n); /* bytes that reference wants in c->scratch; NULL: none */
	fv_cost (*cost)(const fv_node *n);      /* NULL: bytes in and out */

	/* ---- where memory is limited, values are made again (graph/pass_recompute.c) or in bands of rows (paint/bands.c) */
	bool (*cheap)(const fv_node *n);        /* making n costs about a pass over memory; NULL: more */
	/* Which rows of in[0], and of every other input as high, rows `out` of output 0 are made of; they may lie beyond the picture's
	 * edges. False, or NULL: n cannot be made in bands. */
	bool (*rows)(const fv_node *n, fv_span out, fv_span *in);
	/* Changes a, n's attributes, to those of the operation that makes a band of n from rows `have` of in[0], which are those of
	 * `want` that there are, and returns which row of n that operation's first is. NULL: a stays, and the first row is out.lo. */
	int64_t (*band)(const fv_node *n, fv_span want, fv_span have, fv_attr *a);
	/* Of an operator that first needs statistics of all rows of its input: what it makes of a band x of it by means and
	 * reciprocal standard deviations of the channels. */
	fv_node *(*by_stats)(fv_graph *g, const fv_node *n, fv_node *x, const float *means, const float *rstds);
	bool whole;                             /* each row of output 0 needs all rows of in[0] */
	bool rereads;                           /* bands read rows of in[0] again, so storing it may pay, */
	bool (*stored)(const fv_node *n);       /* if this, of the operation that makes it, is true */
};
static inline bool fv_always(const fv_node *n) { return true; }
/* Rows are made of the same rows of the inputs. */
static inline bool fv_same_rows(const fv_node *n, fv_span out, fv_span *in)
{
	*in = out;
	return true;
}
/* Records that others need to know by name. */
extern const fv_op fv_op_input, fv_op_constant, fv_op_read, fv_op_reshape, fv_op_detach, fv_op_output, fv_op_conv2d,
	fv_op_conv2d_dx, fv_op_conv2d_dw, fv_op_matmul, fv_op_transpose, fv_op_norm_affine, fv_op_normalise, fv_op_normalise_grad, fv_op_unary,
	fv_op_binary, fv_op_reduce, fv_op_expand, fv_op_resize, fv_op_resize_adjoint, fv_op_space_to_depth,
	fv_op_depth_to_space, fv_op_blur, fv_op_blur_adjoint, fv_op_pad, fv_op_pad_adjoint, fv_op_slice,
	fv_op_slice_adjoint, fv_op_concat, fv_op_translate, fv_op_cutout, fv_op_gather, fv_op_gather_adjoint, fv_op_sort,
	fv_op_log_softmax, fv_op_convert, fv_op_random, fv_op_adam, fv_op_average, fv_op_assign, fv_op_finite;
fv_cost fv_node_cost(const fv_node *n);

/* All operators, ended by NULL; written by the build from the list in meson.build. */
extern const fv_op *const fv_ops[];

/* ---- leaves (leaf.c) */
fv_node *fv_input(fv_graph *g, const char *name, fv_type type, fv_shape shape);   /* a port to put into */
fv_node *fv_constant(fv_graph *g, fv_type type, fv_shape shape, const void *data);/* copied */
fv_node *fv_number(fv_graph *g, fv_type type, double v);                          /* a scalar constant */
fv_node *fv_read(fv_graph *g, fv_variable *v);                                    /* the version as of now */
/* ---- views: no work (view.c) */
fv_node *fv_reshape(fv_graph *g, fv_node *x, fv_shape shape);
fv_node *fv_detach(fv_graph *g, fv_node *x);                                        /* no gradient passes */
fv_node *fv_output_of(fv_graph *g, fv_node *n, int index);                             /* output 1 of n */
/* ---- convolution (conv2d.c, conv2d_dx.c, conv2d_dw.c). w: O,KH,KW,I/groups; bias: C or NULL */
fv_node *fv_conv2d(fv_graph *g, fv_node *x, fv_node *w, fv_node *bias, fv_conv_attr a);
fv_node *fv_conv2d_dx(fv_graph *g, fv_node *dy, fv_node *w, fv_conv_attr a);      /* a.h, a.w: size of x */
fv_node *fv_conv2d_dw(fv_graph *g, fv_node *x, fv_node *dy, fv_conv_attr a);      /* a.h, a.w: kernel size */
static inline fv_conv_attr fv_conv_same(int k, fv_pad_kind kind)                  /* stride 1, same size, odd k */
{
	return (fv_conv_attr){ .stride = 1, .groups = 1, .top = k / 2, .bottom = k / 2, .left = k / 2, .right = k / 2, .kind = kind };
}
/* ---- matmul (rank 2, or rank 3 batched): y = op(a) op(b), op = transpose where asked */
fv_node *fv_matmul(fv_graph *g, fv_node *a, fv_node *b, bool ta, bool tb);
fv_node *fv_transpose(fv_graph *g, fv_node *x);                                   /* last two axes */
/* ---- norms. normalise's output 1: [groups,2] mean and 1/sqrt(variance + eps) of each group */
fv_node *fv_normalise(fv_graph *g, fv_node *x, fv_axes axes, double eps);
/* C,2 > C,2: statistics such that the norm with them also scales and shifts: C each; for passes. */
fv_node *fv_norm_affine(fv_graph *g, fv_node *stats, fv_node *scale, fv_node *shift);
fv_node *fv_normalise_grad(fv_graph *g, fv_node *x, fv_node *stats, fv_node *dy, fv_axes axes, double eps);
/* ---- elementwise. Unary kinds; a, b are parameters. */
typedef enum {
	FV_SCALE,                       /* a x + b */
	FV_ABS, FV_SIGN, FV_SQUARE, FV_SQRT, FV_RSQRT, FV_RECIPROCAL, FV_EXP, FV_LOG, FV_TANH, FV_SIGMOID, FV_SOFTPLUS,
	FV_RELU, FV_LRELU,              /* a: slope below 0 (taken at 0 too) */
	FV_CLAMP,                       /* to [a, b] */
} fv_unary_kind;
fv_node *fv_unary(fv_graph *g, fv_unary_kind kind, fv_node *x, double a, double b);
static inline fv_node *fv_scale(fv_graph *g, fv_node *x, double a, double b) { return fv_unary(g, FV_SCALE, x, a, b); }
static inline fv_node *fv_relu(fv_graph *g, fv_node *x) { return fv_unary(g, FV_RELU, x, 0, 0); }
static inline fv_node *fv_lrelu(fv_graph *g, fv_node *x, double slope) { return fv_unary(g, FV_LRELU, x, slope, 0); }
fv_node *fv_convert(fv_graph *g, fv_node *x, fv_type type);        /* rounded to the nearest */
/* Binary kinds; either side may be broadcast (axes of size 1). */
typedef enum {
	FV_ADD, FV_SUB, FV_MUL, FV_DIV, FV_MAX, FV_MIN,
	FV_RELU_GRAD,                        /* y > 0 ? x : a x: the gradient of relu (a = 0) and lrelu; y gets none */
	FV_GREATER,                     /* x > y ? 1 : 0; no gradient */
} fv_binary_kind;
fv_node *fv_binary(fv_graph *g, fv_binary_kind kind, fv_node *x, fv_node *y, double a);
static inline fv_node *fv_add(fv_graph *g, fv_node *x, fv_node *y) { return fv_binary(g, FV_ADD, x, y, 0); }
static inline fv_node *fv_sub(fv_graph *g, fv_node *x, fv_node *y) { return fv_binary(g, FV_SUB, x, y, 0); }
static inline fv_node *fv_mul(fv_graph *g, fv_node *x, fv_node *y) { return fv_binary(g, FV_MUL, x, y, 0); }
static inline fv_node *fv_div(fv_graph *g, fv_node *x, fv_node *y) { return fv_binary(g, FV_DIV, x, y, 0); }
/* ---- reductions keep their axes as 1; expand is sum's adjoint */
typedef enum { FV_SUM, FV_MEAN } fv_reduce_kind;
fv_node *fv_reduce(fv_graph *g, fv_reduce_kind kind, fv_node *x, fv_axes axes);
static inline fv_node *fv_sum(fv_graph *g, fv_node *x, fv_axes axes) { return fv_reduce(g, FV_SUM, x, axes); }
static inline fv_node *fv_mean(fv_graph *g, fv_node *x, fv_axes axes) { return fv_reduce(g, FV_MEAN, x, axes); }
fv_node *fv_expand(fv_graph *g, fv_node *x, fv_shape shape);
/* Sums dy down to `shape`, the adjoint of broadcasting to dy's shape. */
fv_node *fv_sum_to(fv_graph *g, fv_node *dy, fv_shape shape);
/* ---- pictures: resize and its adjoint (half-pixel grid, clamped edges), blocks, antialiased halving */
typedef enum {
	FV_NEAREST, FV_BILINEAR,
	FV_BILINEAR_LEGACY,             /* TensorFlow 1's grid: source = i from/to */
	FV_BILINEAR_CORNERS,            /* corners on corners: source = i (from - 1)/(to - 1) */
	FV_SPLINE3, FV_SPLINE5, FV_BINOMIAL,    /* for enlarging, smoother */
} fv_resize_kind;
fv_node *fv_resize(fv_graph *g, fv_resize_kind kind, fv_node *x, int64_t h, int64_t w);
fv_node *fv_resize_adjoint(fv_graph *g, fv_resize_kind kind, fv_node *dy, int64_t h, int64_t w);
fv_node *fv_space_to_depth(fv_graph *g, fv_node *x, int block);
fv_node *fv_depth_to_space(fv_graph *g, fv_node *x, int block);
/* Binomial filter of 2 ([1 1]/2: average pool), 3 ([1 2 1]/4) or 4 ([1 3 3 1]/8) taps a side, stride 2. 3 and 4 taps:
 * padded by 1 on each side with `kind`. y is h/2, w/2 (rounded down, of 3 taps up). */
fv_node *fv_blur(fv_graph *g, fv_node *x, int taps, fv_pad_kind kind);
fv_node *fv_blur_adjoint(fv_graph *g, fv_node *dy, int taps, fv_pad_kind kind, int64_t h, int64_t w);
fv_node *fv_pad(fv_graph *g, fv_node *x, int top, int bottom, int left, int right, fv_pad_kind kind);
fv_node *fv_pad_adjoint(fv_graph *g, fv_node *dy, int top, int bottom, int left, int right, fv_pad_kind kind);
/* Part of x from start[] (six entries, right-aligned like d[]), of `shape`; the adjoint puts it into zeros. */
fv_node *fv_slice(fv_graph *g, fv_node *x, const int64_t *start, fv_shape shape);
fv_node *fv_slice_adjoint(fv_graph *g, fv_node *dy, const int64_t *start, fv_shape shape);
fv_node *fv_concat(fv_graph *g, int axis, fv_node *const *x, int count);          /* axis: index into d[], 5 = channels */
/* ---- DiffAugment, draws fed in: shift, centre: N,2 i32 (rows, columns) */
fv_node *fv_translate(fv_graph *g, fv_node *x, fv_node *shift, int sign);         /* y[p] = x[p - sign*shift], zeros enter */
fv_node *fv_cutout(fv_graph *g, fv_node *x, fv_node *centre, int64_t h, int64_t w); /* a rectangle of h,w set to 0 */
/* ---- rows. x: N,R,C (rank 3, or N,H,W,C seen so); index i32: K (for all) or N,K; y: N,K,C. Adjoint: adds up */
fv_node *fv_gather(fv_graph *g, fv_node *x, fv_node *index);
fv_node *fv_gather_adjoint(fv_graph *g, fv_node *dy, fv_node *index, int64_t rows);
/* ---- along the last axis. sort: ascending, output 1 the permutation (i32); NaN last; equal keys keep their order */
fv_node *fv_sort(fv_graph *g, fv_node *x);
fv_node *fv_log_softmax(fv_graph *g, fv_node *x);
/* ---- random fills (random.c): a pure function of the plan's key (seed, step, attempt) and the purpose's name */
typedef enum {
	FV_UNIFORM,                     /* [lo, hi) */
	FV_NORMAL,                      /* mean lo, deviation hi; Box-Muller */
	FV_INTEGERS,                    /* lo .. hi, both included; i32 */
	FV_PERMUTATION,                 /* last axis: the first c numbers of a permutation of 0 .. hi-1; i32 */
} fv_random_kind;
fv_node *fv_random(fv_graph *g, fv_random_kind kind, const char *purpose, fv_type type, fv_shape shape, double lo, double hi);
/* ---- updates: write variables; `flag` (scalar, may be NULL): 0 leaves everything as it was */
/* PyTorch's form or Keras' (recipes 0.3). rate, step (counted from 1): scalars. m, v: variables of p's shape. */
fv_node *fv_adam(fv_graph *g, fv_adam_attr a, fv_node *grad, fv_node *rate, fv_node *step, fv_node *flag);
fv_node *fv_average(fv_graph *g, fv_variable *average, fv_node *value, fv_node *decay, fv_node *flag); /* a = d a + (1-d) v */
fv_node *fv_assign(fv_graph *g, fv_variable *v, fv_node *value, fv_node *flag);
/* previous (NULL: 1) times (every element of x is finite ? 1 : 0) */
fv_node *fv_finite(fv_graph *g, fv_node *x, fv_node *previous);
/* ---- composed (compose.c): no operator of their own */
fv_node *fv_l2_normalise(fv_graph *g, fv_node *x, fv_axes axes, double eps);      /* x / max(|x|, eps) */
fv_node *fv_affine(fv_graph *g, fv_node *x, fv_node *scale, fv_node *shift);      /* x scale + shift, both C */
fv_node *fv_slice_of_batch(fv_graph *g, fv_node *x, int64_t first, int64_t count);     /* pictures first .. of N */
fv_node *fv_cross_entropy(fv_graph *g, fv_node *logits, fv_node *one_hot);        /* mean over rows */
fv_node *fv_bce_logits(fv_graph *g, fv_node *z, double label);                    /* mean of softplus(z) - label z */
#endif
