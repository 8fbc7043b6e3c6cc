/* SPDX-License-Identifier: Apache-2.0 */
/* numpy's default_rng: seeds hashed by SeedSequence (O'Neill's seed_seq_fe), PCG XSL-RR 128/64 [1],
 * bounded integers by Lemire's multiplication [2] (permutations: masked and refused), normals by a
 * ziggurat of 256 layers [3].
 *
 * [1] O'Neill: PCG, HMC-CS-2014-0905. [2] Lemire: Fast Random Integer Generation in an Interval,
 * arXiv:1805.10941.
 * [3] Marsaglia, Tsang: The Ziggurat Method, J. Stat. Softw. 5(8), 2000; Doornik's layout. */
#include "eval/pcg64.h"
#include <math.h>

static uint32_t hash(uint32_t value, uint32_t *constant, uint32_t multiplier)
{
	value ^= *constant;
	*constant *= multiplier;
	value *= *constant;
	return value ^ value >> 16;
}

static void advance(fv_pcg64 *g)
{
	const unsigned __int128 multiplier = (unsigned __int128)0x2360ED051FC65DA4u << 64 |
	                                     0x4385DF649FCCF645u;
	g->state = g->state * multiplier + g->step;
}

fv_pcg64 fv_pcg64_seed(uint32_t seed)
{
	uint32_t pool[4] = { seed }, constant = 0x43b0d7e5u;
	uint64_t word[4] = { 0 };
	for (int i = 0; i < 4; i++)
		pool[i] = hash(pool[i], &constant, 0x931e8875u);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++)
			if (i != j) {
				uint32_t v = 0xca01f9ddu * pool[j] -
				             0x4973f715u * hash(pool[i], &constant, 0x931e8875u);
				pool[j] = v ^ v >> 16;
			}
	constant = 0x8b51f9ddu;
	for (int i = 0; i < 8; i++)
		word[i / 2] |= (uint64_t)hash(pool[i % 4], &constant, 0x58f38dedu) << 32 * (i & 1);
	fv_pcg64 g = { .step = ((unsigned __int128)word[2] << 64 | word[3]) << 1 | 1 };
	advance(&g);
	g.state += (unsigned __int128)word[0] << 64 | word[1];
	advance(&g);
	return g;
}

static uint64_t next64(fv_pcg64 *g)
{
	advance(g);
	uint64_t v = (uint64_t)(g->state >> 64) ^ (uint64_t)g->state;
	unsigned turn = (unsigned)(g->state >> 122);
	return v >> turn | v << (-turn & 63);
}

static uint32_t next32(fv_pcg64 *g)
{
	if ((g->half = !g->half)) {
		uint64_t v = next64(g);
		g->spare = (uint32_t)(v >> 32);
		return (uint32_t)v;
	}
	return g->spare;
}

static double unit(fv_pcg64 *g) { return (double)(next64(g) >> 11) * (1.0 / 9007199254740992.0); }

uint32_t fv_pcg64_below(fv_pcg64 *g, uint32_t n)
{
	if (n < 2)
		return 0;
	uint64_t v = (uint64_t)next32(g) * n;
	if ((uint32_t)v < n)
		for (uint32_t least = -n % n; (uint32_t)v < least;)
			v = (uint64_t)next32(g) * n;
	return (uint32_t)(v >> 32);
}

void fv_pcg64_permutation(fv_pcg64 *g, uint32_t *order, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	for (int64_t i = n - 1; i > 0; i--) {
		uint32_t mask = (uint32_t)((1ull << (64 - __builtin_clzll((uint64_t)i))) - 1), j,
			 t = order[i];
		while ((j = next32(g) & mask) > i)
			;
		order[i] = order[j];
		order[j] = t;
	}
}

#define TAIL 3.6541528853610088         /* where the lowest layer's tail begins */

/* Layers of equal area v under f(x) = exp(-x^2/2), x falling from TAIL: x_i f(x_i) stacked; 52-bit
 * abscissas. */
void fv_ziggurat_make(fv_ziggurat *z)
{
	const double scale = 4503599627370496.0;
	double x = TAIL, f = exp(-0.5 * x * x),
	       v = TAIL * f + sqrt(acos(-1) / 2) * erfc(TAIL / sqrt(2));
	z->inside[0] = (uint64_t)(x / (v / f) * scale);
	z->width[0] = v / f / scale;
	z->height[0] = 1;
	for (int i = 255; i > 0; i--) {
		z->width[i] = x / scale;
		z->height[i] = f;
		double next = i > 1 ? sqrt(-2 * log(v / x + f)) : 0;
		z->inside[i] = (uint64_t)(next / x * scale);
		x = next;
		f = exp(-0.5 * x * x);
	}
}

double fv_pcg64_normal(fv_pcg64 *g, const fv_ziggurat *z)
{
	for (;;) {
		uint64_t r = next64(g), magnitude = r >> 9 & 0xfffffffffffffu;
		unsigned i = r & 255;
		double x = (double)magnitude * z->width[i];
		if (r >> 8 & 1)
			x = -x;
		if (magnitude < z->inside[i])
			return x;
		if (i == 0)
			for (;;) {
				double far = -1 / TAIL * log1p(-unit(g)), up = -log1p(-unit(g));
				if (up + up > far * far)
					return magnitude >> 8 & 1 ? -(TAIL + far) : TAIL + far;
			}
		if ((z->height[i - 1] - z->height[i]) * unit(g) + z->height[i] < exp(-0.5 * x * x))
			return x;
	}
}
