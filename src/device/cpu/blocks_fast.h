/* SPDX-License-Identifier: Apache-2.0 */
/* space_to_depth and depth_to_space: runs copied; a row of the fine picture a unit. */
#ifndef FV_BLOCKS_FAST_H
#define FV_BLOCKS_FAST_H
#include "device/cpu/chunks.h"
#include "op/blocks.h"

VEC void blocks_run(const float *from, float *to, const fv_blocks *b, bool to_depth, int64_t first, int64_t last)
{
	for (int64_t row = first; row < last; row++)
		for (int64_t q = 0; q < b->coarse_w; q++) {
			int64_t coarse = fv_blocks_at(b, row) + q * b->coarse_step, fine = (row * b->coarse_w + q) * b->run;
			const float *x = from + (to_depth ? fine : coarse);
			float *y = to + (to_depth ? coarse : fine);
			int64_t i = 0;
			for (; i + VF <= b->run; i += VF)
				vf_storeu(y + i, vf_loadu(x + i));
			for (; i < b->run; i++)
				y[i] = x[i];
		}
}
#endif
