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
	                                 * painter's */
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

/* ---- looking at one picture x: 1,S,S,3 */
typedef struct {
	fv_node *x;
	fv_node *content4, *content3;           /* fv_content of relu4_1, and of relu3_1 at
	                                         * half its size */
	fv_node *mean[FV_STYLE_LOOKS];          /* 1,1,C: of features at places drawn by the run's
	                                         * key; size 0 first */
	fv_node *product[FV_STYLE_LOOKS];       /* C,C: mean of feature times feature there */
	fv_node *quantiles[FV_STYLE_LOOKS];     /* 1,directions,Q */
} fv_style_look;
enum { FV_LOOK_CONTENT = 1, FV_LOOK_MOMENTS = 2, FV_LOOK_QUANTILES = 4 };
/* what: which of the above; the others are NULL. */
void fv_style_look_build(fv_graph *g, fv_store *teacher, const fv_style_config *c, int what,
                         fv_style_look *out);

/* ---- the step */
typedef struct {
	/* inputs */
	fv_node *x, *z;                         /* B,S,S,3: underpaintings; B,S,S,FV_STROKE_MARKS */
	fv_node *content4, *content3;           /* of x, as looked at */
	fv_node *art;                           /* B,S,S,3: paintings of like colours, for the
	                                         * adversaries */
	fv_node *target[FV_STYLE_LOOKS];        /* B,directions,Q: of paintings of like colours */
	fv_node *rate, *step_d, *step_g;        /* learning rate; Adam's step numbers, from 1 */
	fv_node *decay, *ramp;                  /* of the average; of brushwork's weight, 0 to 1 */
	/* draws; all can be fed instead */
	fv_node *places[FV_STYLE_LOOKS];        /* i32: where maps are looked at */
	fv_node *line[FV_VGG_LAYERS];           /* i32: which lines are drawn; they are the same
	                                         * at all sizes */
	/* outputs: scalars, but for fake: B,S,S,3 */
	fv_node *loss_d, *loss_adv, *loss_adv_pixels, *loss_style, *loss_coarse, *loss_content;
	fv_node *loss_content3, *loss_colour, *loss_g;
	fv_node *ok_d, *ok_g;                   /* 1 where losses and gradients were finite and
	                                         * the update was made */
	fv_node *fake;
	/* gradients, in the store's order of the variables "D.d." and "G."; with keep_gradients */
	int count_d, count_g;
	fv_variable **param_d, **param_g;
	fv_node **grad_d, **grad_g;
} fv_style_graph;

/* Builds into g; makes variables that the store lacks. keep_gradients: for tests. */
void fv_style_graph_build(fv_graph *g, fv_store *store, fv_store *teacher, uint64_t seed,
                          const fv_style_config *c, bool keep_gradients, fv_style_graph *out);
#endif
