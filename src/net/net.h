/* SPDX-License-Identifier: Apache-2.0 */
/* Networks: functions that append a forward pass and, on first use, make their weights.
 *
 * A scope says where the weights live. While `create` is set a weight that the store lacks is made
 * and filled (a pure function of seed and name); otherwise a missing one, or one of another shape,
 * is an error: so the network's description stands in one place, for training and for model files
 * alike. */
#ifndef FV_NET_H
#define FV_NET_H
#include "op/op.h"
#include "stroke/stroke.h"

typedef struct fv_running fv_running;
typedef struct {
	fv_graph *g;
	fv_store *store;
	const char *prefix;             /* "G." while training, "" in a model file */
	bool create;
	uint64_t seed;
	/* A model is used with none of these; training sets them all. */
	bool batch_statistics;          /* batch norm goes by the batch, not by running values */
	bool dropout;
	fv_running **running;           /* not NULL: what batch norm found is added there */
} fv_scope;

typedef enum {
	FV_INIT_ZERO, FV_INIT_ONE,
	FV_INIT_IDENTITY,               /* a matrix of ones on its diagonal; 1x1 taps */
	FV_INIT_NORMAL,                 /* mean 0, deviation `scale` */
	FV_INIT_NEAR_ONE,               /* mean 1, deviation `scale` */
	FV_INIT_HE,                     /* normal, sqrt(2 / fan_in): He et al., arXiv:1502.01852 */
	FV_INIT_TORCH,                  /* uniform +-1/sqrt(scale), scale = fan_in: PyTorch's
	                                 * default, weight and bias */
	FV_INIT_GLOROT,                 /* uniform +-sqrt(6 / (fan_in + fan_out)): Keras' default */
	FV_INIT_XAVIER,                 /* the same as a normal one, times `scale` */
} fv_init;

/* A weight: O,KH,KW,I (rank 4), out,in (rank 2) or O (rank 1). */
fv_node *fv_param(const fv_scope *s, fv_shape shape, fv_init init, double scale, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));
/* A value that training keeps but does not learn by gradients, as a running mean; else the same. */
fv_node *fv_buffer(const fv_scope *s, fv_shape shape, fv_init init, double scale,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));
/* How many variables have names that begin with prefix. They are put into list, where that is not
 * NULL, in the store's order: ask first with NULL, then with room for all. */
int fv_params(fv_store *store, const char *prefix, fv_variable **list);

/* ---- batch norm (batch_norm.c): Ioffe and Szegedy, arXiv:1502.03167. x: N,H,W,C or N,C > the same,
 * with a learnt scale, N(1, 0.02) at first, and shift: NAME.weight, NAME.bias, and the running values
 * NAME.running_mean and NAME.running_var */
fv_node *fv_batch_norm(const fv_scope *s, fv_node *x, double eps, const char *name);
struct fv_running {
	fv_variable *variable;
	fv_node *found;
	fv_running *next;
};
/* Each running value goes that share (PyTorch: 0.1) of the way to what was found, the variance to the
 * unbiased one; once for each batch, in order. flag: as of fv_adam(). */
void fv_running_follow(fv_graph *g, const fv_running *list, double share, fv_node *flag);

/* ---- dropout (dropout.c): each value is 0 with that probability, else made larger such that the
 * mean stays; where the scope has none, x. name: of the draws, one for each place */
fv_node *fv_dropout(const fv_scope *s, fv_node *x, double probability, const char *name);

/* ---- StrokeNet (strokenet.c): a generator that paints over an underpainting. x: N,H,W,3 in
 * [-1,1], the photograph in dabs along its flow; z: N,H,W,FV_STROKE_MARKS, what tells dabs apart
 * (src/stroke); H and W multiples of FV_STROKENET_MULTIPLE */
#define FV_STROKENET_MULTIPLE 16
typedef struct {
	int width;                      /* channels at full size; half the size has 2 width, a
	                                 * quarter 4 width */
	int blocks;                     /* residual blocks at a quarter of the size; 0: it paints
	                                 * without knowing the scene */
	int marks;                      /* channels made of z, at half and at full size */
	int stem;                       /* kernel of the first and last convolution: 5 or 3 */
	bool affine;                    /* scale and shift behind every norm */
	/* The dabs that it was trained with, as in fv_stroke_options; not used in building. */
	int brushes;
	double brush[FV_STROKE_BRUSHES], length, bristle;
	fv_medium medium;
} fv_strokenet;
fv_node *fv_strokenet_build(const fv_scope *s, const fv_strokenet *c, fv_node *x, fv_node *z);
/* Its dabs; all else as fv_stroke_default(). */
fv_stroke_options fv_strokenet_strokes(const fv_strokenet *c);

