/* SPDX-License-Identifier: Apache-2.0 */
/* A graph is a program: a list of operations in the order in which they run.
 *
 * Building appends. Builders are chained: one that fails returns NULL, every builder passes NULL on and
 * the graph keeps the first error; check once, at fv_program_new(). fv_grad() appends the gradient's
 * operations, so a gradient can be differentiated again. Updates write variables in program order. */
#ifndef FV_GRAPH_H
#define FV_GRAPH_H
#include "graph/tensor.h"

typedef struct fv_graph fv_graph;
typedef struct fv_node fv_node;
typedef struct fv_op fv_op;
typedef struct fv_kernel fv_kernel;

/* ---- variables: named values that outlive a run (device/store.c). They belong to a store; a graph reads and writes them. Their
 * memory is the device's: nobody else has its address. */
typedef enum {
	FV_ROLE_OTHER,                  /* moments, averages, counters */
	FV_ROLE_PARAMETER,              /* of a network, learnt by its gradient */
	FV_ROLE_FROZEN,                 /* of a network, left as it is */
	FV_ROLE_BUFFER,                 /* of a network, kept without a gradient: a running mean */
} fv_role;
typedef struct fv_variable {
	char *name;
	fv_type type;
	fv_shape shape;
	int version;                    /* while building: how many updates the program has appended */
	fv_role role;
	struct fv_variable *next;
	fv_device *device;
	const struct fv_block *block;   /* device/device.h; other variables may lie in it too */
	int64_t at;                     /* where in it */
} fv_variable;

typedef struct fv_store {
	fv_arena *arena;
	fv_device *device;
	struct fv_piece *pieces;        /* of its memory */
	fv_variable *first, **last;
	/* Of networks' weights made from now on (net/scope.c): */
	const char *const *freeze;      /* patterns of names (fnmatch) that training leaves as they are */
	int freezes;
	struct fv_store *initial;       /* they begin as that store's of the same name, where it has it; NULL: drawn */
	const char *initial_prefix;     /* or of the same name without this */
	int begun, drawn, frozen;       /* how many of them took the values; how many did not; how many are frozen */
} fv_store;
fv_status fv_store_new(fv_err *err, fv_context *c, fv_store **out);
void fv_store_free(fv_store *s);
/* One block for the next `bytes` of variables in all, each rounded up to FV_ALIGN: a model is read sooner. */
fv_status fv_store_reserve(fv_err *err, fv_store *s, int64_t bytes);
/* Zeroed; NULL: out of memory, or the name is taken. */
fv_variable *fv_variable_new(fv_store *s, fv_type type, fv_shape shape, const char *format, ...) __attribute__((format(printf, 4, 5)));
fv_variable *fv_variable_find(const fv_store *s, const char *name);
int64_t fv_store_bytes(const fv_store *s);     /* of all variables' values */
static inline int64_t fv_variable_bytes(const fv_variable *v) { return fv_tensor_bytes(v->type, v->shape); }
/* Copy all of its values, as they lie, in and out; or `bytes` of them from byte `at` on. */
fv_status fv_variable_put(fv_err *err, fv_variable *v, const void *from);
fv_status fv_variable_get(fv_err *err, const fv_variable *v, void *to);
fv_status fv_variable_put_part(fv_err *err, fv_variable *v, int64_t at, int64_t bytes, const void *from);
fv_status fv_variable_get_part(fv_err *err, const fv_variable *v, int64_t at, int64_t bytes, void *to);

/* ---- attributes, one struct a family of operators; all bytes not used are zero (they are compared) */
typedef enum { FV_PAD_ZERO, FV_PAD_REFLECT, FV_PAD_REPLICATE } fv_pad_kind;
typedef enum { FV_ACT_NONE, FV_ACT_RELU, FV_ACT_LRELU, FV_ACT_TANH } fv_act;

typedef struct {
	int stride, groups;             /* 0 means 1 */
	int top, bottom, left, right;   /* padding */
	fv_pad_kind kind;
	int64_t h, w;                   /* conv2d_dx: the size of x; conv2d_dw: the size of the kernel */
} fv_conv_attr;
typedef struct { bool ta, tb; } fv_matmul_attr;
typedef struct { fv_axes axes; double eps; } fv_normalise_attr;     /* eps: added to the biased variance */
typedef struct { int kind; double a, b; } fv_unary_attr;
typedef struct { int kind; double a; } fv_binary_attr;
typedef struct { int kind; fv_axes axes; } fv_reduce_attr;
typedef struct { fv_shape shape; } fv_shape_attr;           /* reshape, expand */
typedef struct { int kind; int64_t h, w; } fv_resize_attr;  /* size of y; in the adjoint the size of x */
typedef struct { int block; } fv_block_attr;
typedef struct {
	int taps;
	fv_pad_kind kind;
	int64_t h, w;                   /* blur_adjoint: the size of x */
} fv_blur_attr;
typedef struct { int64_t rows; } fv_gather_attr;            /* adjoint: rows of x */
typedef struct { int top, bottom, left, right; fv_pad_kind kind; } fv_pad_attr;
typedef struct { int64_t start[FV_RANK]; fv_shape shape; } fv_slice_attr; /* shape: of y; in the adjoint of x */
typedef struct { int axis; } fv_concat_attr;                /* index into d[] */
typedef struct { int sign; } fv_translate_attr;
typedef struct { fv_type type; } fv_convert_attr;
typedef struct { int64_t h, w; } fv_cutout_attr;
typedef struct { int kind; uint64_t purpose; double lo, hi; fv_shape shape; fv_type type; } fv_random_attr;
typedef struct { fv_variable *p, *m, *v; double beta1, beta2, eps; bool keras; } fv_adam_attr;
typedef struct { fv_variable *p; } fv_variable_attr;        /* read, assign, average */
typedef struct { int index; } fv_output_attr;
typedef struct { char name[48]; fv_shape shape; fv_type type; } fv_input_attr;
typedef struct { const void *data; fv_shape shape; fv_type type; } fv_constant_attr;

