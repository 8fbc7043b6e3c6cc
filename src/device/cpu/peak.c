/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/peak.h"
#include "device/cpu/gemm.h"

#if defined(FV_ISA_amx)
static double run(int64_t rounds, float *sink)
{
	float sum[TILE * TILE];
	tile_enter();
	for (int64_t r = 0; r < rounds; r++) {
		tile_zero(0);
		tile_zero(1);
		tile_zero(2);
		tile_zero(3);
		tile_zero(4);
		tile_zero(5);
		tile_zero(6);
		tile_zero(7);
		for (int i = 0; i < TILE; i++) {
			tile_multiply(0, 4, 6);
			tile_multiply(1, 4, 7);
			tile_multiply(2, 5, 6);
			tile_multiply(3, 5, 7);
		}
	}
	tile_store(0, sum, TILE);
	tile_leave();
	__asm__ volatile("" : : : "memory");
	*sink = sum[0];
	return 2.0 * 4 * TILE * (TILE * TILE * 2 * TILE) * (double)rounds;
}
#else
#define SUMS (VF == 16 ? 24 : 12)       /* latency times multipliers, and no more than there are registers for */

static double run(int64_t rounds, float *sink)
{
	vf x = vf_set(*sink), y = vf_set(1), sum[SUMS];
	for (int i = 0; i < SUMS; i++)
		sum[i] = vf_zero();
	for (int64_t r = 0; r < rounds; r++) {
#pragma GCC unroll 24
		for (int i = 0; i < SUMS; i++)
			sum[i] = gemm_fma(x, y, sum[i]);
		__asm__ volatile("" : "+x"(x), "+x"(y));
	}
	for (int i = 1; i < SUMS; i++)
		sum[0] = vf_add(sum[0], sum[i]);
	vf_store(sink, sum[0], vm_first(1));
	return 2.0 * GEMM_PAIR * VF * SUMS * (double)rounds;
}
#endif

const fv_peak FV_KERNEL(peak) = { .name = FV_TEXT(FV_ISA), .needs = FV_ISA_BITS, .run = run };
