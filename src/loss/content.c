/* SPDX-License-Identifier: Apache-2.0 */
/* What a picture shows, less its style: channels of a frozen map, each of mean 0 and spread 1. Mean
 * and spread of a channel are what instance norm takes for style: Huang and Belongie,
 * arXiv:1703.06868. */
#include "loss/loss.h"

#define EPS 1e-4                        /* of a variance; maps have spreads of about 1 to 10 */

fv_node *fv_content(fv_graph *g, fv_node *map) { return fv_normalise(g, map, FV_HW, EPS); }

fv_node *fv_square_distance(fv_graph *g, fv_node *a, fv_node *b)
{
	return fv_mean(g, fv_unary(g, FV_SQUARE, fv_sub(g, a, b), 0, 0), FV_ALL);
}
