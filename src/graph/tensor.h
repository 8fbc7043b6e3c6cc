/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors: a type, a shape of up to six axes, memory in C order, channels last.
 *
 * Axes stand at the right end of `d`, so that broadcasting is a matter of ones: a picture batch has
 * rank 4 and s.n s.h s.w s.c; a matrix has rank 2, rows s.w and columns s.c; a batch of matrices has
 * rank 3, s.h matrices; a scalar has rank 0. Axes left of the rank are 1. */
#ifndef FV_TENSOR_H
#define FV_TENSOR_H
#include "base/base.h"
#include <string.h>

typedef enum { FV_F32, FV_F64, FV_BF16, FV_F16, FV_I32, FV_U8 } fv_type;

#define FV_RANK 6
typedef struct fv_shape {
	int rank;
	union {
		int64_t d[FV_RANK];
		struct { int64_t a, b, n, h, w, c; };
	};
} fv_shape;

/* A set of axes: bits over d[]. */
typedef uint32_t fv_axes;
enum {
	FV_AXIS_N = 1 << 2, FV_AXIS_H = 1 << 3, FV_AXIS_W = 1 << 4, FV_AXIS_C = 1 << 5,
	FV_HW = FV_AXIS_H | FV_AXIS_W,          /* instance norm */
	FV_NHW = FV_AXIS_N | FV_HW,             /* batch norm */
	FV_HWC = FV_HW | FV_AXIS_C,             /* layer norm */
	FV_ALL = 63,
};

typedef struct fv_tensor {
	fv_type type;
	fv_shape shape;
	void *data;
} fv_tensor;

int64_t fv_type_bytes(fv_type t);
const char *fv_type_name(fv_type t);                    /* "f32" */

fv_shape fv_shape_of(int rank, const int64_t *d);       /* d: rank sizes, outermost first */
#define FV_SHAPE(...) fv_shape_of((int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (int64_t[]){ __VA_ARGS__ })
static inline fv_shape fv_scalar(void) { return (fv_shape){ .rank = 0, .d = { 1, 1, 1, 1, 1, 1 } }; }
static inline fv_shape fv_nhwc(int64_t n, int64_t h, int64_t w, int64_t c) { return (fv_shape){ .rank = 4, .d = { 1, 1, n, h, w, c } }; }
static inline int64_t fv_elements(fv_shape s) { return s.d[0] * s.d[1] * s.d[2] * s.d[3] * s.d[4] * s.d[5]; }
bool fv_shape_equal(fv_shape a, fv_shape b);            /* same sizes; rank does not matter */
typedef struct { char s[96]; } fv_shape_string;
fv_shape_string fv_shape_text(fv_shape s);              /* "4x128x128x24" */
static inline int64_t fv_tensor_bytes(fv_type t, fv_shape s) { return fv_type_bytes(t) * fv_elements(s); }

/* One element as double, any type; rounding to nearest even. For reference kernels. */
double fv_get(fv_tensor t, int64_t i);
void fv_put(fv_tensor t, int64_t i, double v);
/* Is every value finite? Data may begin anywhere. Integers are. */
bool fv_all_finite(fv_tensor t);
float fv_bf16_to_float(uint16_t v);
uint16_t fv_float_to_bf16(float v);
float fv_f16_to_float(uint16_t v);
uint16_t fv_float_to_f16(float v);

static inline float *fv_f32(fv_tensor t) { return t.data; }
static inline int32_t *fv_i32(fv_tensor t) { return t.data; }

/* Groups: an array cut along a set of axes. Group g holds `size` elements that differ only in `axes`;
 * fv_at gives the flat index of its j-th. */
typedef struct {
	int64_t count, size;
	fv_shape shape;
	fv_axes axes;
} fv_groups;
fv_groups fv_groups_of(fv_shape s, fv_axes axes);
int64_t fv_at(fv_groups g, int64_t group, int64_t j);
#endif
