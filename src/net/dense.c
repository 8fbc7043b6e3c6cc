/* SPDX-License-Identifier: Apache-2.0 */
/* The textbook's pair: dense layers only.
 *
 *	generator	noise > hidden (ReLU)... > out (sigmoid)
 *	discriminator	out > hidden in reverse (ReLU or LeakyReLU)... > 1 logit */
#include "net/net.h"

static fv_node *linear(const fv_scope *s, fv_node *x, int64_t out, int layer)
{
	if (!x)
		return NULL;
	fv_node *w = fv_param(s, FV_SHAPE(out, x->shape.c), FV_INIT_GLOROT, 0, "%d.weight", layer);
	fv_node *b = fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%d.bias", layer);
	return fv_add(s->g, fv_matmul(s->g, x, w, false, true), b);
}

fv_node *fv_dense_generator(const fv_scope *s, const fv_dense *c, fv_node *z)
{
	for (int i = 0; i < c->layers; i++)
		z = fv_relu(s->g, linear(s, z, c->hidden[i], i));
	return fv_unary(s->g, FV_SIGMOID, linear(s, z, c->out, c->layers), 0, 0);
}

fv_node *fv_dense_discriminator(const fv_scope *s, const fv_dense *c, fv_node *x)
{
	for (int i = 0; i < c->layers; i++)
		x = fv_lrelu(s->g, linear(s, x, c->hidden[c->layers - 1 - i], i), c->slope);
	return linear(s, x, 1, c->layers);
}
