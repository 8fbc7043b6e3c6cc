/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that the caller reads: pictures of a folder. All become as the first is, which says
 * channels and bits; of another size none may be. */
#include "film/reader.h"
#include "film/colour.h"
#include <stdlib.h>

static fv_status get(fv_err *err, fv_film_reader *r, fv_pixels *p)
{
	if (fv_cancelled(r->c))
		return fv_fail(err, FV_E_CANCELLED, "%s: interrupted", r->o->in);
	return r->o->frame(err, r->o->user, r->given, p);
}

fv_status fv_given_open(fv_err *err, fv_film_reader *r, fv_film_pass pass, int64_t skip, int count)
{
	const fv_film_options *o = r->o;
	fv_film_size *z = &r->size;
	fv_pixels p;
	if (pass == FV_FILM_PACKETS) {
		r->over = true;
		return FV_OK;
	}
	fv_status st = get(err, r, &p);
	if (st)
		return st;
	fv_film_size_asked(o->width, o->height, p.width, p.height, &z->width, &z->height);
	if (z->width * z->height > FV_FILM_PIXELS)
		return fv_fail(err, FV_E_LIMIT, "%s: frames of %" PRId64 "x%" PRId64 " pixels are "
		               "more than fauve paints; give a --size", o->in, z->width, z->height);
	z->channels = p.channels, z->bits = p.bits, z->frames = o->frames;
	z->range = AVCOL_RANGE_MPEG, z->matrix = AVCOL_SPC_BT709;
	z->primaries = AVCOL_PRI_UNSPECIFIED, z->transfer = AVCOL_TRC_UNSPECIFIED;
	z->rate = (AVRational){ o->rate[0], o->rate[1] }, z->time = av_inv_q(z->rate);
	z->shape = (AVRational){ 0, 1 };
	r->width = p.width, r->height = p.height;
	r->seconds = (double)o->frames * av_q2d(z->time);
	/* Of a look: the middle of each part. */
	r->given = pass == FV_FILM_LOOK ? o->frames / (2 * fv_max(1, count)) : skip;
	r->step = pass == FV_FILM_LOOK ? fv_max(1, o->frames / fv_max(1, count)) : 1;
	return FV_OK;
}

fv_status fv_given_next(fv_err *err, fv_film_reader *r, fv_reader_frame *f, bool *got)
{
	const fv_film_size *z = &r->size;
	const int64_t stride = z->width * z->channels * z->bits / 8;
	fv_pixels p;
	*got = false;
	if (r->given >= r->o->frames)
		return FV_OK;
	fv_status st = get(err, r, &p);
	if (st)
		return st;
	if (p.width != r->width || p.height != r->height)
		return fv_fail(err, FV_E_FORMAT, "%s: frame %" PRId64 " has %" PRId64 "x%" PRId64
		               " pixels, the first %" PRId64 "x%" PRId64 "; a film's frames are of "
		               "one size", r->o->in, r->given + 1, p.width, p.height, r->width,
		               r->height);
	*f = (fv_reader_frame){ p, 0, r->given, 1 };
	r->given += r->step;
	*got = true;
	if (p.width == z->width && p.height == z->height && p.channels == z->channels &&
	    p.bits == z->bits)
		return FV_OK;
	/* Room behind the last row: converters write whole vectors. */
	if (!r->scaled && !(r->scaled = malloc((size_t)(stride * z->height) + 4096)))
		return fv_fail_memory(err, r->o->in, (size_t)(stride * z->height));
	r->sws = sws_getCachedContext(r->sws, (int)p.width, (int)p.height,
	                              fv_colour_rgb(p.channels, p.bits), (int)z->width,
	                              (int)z->height, fv_colour_rgb(z->channels, z->bits),
	                              SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
	uint8_t *to[4] = { r->scaled };
	const uint8_t *from[4] = { p.data };
	const int step[4] = { (int)p.stride_bytes }, to_step[4] = { (int)stride };
	if (!r->sws || sws_scale(r->sws, from, step, 0, (int)p.height, to, to_step) < 0)
		return fv_fail(err, FV_E_INTERNAL, "%s: its frames cannot be made %" PRId64
		               "x%" PRId64, r->o->in, z->width, z->height);
	f->pixels = (fv_pixels){ z->width, z->height, z->channels, z->bits, stride, r->scaled };
	return FV_OK;
}

void fv_given_close(fv_film_reader *r)
{
	sws_freeContext(r->sws);
	free(r->scaled);
}
