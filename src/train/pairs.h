/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of pictures (fv_data_type fv_data_pairs): what goes in, and what is to come out.
 *
 * A folder either holds pictures of both, side by side: the left half is A, the right half B. Or it
 * holds two folders, A and B (or trainA and trainB), whose pictures belong together where their
 * names without the ending are the same. One without a partner is said by its name and left out;
 * two of a pair must be of one size.
 *
 * Both are reduced to 286/256 of the side of a crop, whatever their aspect; the crop and whether it
 * is mirrored are drawn once for both. Isola et al., arXiv:1611.07004, section 6.2. */
#ifndef FV_PAIRS_H
#define FV_PAIRS_H
#include "train/recipe.h"

/* Words of an option `direction`. Of pairs it says what part 0, the input, is: A or B. */
extern const char *const fv_directions[];
#endif
