/* SPDX-License-Identifier: Apache-2.0 */
/* Resizing 8-bit pictures exactly as Pillow does (libImaging/Resample.c): separable, antialiased,
 * 22-bit weights, rounded to 8 bits between the passes; the horizontal pass first. */
#ifndef FV_RESAMPLE_H
#define FV_RESAMPLE_H
#include "base/base.h"

typedef enum { FV_FILTER_BOX, FV_FILTER_BILINEAR, FV_FILTER_BICUBIC, FV_FILTER_LANCZOS } fv_filter;

/* from: h rows of w RGB pixels, `stride` bytes a row; to: oh rows of ow, packed. room:
 * fv_resample_room() bytes. */
size_t fv_resample_room(int64_t h, int64_t w, int64_t oh, int64_t ow);
void fv_resample(const uint8_t *from, int64_t h, int64_t w, int64_t stride, uint8_t *to, int64_t oh,
                 int64_t ow, fv_filter filter, void *room);
#endif
