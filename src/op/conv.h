/* SPDX-License-Identifier: Apache-2.0 */
/* What conv2d and its two adjoints share: one convolution problem, read off any of the three nodes. */
#ifndef FV_CONV_H
#define FV_CONV_H
#include "op/fused.h"

typedef struct {
	int64_t n, h, w, c;             /* x */
	int64_t oh, ow, o;              /* y */
	int64_t kh, kw;
	int64_t stride, groups;
	int64_t top, bottom, left, right;
	fv_pad_kind kind;
	fv_prologue in;
	fv_epilogue out;
} fv_conv;

fv_conv fv_conv_of(const fv_node *n);   /* n: conv2d, conv2d_dx or conv2d_dw */

/* Where row (or column) i of the padded axis lies in an axis of n: an index, or -1 for a zero.
 * Reflection leaves the edge out (d c b | a b c d | c b a) and needs a pad below n. */
static inline int64_t fv_pad_index(int64_t i, int64_t n, fv_pad_kind kind)
{
	if (i >= 0 && i < n)
		return i;
	if (kind == FV_PAD_ZERO)
		return -1;
	if (kind == FV_PAD_REPLICATE)
		return i < 0 ? 0 : n - 1;
	return i < 0 ? -i : 2 * n - 2 - i;
}

/* The m-th of the padded positions, counted from the axis' first element, that take position i's value (0: i itself);
 * false: no more. */
static inline bool fv_pad_mirror(int64_t i, int64_t n, int64_t before, int64_t after, fv_pad_kind kind, int64_t m,
                                 int64_t *out)
{
	*out = i;
	if (m == 0 || kind == FV_PAD_ZERO)
		return m == 0;
	int64_t low = i == 0 ? before : 0, high = i == n - 1 ? after : 0;       /* replicate: how many copies on each side */
	if (kind == FV_PAD_REPLICATE) {
		*out = m <= low ? -m : n - 1 + m - low;
		return m <= low + high;
	}
	bool l = i >= 1 && i <= before, r = n - 1 - i >= 1 && n - 1 - i <= after;
	*out = m == 1 && l ? -i : 2 * n - 2 - i;
	return m <= l + r;
}

/* For passes. A conv2d or conv2d_dx of one picture makes output 1 too: mean and 1 / sqrt(variance + eps) of each channel. */
void fv_conv_ask_stats(fv_node *n, double eps);
/* The rest of a reference: output 1 from output 0. */
void fv_conv_stats(const fv_call *c);
/* For kernels that neither measure what they make nor read through a norm. */
static inline const char *fv_conv_unfused(const fv_conv *v)
{
	return v->out.stats ? "no statistics of what it makes" : v->in.stats ? "no norm of what it reads" : NULL;
}

/* The axis after convolution, or an error. */
fv_status fv_conv_check(fv_err *err, const char *who, fv_shape x, fv_shape w, const fv_conv_attr *a, int64_t *oh, int64_t *ow);
/* The loops of the three references: calls f(arg, x index, w index, y index) for every product. */
typedef void (*fv_conv_visit)(void *arg, int64_t x, int64_t w, int64_t y);
void fv_conv_walk(const fv_conv *c, fv_conv_visit f, void *arg);
fv_cost fv_conv_cost(const fv_node *n);
#endif
