/* SPDX-License-Identifier: Apache-2.0 */
/* Between a film's colours and RGB, there and back by the same matrix and range. */
#ifndef FV_FILM_COLOUR_H
#define FV_FILM_COLOUR_H
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
#include <stdbool.h>
#include <stdint.h>

enum AVPixelFormat fv_colour_rgb(int channels, int bits);
/* AVCOL_RANGE_JPEG or AVCOL_RANGE_MPEG: what it says, or what its format means. */
int fv_colour_range(const AVFrame *f);
/* The matrix of SWS_CS_*; untagged: by the shorter side, as players do. */
int fv_colour_matrix(int matrix, int64_t shorter);
/* A converter of f to w x h pixels of RGB; old: one that is used again or freed. NULL: none. */
struct SwsContext *fv_colour_to_rgb(struct SwsContext *old, const AVFrame *f, int64_t shorter,
                                    int w, int h, enum AVPixelFormat rgb);
/* And from RGB into f's format, matrix and range, of the same size. */
struct SwsContext *fv_colour_from_rgb(struct SwsContext *old, const AVFrame *f, int64_t shorter,
                                      enum AVPixelFormat rgb);
#endif
