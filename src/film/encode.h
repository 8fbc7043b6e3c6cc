/* SPDX-License-Identifier: Apache-2.0 */
/* Painted frames to packets. A segment of the film has an encoder of its own, so that it can be
 * made, kept and found again by itself: its frames are counted from 0, and their times are put in
 * when OUT is written (mux.c). */
#ifndef FV_FILM_ENCODE_H
#define FV_FILM_ENCODE_H
#include "film/wire.h"

/* Frames: what a killed run loses at most, and how far apart a film's key frames are. Large frames
 * take seconds each; key frames cost bytes: of a painted film of 720p 7 % more with 48, 23 % with
 * 24. */
enum { FV_FILM_SEGMENT_MOST = 96 };
static inline int fv_film_segment(const fv_film_size *z)
{
	const int64_t pixels = z->width * z->height;
	return pixels > 1280 * 720 ? 24 : pixels > 640 * 480 ? 48 : FV_FILM_SEGMENT_MOST;
}

const AVOutputFormat *fv_film_container(const char *path);      /* by its ending; NULL: none */
/* The encoder that o names, or the container's own, of those for frames with alpha one that keeps
 * it; FV_E_ARGUMENT when they do not go together. */
fv_status fv_film_codec(fv_err *err, const fv_film_options *o, bool alpha, const AVCodec **out);

typedef struct fv_encoder fv_encoder;
fv_status fv_encoder_new(fv_err *err, fv_context *c, const fv_film_options *o,
                         const fv_film_size *z, fv_encoder **out);
/* What OUT's header wants to know. Borrowed. */
const AVCodecContext *fv_encoder_context(const fv_encoder *e);
bool fv_encoder_drops_alpha(const fv_encoder *e);
/* Frame `number` of the segment; NULL: that was the last. Packets go to put(), with their frame's
 * number for a time. */
fv_status fv_encoder_frame(fv_err *err, fv_encoder *e, const fv_pixels *p, int64_t number,
                           fv_status (*put)(fv_err *err, void *user, const AVPacket *k),
                           void *user);
void fv_encoder_free(fv_encoder *e);
#endif
