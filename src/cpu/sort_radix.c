/* SPDX-License-Identifier: Apache-2.0 */
/* sort by radix: keys are the floats' bits made to order as integers, with their number below; three passes of 11, 11
 * and 10 bits, least first, each stable. A row a unit. */
#include "cpu/chunks.h"

#define BITS 11
#define BINS (1 << BITS)

static bool supports(const fv_node *n, const char **why)
{
	*why = n->type != FV_F32 ? "only float" : n->shape.c < 64 ? "short rows: nothing to win" : NULL;
	return !*why;
}

static int64_t units(const fv_node *n, int phase) { return fv_elements(n->shape) / n->shape.c; }

static int64_t pairs_bytes(const fv_node *n) { return fv_div_up(n->shape.c * 8, FV_ALIGN) * FV_ALIGN; }
static int64_t thread_bytes(const fv_node *n) { return 2 * pairs_bytes(n) + 3 * BINS * (int64_t)sizeof(uint32_t); }
static int64_t scratch(const fv_node *n, int threads) { return threads * thread_bytes(n); }

/* Order of floats: negative ones turned over; every NaN last and equal; -0 and 0 equal. */
static inline uint32_t key_of(float x)
{
	uint32_t u;
	x += 0.0f;                                              /* -0 becomes 0 */
	memcpy(&u, &x, sizeof u);
	if (x != x)
		return UINT32_MAX;
	return u >> 31 ? ~u : u | 0x80000000u;
}

static void sort_row(const float *x, int64_t n, uint64_t *a, uint64_t *b, uint32_t *bins, float *y, int32_t *permutation)
{
	memset(bins, 0, 3 * BINS * sizeof *bins);
	for (int64_t i = 0; i < n; i++) {
		uint32_t k = key_of(x[i]);
		a[i] = (uint64_t)k << 32 | (uint32_t)i;
		bins[k & (BINS - 1)]++;
		bins[BINS + (k >> BITS & (BINS - 1))]++;
		bins[2 * BINS + (k >> 2 * BITS)]++;
	}
	for (int pass = 0; pass < 3; pass++) {
		uint32_t *bin = bins + pass * BINS, at = 0;
		for (int i = 0; i < BINS; i++) {
			uint32_t count = bin[i];
			bin[i] = at;
			at += count;
		}
		int shift = 32 + pass * BITS;
		for (int64_t i = 0; i < n; i++)
			b[bin[a[i] >> shift & (BINS - 1)]++] = a[i];
		uint64_t *t = a;
		a = b, b = t;
	}
	for (int64_t i = 0; i < n; i++) {
		permutation[i] = (int32_t)a[i];
		y[i] = x[permutation[i]];
	}
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	int64_t n = c->out[0].shape.c;
	char *mine = (char *)c->scratch + thread * thread_bytes(c->node);
	uint64_t *a = (uint64_t *)mine, *b = (uint64_t *)(mine + pairs_bytes(c->node));
	for (int64_t r = first; r < last; r++)
		sort_row(fv_f32(c->in[0]) + r * n, n, a, b, (uint32_t *)(mine + 2 * pairs_bytes(c->node)), fv_f32(c->out[0]) + r * n,
		         fv_i32(c->out[1]) + r * n);
}

const fv_kernel FV_KERNEL(sort_radix) = {
	.name = FV_KERNEL_NAME(sort_radix), .op = &fv_op_sort, .needs = FV_ISA_BITS, .supports = supports,
	.units = units, .scratch = scratch, .run = run,
};
