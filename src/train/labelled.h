/* SPDX-License-Identifier: Apache-2.0 */
/* Small pictures in [-1,1], perhaps with labels: an idx file, its folder, a folder of pictures
 * (crops of them), or a folder with a folder of pictures for each label. Part 0 of a batch is the
 * pictures, part 1 their labels, one-hot. */
#ifndef FV_LABELLED_H
#define FV_LABELLED_H
#include "train/recipe.h"

extern const fv_data_type
	fv_data_labelled; /* its option is a TEXT; the option `size` may be 0: the data say */

int fv_labelled_channels(const fv_data *d); /* 1 or 3 */
int fv_labelled_count(const fv_data *d);    /* of labels; 0: they have none */
const char *fv_labelled_name(const fv_data *d, int label);
#endif
