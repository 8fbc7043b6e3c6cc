/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors: types, shapes, single elements. */
#include "graph/tensor.h"
#include <stdio.h>

static const struct { const char *name; int bytes; } types[] = {
	[FV_F32] = { "f32", 4 }, [FV_F64] = { "f64", 8 }, [FV_BF16] = { "bf16", 2 },
	[FV_F16] = { "f16", 2 }, [FV_I32] = { "i32", 4 }, [FV_U8] = { "u8", 1 },
};

int64_t fv_type_bytes(fv_type t) { return types[t].bytes; }
const char *fv_type_name(fv_type t) { return types[t].name; }

fv_shape fv_shape_of(int rank, const int64_t *d)
{
	fv_shape s = fv_scalar();
	s.rank = rank;
	for (int i = 0; i < rank; i++)
		s.d[FV_RANK - rank + i] = d[i];
	return s;
}

bool fv_shape_equal(fv_shape a, fv_shape b) { return !memcmp(a.d, b.d, sizeof a.d); }

fv_shape_string fv_shape_text(fv_shape s)
{
	fv_shape_string t = { "scalar" };
	int n = 0;
	for (int i = FV_RANK - s.rank; i < FV_RANK && n < (int)sizeof t.s; i++)
		n += snprintf(t.s + n, sizeof t.s - (size_t)n, n ? "x%" PRId64 : "%" PRId64, s.d[i]);
	return t;
}

float fv_bf16_to_float(uint16_t v)
{
	uint32_t u = (uint32_t)v << 16;
	float f;
	memcpy(&f, &u, sizeof f);
	return f;
}

uint16_t fv_float_to_bf16(float v)
{
	uint32_t u;
	memcpy(&u, &v, sizeof u);
	if ((u & 0x7fffffff) > 0x7f800000)
		return (uint16_t)(u >> 16 | 64);                /* a NaN stays one */
	return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

float fv_f16_to_float(uint16_t v)
{
	uint32_t sign = (uint32_t)(v & 0x8000) << 16, e = v >> 10 & 31, m = v & 1023, u;
	float f;
	if (e == 31)
		u = sign | 0x7f800000 | m << 13;
	else if (e)
		u = sign | (e + 112) << 23 | m << 13;
	else {
		f = (float)m * 0x1p-24f;                        /* subnormal */
		memcpy(&u, &f, sizeof u);
		u |= sign;
	}
	memcpy(&f, &u, sizeof f);
	return f;
}

uint16_t fv_float_to_f16(float v)
{
	uint32_t u;
	memcpy(&u, &v, sizeof u);
	uint16_t sign = (uint16_t)(u >> 16 & 0x8000);
	u &= 0x7fffffff;
	if (u > 0x7f800000)
		return sign | 0x7e00;
	if (u >= 0x477ff000)
		return sign | 0x7c00;                           /* rounds past 65504 */
	if (u < 0x38800000) {                                   /* subnormal: let the adder round */
		float f, half = 0.5f;
		uint32_t h, b;
		memcpy(&f, &u, sizeof f);
		f += half;
		memcpy(&b, &f, sizeof b);
		memcpy(&h, &half, sizeof h);
		return sign | (uint16_t)(b - h);
	}
	u += 0xfff + (u >> 13 & 1);
	return sign | (uint16_t)((u - 0x38000000) >> 13);
}

double fv_get(fv_tensor t, int64_t i)
{
	switch (t.type) {
	case FV_F32: return ((float *)t.data)[i];
	case FV_F64: return ((double *)t.data)[i];
	case FV_BF16: return fv_bf16_to_float(((uint16_t *)t.data)[i]);
	case FV_F16: return fv_f16_to_float(((uint16_t *)t.data)[i]);
	case FV_I32: return ((int32_t *)t.data)[i];
	case FV_U8: return ((uint8_t *)t.data)[i];
	}
	return 0;
}

void fv_put(fv_tensor t, int64_t i, double v)
{
	switch (t.type) {
	case FV_F32: ((float *)t.data)[i] = (float)v; break;
	case FV_F64: ((double *)t.data)[i] = v; break;
	case FV_BF16: ((uint16_t *)t.data)[i] = fv_float_to_bf16((float)v); break;
	case FV_F16: ((uint16_t *)t.data)[i] = fv_float_to_f16((float)v); break;
	case FV_I32: ((int32_t *)t.data)[i] = (int32_t)v; break;
	case FV_U8: ((uint8_t *)t.data)[i] = (uint8_t)v; break;
	}
}

/* Infinities and NaNs are what has all bits of the exponent set; looked at as whole numbers, so
 * that it goes at memory's speed. */
static bool finite16(const char *p, int64_t count, uint16_t exponent)
{
	uint16_t bad = 0, u;
	for (int64_t i = 0; i < count; i++) {
		memcpy(&u, p + i * (int64_t)sizeof u, sizeof u);
		bad |= (u & exponent) == exponent;
	}
	return !bad;
}

static bool finite32(const char *p, int64_t count)
{
	const uint32_t exponent = 0x7f800000;
	uint32_t bad = 0, u;
	for (int64_t i = 0; i < count; i++) {
		memcpy(&u, p + i * (int64_t)sizeof u, sizeof u);
		bad |= (u & exponent) == exponent;
	}
	return !bad;
}

static bool finite64(const char *p, int64_t count)
{
	const uint64_t exponent = UINT64_C(0x7ff0000000000000);
	uint64_t bad = 0, u;
	for (int64_t i = 0; i < count; i++) {
		memcpy(&u, p + i * (int64_t)sizeof u, sizeof u);
		bad |= (u & exponent) == exponent;
	}
	return !bad;
}

bool fv_all_finite(fv_tensor t)
{
	int64_t count = fv_elements(t.shape);
	switch (t.type) {
	case FV_F32: return finite32(t.data, count);
	case FV_F64: return finite64(t.data, count);
	case FV_BF16: return finite16(t.data, count, 0x7f80);
	case FV_F16: return finite16(t.data, count, 0x7c00);
	case FV_I32: case FV_U8: break;
	}
	return true;
}

fv_groups fv_groups_of(fv_shape s, fv_axes axes)
{
	fv_groups g = { 1, 1, s, axes };
	for (int i = 0; i < FV_RANK; i++)
		*(axes >> i & 1 ? &g.size : &g.count) *= s.d[i];
	return g;
}

int64_t fv_at(fv_groups g, int64_t group, int64_t j)
{
	int64_t at = 0, step = 1;
	for (int i = FV_RANK - 1; i >= 0; i--) {
		int64_t *from = g.axes >> i & 1 ? &j : &group;
		at += *from % g.shape.d[i] * step;
		*from /= g.shape.d[i];
		step *= g.shape.d[i];
	}
	return at;
}
