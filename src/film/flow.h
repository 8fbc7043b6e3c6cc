/* SPDX-License-Identifier: Apache-2.0 */
/* Motion between two frames: dense inverse search.
 *
 * Kroeger, Timofte, Dai, Van Gool: Fast Optical Flow using Dense Inverse Search, ECCV 2016
 * (arXiv:1603.03590), with the parameters, roundings and borders of OpenCV's DISOpticalFlow of the
 * medium preset, so that either may be measured by the other. */
#ifndef FV_FILM_FLOW_H
#define FV_FILM_FLOW_H
#include "base/base.h"

typedef struct fv_flow fv_flow;
/* Of frames of h x w, any size from 1. finest: the level at which the search ends: 0 at every
 * pixel, 1 at half as many a side, ... out: yours, fv_flow_free. FV_E_MEMORY. */
fv_status fv_flow_new(fv_err *err, fv_context *c, int64_t h, int64_t w, int finest, fv_flow **out);
void fv_flow_free(fv_flow *f);
/* Hands in a frame, h,w of grey; the one before becomes `before`, `before` is forgotten. */
void fv_flow_put(fv_flow *f, const uint8_t *grey);
/* uv: h,w,2, written: what is seen at (x, y) of the frame now was at (x, y) + uv in the frame
 * before; ahead: what was seen at (x, y) of the one before is at (x, y) + uv now. 0 where a side
 * is shorter than a patch, 8 pixels. The same bits at any number of threads. */
void fv_flow_run(fv_flow *f, bool ahead, float *uv);
#endif
