/* SPDX-License-Identifier: Apache-2.0 */
/* One training step of the recipe `style` as a graph, and the graph that looks at a picture
 * before the step. */
#ifndef FV_STYLE_GRAPH_H
#define FV_STYLE_GRAPH_H
#include "loss/loss.h"

/* Brushwork is compared at this many sizes at most: full, half, a quarter. */
#define FV_STYLE_SIZES 3
#define FV_STYLE_LOOKS (FV_STYLE_SIZES * FV_VGG_LAYERS)

typedef struct {
	fv_strokenet net;
	fv_vgg teacher;
	fv_patch_discriminator pixels;
	int judge;                      /* width of the discriminators on the teacher's maps */
	int batch, size;
	int directions, drawn;          /* features of each map are projected on so many fixed
	                                 * lines; a step looks at `drawn` of them */
	int sizes;                      /* at which brushwork is compared, full size the first */
	double style, coarse;           /* weight of brushwork; that of each coarser size is
	                                 * relative to it */
	double content, content3;       /* weights of what is shown, as relu4_1 tells it, and
	                                 * relu3_1 at half its size */
	double colour;                  /* of the photograph's coarse colours */
	double adv, adv_pixels;         /* of the adversaries: on the teacher's maps, on pixels */
	double judge_rate;              /* the discriminators' learning rate is this times the
	                                 * generator's */
	double beta1, beta2, eps;       /* Adam */
} fv_style_config;

/* What the recipe uses where nothing is asked for (recipe_style.c). */
fv_style_config fv_style_default(void);

/* ---- the teacher: weights that no step changes, in a store of their own
 *
 *	the VGG's, by their names
 *	direction.S.L	directions,C: lines for size S and layer L, on which the features of
 *			paintings have spread 1
 *	rstd.L		C: 1 / spread of each channel over paintings */
/* Makes direction.* and rstd.*, filled with zeros. */
fv_status fv_teacher_variables(fv_err *err, fv_store *teacher, const fv_style_config *c);
fv_variable *fv_teacher_direction(fv_store *teacher, int size, int layer);
fv_variable *fv_teacher_rstd(fv_store *teacher, int layer);

/* ---- looking at one picture
 *
 *	in	picture		1,S,S,3
 *	out	content4, content3	fv_content of relu4_1, and of relu3_1 at half its size
 *		mean.K		1,1,C: of features at places drawn by the run's key; size 0 first
 *		product.K	C,C: mean of feature times feature there
 *		quantiles.K	1,directions,Q */
enum { FV_LOOK_CONTENT = 1, FV_LOOK_MOMENTS = 2, FV_LOOK_QUANTILES = 4 };
/* what: which of the above. */
void fv_style_look_build(fv_graph *g, fv_store *teacher, const fv_style_config *c, int what);

/* ---- the step */
/* in	pictures	B,S,S,3: underpaintings
 *	marks		B,S,S,FV_STROKE_MARKS
 *	content4, content3	of the pictures, as looked at
 *	art		B,S,S,3: paintings of like colours, for the adversaries
 *	target.K	B,directions,Q: of paintings of like colours
 *	rate, step.d, step.g	learning rate; Adam's step numbers, from 1
 *	decay, ramp	of the average; of brushwork's weight, 0 to 1
 * drawn, unless they are put in
 *	places S L	i32: where maps are looked at
 *	lines L		i32: which lines are drawn, the same at all sizes
 * out	loss.d, .adv, .pixels, .style, .coarse, .content, .content3, .colour, .g
 *	ok.d, ok	1 where losses and gradients were finite and the update was made
 *	paintings	B,S,S,3
 *	gradient.NAME	with keep_gradients, for tests: of the variables "D.d." and "G."
 * A loss of weight 0 has no port.
 *
 * Builds into g; makes variables that the store lacks. */
void fv_style_graph_build(fv_graph *g, fv_store *store, fv_store *teacher, uint64_t seed,
                          const fv_style_config *c, bool keep_gradients);
#endif