/* ---- what passes fuse into an operation: one form for all operators. An operator's file says what of it that operator
 * takes, and by which inputs. The prologue is done to x as it is read. */
typedef struct {
	fv_act act;                     /* relu or lrelu, after the norm */
	float slope;
	bool stats;                     /* an input is a norm's statistics (normalise's output 1), and x is read as that norm makes it */
	bool mask;                      /* dy is multiplied by slope where an input of its shape is not above 0: relu's gradient */
} fv_prologue;
/* The epilogue is done to y as it is written, in this order. */
typedef struct {
	fv_act act;                     /* after a bias */
	float slope;
	bool mask;                      /* instead of an activation, as in the prologue */
	bool residual;                  /* an input of y's shape is added */
	bool stats;                     /* output 1 is what normalise would find in y, over HW, with eps */
	double eps;
} fv_epilogue;

typedef struct fv_attr {
	fv_prologue in;
	fv_epilogue out;
	union {
		fv_conv_attr conv;
		fv_matmul_attr matmul;
		fv_normalise_attr normalise;
		fv_unary_attr unary;
		fv_binary_attr binary;
		fv_reduce_attr reduce;
		fv_shape_attr shape;
		fv_resize_attr resize;
		fv_block_attr block;
		fv_blur_attr blur;
		fv_gather_attr gather;
		fv_pad_attr pad;
		fv_slice_attr slice;
		fv_concat_attr concat;
		fv_translate_attr translate;
		fv_convert_attr convert;
		fv_cutout_attr cutout;
		fv_random_attr random;
		fv_adam_attr adam;
		fv_variable_attr variable;
		fv_output_attr output;
		fv_input_attr input;
		fv_constant_attr constant;
	};
} fv_attr;

#define FV_INPUTS 8
#define FV_OUTPUTS 2

struct fv_node {
	const fv_op *op;
	int id;                         /* place in the program */
	int outputs;                    /* the operator's; a pass may ask a convolution for one more */
	int inputs;
	fv_node *in[FV_INPUTS];         /* a NULL in between: an optional input left out (bias) */
	fv_attr attr;
	fv_type type;                   /* of output 0 */
	fv_shape shape;
	fv_type type1;                  /* of output 1, where the operator has one; read it with fv_output_of(n, 1) */
	fv_shape shape1;
	int version;                    /* read: which version of the variable; updates: which they make */
	const char *label;              /* where in the network, for people; may be NULL */
	fv_node *replacement;                  /* the node that a pass put in its place */
};

struct fv_graph {
	fv_context *context;
	fv_arena *arena;
	fv_err err;                     /* the first error */
	fv_node **node;                 /* the program */
	int nodes, room;
	const char *label;              /* given to every node appended */
	struct { fv_node *node; const char *name; } *output;    /* kept alive, in fv_output's order */
	int outputs, output_room;
};

fv_status fv_graph_new(fv_err *err, fv_context *c, fv_graph **out);
void fv_graph_free(fv_graph *g);

/* Appends one operation; for the builders in op/op.h. in[] may hold NULL only where `optional` has a bit. */
fv_node *fv_append(fv_graph *g, const fv_op *op, int inputs, fv_node *const *in, uint32_t optional, const fv_attr *attr);
fv_node *fv_graph_error(fv_graph *g, fv_status st, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Keeps n's value readable after a run (losses, pictures), under a name of its own. n NULL: nothing. */
void fv_output(fv_graph *g, fv_node *n, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* dx[i] = d loss / d wrt[i], appended; loss must be a scalar. A wrt that loss does not depend on gives zeros. */
void fv_grad(fv_graph *g, fv_node *loss, fv_node *const *wrt, int count, fv_node **dx);
/* The general form: dy, of y's shape, is the derivative of some loss by y; what wrt has in it is added to dx[i] (NULL:
 * nothing yet). A wrt that y does not depend on is left as it is. */
void fv_adjoint(fv_graph *g, fv_node *y, fv_node *dy, fv_node *const *wrt, int count, fv_node **dx);
#endif
