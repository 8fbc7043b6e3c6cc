/* SPDX-License-Identifier: Apache-2.0 */
/* space_to_depth and depth_to_space: one rearrangement, read in either direction.
 *
 * The fine picture has block x block pixels where the coarse one has a pixel of block^2 as many channels:
 *	coarse[n, p, q, (i block + j) C + k] = fine[n, p block + i, q block + j, k]
 * so a run of block C values stays together (ONNX calls this order DCR). PyTorch's pixel shuffles count channels as
 * (k block + i) block + j: readers of such weights permute them. */
#ifndef FV_BLOCKS_H
#define FV_BLOCKS_H
#include "op/op.h"

/* run: block C values, one row of a block */
typedef struct { int64_t block, run, coarse_w, coarse_step; } fv_blocks;

static inline fv_blocks fv_blocks_of(fv_shape coarse, int block)
{
	return (fv_blocks){ block, coarse.c / block, coarse.w, coarse.c };
}
/* Where in the coarse picture the first run of row `row` (over all pictures) of the fine one lies. Rows of the fine
 * picture are contiguous: its run q begins at (row coarse_w + q) run. The coarse one's at this plus q coarse_step. */
static inline int64_t fv_blocks_at(const fv_blocks *b, int64_t row)
{
	return row / b->block * b->coarse_w * b->coarse_step + row % b->block * b->run;
}
#endif