/* ---- ResNet (resnet.c): CycleGAN's and CUT's generator. x: N,H,W,3 in [-1,1], H and W multiples
 * of 4 */
typedef struct {
	int width;                      /* channels at full size (the original: 64); 4 width at a
	                                 * quarter */
	int blocks;                     /* residual blocks at a quarter of the size: 9, for small
	                                 * pictures 6 */
	bool antialias;                 /* as CUT has it: blurred where it halves, bilinear where
	                                 * it doubles */
} fv_resnet;
/* tap: NULL, or filled with what CUT looks at: the picture with its mirrored border, what the
 * convolutions before both halvings make, the first residual block, the fifth or last. */
#define FV_RESNET_TAPS 5
fv_node *fv_resnet_build(const fv_scope *s, const fv_resnet *c, fv_node *x,
                         fv_node *tap[FV_RESNET_TAPS]);
/* Only as far as the last of them. */
void fv_resnet_taps(const fv_scope *s, const fv_resnet *c, fv_node *x,
                    fv_node *tap[FV_RESNET_TAPS]);

/* ---- U-Net (unet.c): pix2pix' generator. x: N,H,W,3 in [-1,1], H and W multiples of 2^depth */
typedef struct {
	int width;                      /* channels at half the size (the original: 64); each level
	                                 * has twice as many, up to 8 width */
	int depth;                      /* how many times the size is halved: 8 for 256 pixels, 7
	                                 * for 128 */
	enum { FV_UNET_BATCH, FV_UNET_INSTANCE } norm;
	bool dropout;                   /* of a half, where the map is small */
} fv_unet;
fv_node *fv_unet_build(const fv_scope *s, const fv_unet *c, fv_node *x);
/* The deepest, up to 8, for pictures of that side. */
int fv_unet_depth(int64_t side);

/* ---- VGG (vgg.c), frozen: what teachers and measures see. x: N,H,W,3 in [-1,1],
 * with at least 2 << last pixels a side */
typedef enum { FV_POOL_MAX, FV_POOL_AVERAGE } fv_pooling;        /* of 2x2 pixels */
typedef struct {
	int depth, width;               /* 16, 64: VGG-16; 19, 16: VGG-19 distilled to a
	                                 * sixteenth */
	fv_pooling pooling;
} fv_vgg;
/* The layers are relu1_1, relu2_1, relu3_1, relu4_1, at 1, 1/2, 1/4, 1/8 of the size. */
#define FV_VGG_LAYERS 4
int64_t fv_vgg_channels(const fv_vgg *c, int layer);
/* Fills out[0 .. last] and returns out[last]. */
fv_node *fv_vgg_build(const fv_scope *s, const fv_vgg *c, fv_node *x, int last,
                      fv_node *out[FV_VGG_LAYERS]);

/* ---- weights with spectral norm (spectral.c). One phase's normalised weights are made once, in
 * order, and used by every forward of the phase */
#define FV_SPECTRAL_MAX 32
typedef struct {
	fv_node *weight, *bias, *u;
	fv_variable *state;             /* where u is kept between steps */
} fv_spectral_layer;
typedef struct {
	fv_spectral_layer layer[FV_SPECTRAL_MAX];
	int count;
	bool through;                   /* the gradient goes through the power iteration too */
} fv_spectral;
/* Appends a layer: one power iteration from `previous` (NULL: from the stored vector u: O,1), then
 * weight / sigma. u NULL: the weight as it is. */
void fv_spectral_weight(fv_graph *g, const fv_spectral *previous, fv_spectral *out, fv_node *weight,
                        fv_node *bias, fv_node *u);
/* The same with weights of a 3x3 convolution, zeros around, that are made for it. */
void fv_spectral_conv(const fv_scope *s, const fv_spectral *previous, fv_spectral *out,
                      int64_t channels, int64_t in, const char *name);
/* The layer *at of x; *at goes on. */
fv_node *fv_spectral_apply(fv_graph *g, const fv_spectral *w, int *at, fv_node *x);
/* Keeps every u for the next step, where flag (scalar) is not 0. */
void fv_spectral_keep(fv_graph *g, const fv_spectral *w, fv_node *flag);

