/* SPDX-License-Identifier: Apache-2.0 */
/* Dropout: Srivastava et al., Journal of Machine Learning Research 15, 2014; scaled while training,
 * as in PyTorch. */
#include "net/net.h"
#include <stdio.h>

fv_node *fv_dropout(const fv_scope *s, fv_node *x, double probability, const char *name)
{
	char purpose[120];
	if (!x || !s->dropout)
		return x;
	snprintf(purpose, sizeof purpose, "dropout %s%s", s->prefix, name);
	fv_node *draw = fv_random(s->g, FV_UNIFORM, purpose, FV_F32, x->shape, 0, 1);
	fv_node *stays = fv_binary(s->g, FV_GREATER, draw, fv_number(s->g, FV_F32, probability), 0);
	return fv_mul(s->g, x, fv_scale(s->g, stays, 1 / (1 - probability), 0));
}
