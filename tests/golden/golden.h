/* SPDX-License-Identifier: Apache-2.0 */
/* What the golden tests share with the scripts that made their data: one formula for every number. */
#ifndef FV_GOLDEN_H
#define FV_GOLDEN_H
#include "test.h"
#include "values.h"
#include "model/safetensors.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Number i of `name`, in [-1,1): FNV-1a of the name, then an integer hash of the index (lowbias32). */
static inline double golden_value(const char *name, int64_t i)
{
	uint32_t h = 2166136261u;
	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	uint32_t x = (uint32_t)i * 0x9E3779B9u + h;
	x ^= x >> 16, x *= 0x7FEB352Du, x ^= x >> 15, x *= 0x846CA68Bu, x ^= x >> 16;
	return (double)(x >> 8) / 8388608.0 - 1;
}

static inline void golden_fill(fv_tensor t, const char *name, double scale, double shift)
{
	for (int64_t i = 0; i < fv_elements(t.shape); i++)
		fv_put(t, i, golden_value(name, i) * scale + shift);
}

static inline void golden_put(fv_program *p, const char *port, const char *name, double scale, double shift)
{
	fv_tensor t = port_values(p, port);
	golden_fill(t, name, scale, shift);
	port_take(p, port, t);
}

static inline void golden_variable(fv_variable *v, const char *name, double scale, double shift)
{
	fv_tensor t = variable_values(v);
	golden_fill(t, name, scale, shift);
	variable_take(v, t);
}

static inline void golden_check(bool ok, const char *what, double off, double limit)
{
	check(ok, "%s is off by %.2g (%.2g)", what, off, limit);
}

/* The file that a test is named; false: said why not. */
static inline bool golden_open(int argc, char **argv, fv_context **c, fv_safetensors *f)
{
	fv_err err = { 0 };
	const bool ok = argc > 1 && !fv_context_new(&err, NULL, c) &&
	                !fv_safetensors_open(&err, *c, argv[1], f);
	if (argc < 2)
		printf("usage: %s FILE.safetensors\n", argv[0]);
	else if (!ok)
		printf("%s\n", err.text);
	return ok;
}

/* Whole numbers lo..hi. */
static inline void golden_whole(int32_t *to, int64_t n, const char *name, int lo, int hi)
{
	for (int64_t i = 0; i < n; i++)
		to[i] = (int32_t)floor(lo + (golden_value(name, i) + 1) / 2 * (hi - lo + 1));
}
#endif