/* ---- AnimeGAN (animegan.c, animegan3.c): light generators. x: N,H,W,3 in [-1,1], H and W
 * multiples of FV_ANIMEGAN_MULTIPLE */
#define FV_ANIMEGAN_MULTIPLE 8
typedef enum { FV_ANIMEGAN_V2, FV_ANIMEGAN_V3 } fv_animegan_version;
typedef enum { FV_GRID_HALF, FV_GRID_LEGACY, FV_GRID_CORNERS } fv_grid;
typedef struct {
	fv_animegan_version version;
	int width;                      /* channels at full size (the originals: 32) */
	int blocks;                     /* of v2: inverted residual blocks (the original: 4) */
	fv_grid grid;                   /* how it enlarges: half pixels, TensorFlow 1's grid, or
	                                 * corners on corners */
	double eps;                     /* added to the norms' variances */
} fv_animegan;
fv_node *fv_animegan_build(const fv_scope *s, const fv_animegan *c, fv_node *x);
fv_node *fv_animegan3_build(const fv_scope *s, const fv_animegan *c, fv_node *x);
/* The fv_resize_kind of a grid. */
int fv_grid_kind(fv_grid grid);
/* v3's norm: x with the mean and spread of what a 1x1 convolution makes of it. weight: C,1,1,C */
fv_node *fv_lade(fv_graph *g, fv_node *x, fv_node *weight, double eps);

/* ---- CartoonGAN (cartoongan.c). x: N,H,W,3 in [-1,1], H and W multiples of 4 */
typedef enum { FV_ORDER_RGB, FV_ORDER_BGR } fv_order;
typedef struct {
	int width;                      /* channels at full size (the original: 64) */
	int blocks;                     /* residual blocks at a quarter of the size: 8 */
	fv_order order;                 /* of the colours inside; outside they are RGB */
	double eps;
} fv_cartoongan;
fv_node *fv_cartoongan_build(const fv_scope *s, const fv_cartoongan *c, fv_node *x);

/* ---- discriminators of both (cartoon_discriminator.c): N,H,W,3 > logits N,h,w,1 */
typedef enum {
	FV_JUDGE_CARTOONGAN,            /* instance norm, mirrored borders, plain weights */
	FV_JUDGE_ANIMEGAN2,             /* layer norm, zeros around, spectral norm */
	FV_JUDGE_ANIMEGAN3,             /* LADE, mirrored borders, spectral norm */
} fv_judge_kind;
typedef struct { fv_judge_kind kind; int width; } fv_cartoon_discriminator;     /* 32 */
/* Its weights for a phase: none are made where they are plain. */
void fv_cartoon_discriminator_weights(const fv_scope *s, const fv_cartoon_discriminator *c,
                                      const fv_spectral *previous, fv_spectral *out);
fv_node *fv_cartoon_discriminator_build(const fv_scope *s, const fv_cartoon_discriminator *c,
                                        const fv_spectral *w, fv_node *x);

/* ---- multi-scale patch discriminator (patch_discriminator.c): N,H,W,3 >
 * `scales` maps of logits */
/* `layers` counts the convolutions before the last; the first two halve. */
typedef struct { int width, scales, layers; } fv_patch_discriminator;
#define FV_SCALES_MAX 4
void fv_patch_discriminator_weights(const fv_scope *s, const fv_patch_discriminator *c,
                                    const fv_spectral *previous, fv_spectral *out);
void fv_patch_discriminator_build(fv_graph *g, const fv_patch_discriminator *c,
                                  const fv_spectral *w, int *at, fv_node *x, fv_node **out);

/* ---- discriminators on a frozen network's maps (feature_discriminator.c): relu2_1, relu3_1,
 * relu4_1 > a map of logits each */
#define FV_FEATURE_MAPS 3
typedef struct { int width; int64_t channels[FV_FEATURE_MAPS]; } fv_feature_discriminator;
void fv_feature_discriminator_weights(const fv_scope *s, const fv_feature_discriminator *c,
                                      const fv_spectral *previous, fv_spectral *out);
void fv_feature_discriminator_build(fv_graph *g, const fv_spectral *w, int *at,
                                    fv_node *const map[FV_FEATURE_MAPS], fv_node **out);

