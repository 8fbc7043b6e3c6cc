/* SPDX-License-Identifier: Apache-2.0 */
/* What conv2d and its two adjoints share: one convolution problem, read off any of the three nodes. */
#ifndef FV_CONV_H
#define FV_CONV_H
#include "op/op.h"

typedef struct {
	int64_t n, h, w, c;             /* x */
	int64_t oh, ow, o;              /* y */
	int64_t kh, kw;
	int64_t stride, groups;
	int64_t top, bottom, left, right;
	fv_pad_kind kind;
	fv_act act;
	float slope;
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

/* The axis after convolution, or an error. */
fv_status fv_conv_check(fv_err *err, const char *who, fv_shape x, fv_shape w, const fv_conv_attr *a, int64_t *oh, int64_t *ow);
/* The loops of the three references: calls f(arg, x index, w index, y index) for every product. */
typedef void (*fv_conv_visit)(void *arg, int64_t x, int64_t w, int64_t y);
void fv_conv_walk(const fv_conv *c, fv_conv_visit f, void *arg);
fv_cost fv_conv_cost(const fv_node *n);
#endif
