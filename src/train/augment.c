/* SPDX-License-Identifier: Apache-2.0 */
#include "train/augment.h"
#include "train/gradients.h"
#include <stdio.h>

#define STEPS 4           /* between two looks */
#define TARGET 0.6        /* share by which more real pictures are told than not */
#define PICTURES 500000.0 /* in which p may go from 0 to 1 */
#define SHARE "ada.share"
#define SIGNS "ada.signs"

const char *const fv_augmentations[] = {"off", "diff", "ada", NULL};

typedef struct {
	fv_graph *g;
	fv_node *p; /* NULL: always */
	const char *name;
	int64_t n;
} draws;

static fv_node *draw(const draws *d, const char *what, double low, double high)
{
	char purpose[120];
	snprintf(purpose, sizeof purpose, "%.60s %.40s", what, d->name);
	return fv_random(d->g, FV_UNIFORM, purpose, FV_F32, fv_nhwc(d->n, 1, 1, 1), low, high);
}

static fv_node *whole(const draws *d, const char *what, int64_t low, int64_t high)
{
	char purpose[120];
	snprintf(purpose, sizeof purpose, "%.60s %.40s", what, d->name);
	return fv_random(d->g, FV_INTEGERS, purpose, FV_I32, FV_SHAPE(d->n, 2), (double)low,
			 (double)high);
}

/* y in place of x, for a share p of the pictures. */
static fv_node *some(const draws *d, const char *what, fv_node *x, fv_node *y)
{
	char purpose[120];
	if (!d->p)
		return y;
	snprintf(purpose, sizeof purpose, "%s done", what);
	fv_node *done = fv_binary(d->g, FV_GREATER, d->p, draw(d, purpose, 0, 1), 0);
	return fv_add(d->g, x, fv_mul(d->g, done, fv_sub(d->g, y, x)));
}

/* Away from, or nearer to, the mean over axes. */
static fv_node *spread(const draws *d, fv_node *x, fv_axes axes, fv_node *by)
{
	fv_node *mean = fv_mean(d->g, x, axes);
	return fv_add(d->g, fv_mul(d->g, fv_sub(d->g, x, mean), by), mean);
}

fv_node *fv_augment(fv_graph *g, fv_augmentation kind, fv_node *p, fv_node *x, const char *name)
{
	if (kind == FV_AUGMENT_OFF || !x)
		return x;
	const draws d = {g, kind == FV_AUGMENT_ADA ? p : NULL, name, x->shape.n};
	const int64_t side = x->shape.h, far = (side + 4) / 8, cut = (side + 1) / 2;
	x = some(&d, "brightness", x, fv_add(g, x, draw(&d, "brightness", -0.5, 0.5)));
	if (x && x->shape.c > 1)
		x = some(&d, "saturation", x,
			 spread(&d, x, FV_AXIS_C, draw(&d, "saturation", 0, 2)));
	x = some(&d, "contrast", x, spread(&d, x, FV_HWC, draw(&d, "contrast", 0.5, 1.5)));
	x = some(&d, "translation", x, fv_translate(g, x, whole(&d, "translation", -far, far), 1));
	return some(&d, "cutout", x,
		    fv_cutout(g, x, whole(&d, "cutout", 0, side - cut % 2), cut, cut));
}

/* A scalar of the store, 0 at first. */
static fv_variable *scalar(fv_graph *g, fv_store *store, const char *name)
{
	return fv_variable_like(g, store, &(fv_variable){.shape = fv_scalar()}, "", name);
}

fv_node *fv_augment_share(fv_graph *g, fv_store *store)
{
	fv_variable *v = scalar(g, store, SHARE);
	return v ? fv_read(g, v) : NULL;
}

void fv_augment_adapt(fv_graph *g, fv_store *store, fv_node *real, fv_node *now, fv_node *flag)
{
	fv_variable *share = scalar(g, store, SHARE), *signs = scalar(g, store, SIGNS);
	if (!real || !share || !signs)
		return;
	const double step = STEPS * (double)real->shape.w / PICTURES;
	fv_node *sign = fv_unary(g, FV_SIGN, real, 0, 0);
	fv_node *sum =
		fv_add(g, fv_read(g, signs), fv_reshape(g, fv_mean(g, sign, FV_ALL), fv_scalar()));
	fv_node *way = fv_unary(g, FV_SIGN, fv_scale(g, sum, 1.0 / STEPS, -TARGET), 0, 0);
	fv_node *moved = fv_add(g, fv_read(g, share), fv_mul(g, now, fv_scale(g, way, step, 0)));
	fv_assign(g, share, fv_unary(g, FV_CLAMP, moved, 0, 1), flag);
	fv_assign(g, signs, fv_mul(g, sum, fv_scale(g, now, -1, 1)), flag);
}