/* ---- PatchGAN (patchgan.c): pix2pix' and CycleGAN's discriminator; N,H,W,C > logits N,h,w,1 */
typedef struct {
	int width, layers;              /* the originals: 64, 3; no layers: it looks at pixels */
	bool batch_norm;                /* pix2pix; else instance norm */
	bool antialias;                 /* as CUT has it: blurred where it halves */
} fv_patchgan;
fv_node *fv_patchgan_build(const fv_scope *s, const fv_patchgan *c, fv_node *x);

/* ---- CUT's heads on maps (patch_mlp.c): N,H,W,C at `places` (i32, of every picture the same, or
 * N,K) > N,K,width of length 1 */
fv_node *fv_patch_mlp(const fv_scope *s, int width, int layer, fv_node *map, fv_node *places);

/* ---- equalised layers (equalised.c): stored with deviation 1, by sqrt(fan_in) when used */
/* k x k with bias and LeakyReLU */
fv_node *fv_equal_layer(const fv_scope *s, fv_node *x, int64_t out, int k, const char *name);
/* A small square picture to one vector, N,1,1,out; act: LeakyReLU. */
fv_node *fv_equal_dense(const fv_scope *s, fv_node *x, int64_t out, bool act, const char *name);
/* (layer(layer(x)) + x) / sqrt 2, or to half the size and `out` channels */
fv_node *fv_equal_residual(const fv_scope *s, fv_node *x, int64_t out, bool halve,
                           const char *name);
/* To twice the size by a demodulated 3x3; noise: N,2H,2W,1, added as loud as is learnt. */
fv_node *fv_equal_double(const fv_scope *s, fv_node *x, int64_t out, fv_node *noise,
                         const char *name);

/* ---- SinCUT (sincut.c): a generator for one photograph and one painting, x: N,H,W,3, sides even;
 * its discriminator, x: N,S,S,3, S from 8 on > N,1,1,1 logits */
typedef struct {
	int width;                      /* channels at full size (80); 2 width at half */
	int blocks;                     /* residual blocks at half the size, in each half: 3 */
} fv_sincut;
#define FV_SINCUT_TAPS 3
/* noise: names its draw, N,H,W,1. tap: NULL, or filled with what PatchNCE looks at: the picture,
 * the first map at half the size, the second block after it. */
fv_node *fv_sincut_build(const fv_scope *s, const fv_sincut *c, fv_node *x, const char *noise,
                         fv_node *tap[FV_SINCUT_TAPS]);
/* Only as far as the last of them. */
void fv_sincut_taps(const fv_scope *s, const fv_sincut *c, fv_node *x,
                    fv_node *tap[FV_SINCUT_TAPS]);
fv_node *fv_sincut_discriminator(const fv_scope *s, int width, fv_node *x);

/* ---- DCGAN's pair (dcgan.c): pictures of size x size, in [-1,1] */
typedef struct {
	int size;                       /* 28, 32 or 64 */
	int channels;                   /* 1 grey, 3 colour */
	int width;                      /* channels at half the size (the original: 64) */
	int noise, labels;              /* labels 0: unconditional */
} fv_dcgan;
/* z: N,noise; label: N,labels one-hot, or NULL; batch norm */
fv_node *fv_dcgan_generator(const fv_scope *s, const fv_dcgan *c, fv_node *z, fv_node *label);
typedef enum { FV_CRITIC_BATCH, FV_CRITIC_LAYER, FV_CRITIC_PLAIN } fv_critic_norm;
extern const char *const fv_critic_norms[];     /* batch, layer, none; ended by NULL */
typedef struct { fv_critic_norm norm; bool spectral; } fv_critic;
void fv_dcgan_weights(const fv_scope *s, const fv_dcgan *c, const fv_critic *d,
                      const fv_spectral *previous, fv_spectral *out);
/* N,1 logits */
fv_node *fv_dcgan_discriminator(const fv_scope *s, const fv_dcgan *c, const fv_critic *d,
                                const fv_spectral *w, fv_node *x, fv_node *label);

/* ---- the textbook's dense pair (dense.c) */
typedef struct {
	int noise, hidden[8], layers, out;      /* generator: noise > hidden... > out */
	int rows;                       /* of the picture that `out` is; 0: it is a square */
	double slope;                   /* of the discriminator's activation below 0; 0: ReLU */
} fv_dense;
/* N,out in [0,1] */
fv_node *fv_dense_generator(const fv_scope *s, const fv_dense *c, fv_node *z);
/* N,1 logits */
fv_node *fv_dense_discriminator(const fv_scope *s, const fv_dense *c, fv_node *x);
#endif
