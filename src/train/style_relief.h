/* SPDX-License-Identifier: Apache-2.0 */
/* How much stronger neighbouring strokes would have to differ to differ as the paintings' do
 * (paint/paint.h has what relief is). Not over the crops that it learns from, where it comes near:
 * over whole pictures, with the brushes that people paint with. */
#ifndef FV_STYLE_RELIEF_H
#define FV_STYLE_RELIEF_H
#include "model/model.h"
#include "train/feed.h"
#include "train/style_graph.h"

typedef struct fv_style_relief fv_style_relief;

/* photos, art: pictures of `side` pixels, one a batch, of which some are looked at here. */
fv_status fv_style_relief_new(fv_err *err, fv_context *c, const fv_style_config *config, int side,
                              fv_feed *photos, fv_feed *art, fv_style_relief **out);
/* The paintings' mean relief over that of the averaged weights' own ("E." in the store); each band at
 * least 1, at most FV_RELIEF_TRAINED. */
#define FV_RELIEF_TRAINED 1.5
fv_status fv_style_relief_now(fv_err *err, fv_style_relief *s, fv_store *store,
                              double relief[FV_RELIEF_BANDS]);
void fv_style_relief_free(fv_style_relief *s);
#endif
