/* SPDX-License-Identifier: Apache-2.0 */
#include "loss/loss.h"
#include <stdio.h>

fv_augment fv_augment_draw(fv_graph *g, const char *purpose, fv_shape x, double colour)
{
	char name[80];
	fv_augment a;
	fv_shape one = fv_nhwc(x.n, 1, 1, 1);
	double reach = (double)(x.h / 8);
	snprintf(name, sizeof name, "%s brightness", purpose);
	a.brightness = fv_random(g, FV_UNIFORM, name, FV_F32, one, -0.2 * colour, 0.2 * colour);
	snprintf(name, sizeof name, "%s saturation", purpose);
	a.saturation = fv_random(g, FV_UNIFORM, name, FV_F32, one, 1 - 0.5 * colour, 1 + 0.5 * colour);
	snprintf(name, sizeof name, "%s translation", purpose);
	a.shift = fv_random(g, FV_INTEGERS, name, FV_I32, FV_SHAPE(x.n, 2), -reach, reach);
	return a;
}

fv_node *fv_augment_apply(fv_graph *g, const fv_augment *a, fv_node *x)
{
	x = fv_add(g, x, a->brightness);
	fv_node *grey = fv_mean(g, x, FV_AXIS_C);
	x = fv_add(g, fv_mul(g, fv_sub(g, x, grey), a->saturation), grey);
	return fv_translate(g, x, a->shift, 1);
}
