/* SPDX-License-Identifier: Apache-2.0 */
/* A film from file to file:
 *
 *	its own process	  this thread, on the team	another thread
 *	decoding, RGB	> motion, painting, steadying > encoding, segments
 *
 * and when all segments are whole, OUT from them (mux.c). */
#define _GNU_SOURCE
#include "film/mux.h"
#include "film/reader.h"
#include "film/steady.h"
#include <libavfilter/avfilter.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <string.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUEUE = 3 };

/* A painted frame, or (data NULL) the end of a segment. */
typedef struct { void *data, *state; size_t state_bytes; int64_t pts, duration; bool last; } item;

typedef struct {
	fv_context *c;
	const fv_film_options *o;
	fv_film_size size;
	fv_segments *segments;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	item queue[QUEUE];
	int first, count;
	bool closing, stop;             /* no more will come; what is there is not wanted */
	fv_status st;
	fv_err err;
	/* of the thread alone */
	fv_encoder *encoder;
	fv_writer *writer;
	int64_t frames;                 /* of the segment */
} encoding;

/* ---- the other thread */
static fv_status put_packet(fv_err *err, void *user, const AVPacket *k)
{
	encoding *e = user;
	return fv_segment_item(err, e->writer,
	                       &(fv_item){ FV_ITEM_PACKET, (uint32_t)k->size, k->pts, k->flags },
	                       k->data);
}

static fv_status encode_frame(fv_err *err, encoding *e, const item *i)
{
	const fv_film_size *z = &e->size;
	const fv_pixels p = { z->width, z->height, z->channels, z->bits,
		              z->width * z->channels * z->bits / 8, i->data };
	fv_status st = FV_OK;
	if (!e->encoder && !e->o->put)
		st = fv_encoder_new(err, e->c, e->o, z, &e->encoder);
	if (!st && !e->writer)
		st = fv_segment_write(err, e->segments, e->segments->count, &e->writer);
	if (!st)
		st = fv_segment_item(err, e->writer,
		                     &(fv_item){ FV_ITEM_FRAME, 0, i->pts, i->duration }, NULL);
	if (st)
		return st;
	const int64_t number = e->frames++;
	return e->o->put ? e->o->put(err, e->o->user, e->segments->frames + number, &p)
	                 : fv_encoder_frame(err, e->encoder, &p, number, put_packet, e);
}

static fv_status end_segment(fv_err *err, encoding *e, const item *i)
{
	fv_segments *s = e->segments;
	fv_status st = FV_OK;
	if (e->encoder)
		st = fv_encoder_frame(err, e->encoder, NULL, 0, put_packet, e);
	if (!st)
		st = fv_segment_item(err, e->writer,
		                     &(fv_item){ FV_ITEM_END, 0, e->frames, i->last }, NULL);
	if (!st && i->state)
		st = fv_segment_state(err, s, s->count, i->state, i->state_bytes);
	if (!st) {
		fv_writer *w = e->writer;
		e->writer = NULL;
		st = fv_writer_commit(err, w);
	}
	if (!st)
		s->frames += e->frames, s->count++, s->whole = i->last;
	fv_encoder_free(e->encoder);
	e->encoder = NULL;
	e->frames = 0;
	return st;
}

static void *encode(void *arg)
{
	encoding *e = arg;
	for (;;) {
		pthread_mutex_lock(&e->lock);
		while (!e->count && !e->closing)
			pthread_cond_wait(&e->changed, &e->lock);
		const bool any = e->count && !e->stop;
		item i = any ? e->queue[e->first] : (item){ 0 };
		pthread_mutex_unlock(&e->lock);
		if (!any)
			break;
		fv_err err = { 0 };
		fv_status st = i.data ? encode_frame(&err, e, &i) : end_segment(&err, e, &i);
		free(i.data);
		free(i.state);
		pthread_mutex_lock(&e->lock);
		e->first = (e->first + 1) % QUEUE, e->count--;
		if (st)
			e->st = st, e->err = err, e->stop = true;
		pthread_cond_broadcast(&e->changed);
		pthread_mutex_unlock(&e->lock);
		if (st)
			break;
	}
	return NULL;
}

/* ---- this one */
static fv_status encoding_put(fv_err *err, encoding *e, item i)
{
	pthread_mutex_lock(&e->lock);
	while (e->count == QUEUE && !e->stop)
		pthread_cond_wait(&e->changed, &e->lock);
	fv_status st = e->st;
	if (st)
		*err = e->err;
	else
		e->queue[(e->first + e->count++) % QUEUE] = i;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	if (st) {
		free(i.data);
		free(i.state);
	}
	return st;
}

static fv_status encoding_begin(fv_err *err, encoding *e)
{
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, NULL);
	return pthread_create(&e->thread, NULL, encode, e)
	               ? fv_fail_memory(err, "a thread", 1 << 20)
	               : FV_OK;
}

/* Waits for what is queued, unless st says that it is not wanted. */
static fv_status encoding_end(fv_err *err, encoding *e, fv_status st)
{
	pthread_mutex_lock(&e->lock);
	e->closing = true;
	e->stop |= st != FV_OK;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	if (!st && e->st)
		*err = e->err, st = e->st;
	for (; e->count; e->count--, e->first = (e->first + 1) % QUEUE) {
		free(e->queue[e->first].data);
		free(e->queue[e->first].state);
	}
	fv_encoder_free(e->encoder);
	if (e->writer)
		fv_writer_abort(e->writer);
	pthread_mutex_destroy(&e->lock);
	pthread_cond_destroy(&e->changed);
	return st;
}

/* A painted copy of the frame: `out` of o->paint, steadied. */
static fv_status paint_frame(fv_err *err, const fv_film_options *o, fv_steadier *s,
                             const fv_pixels *in, void **out)
{
	const size_t bytes = (size_t)(in->height * in->stride_bytes);
	fv_film_frame f = { .in = *in, .out = *in };
	fv_status st = s ? fv_steadier_look(err, s, in, &f.shot) : FV_OK;
	if (!st && !(*out = f.out.data = malloc(bytes)))
		st = fv_fail_memory(err, o->in, bytes);
	if (!st)
		st = o->paint(err, o->user, &f);
	return st || !s ? st : fv_steadier_blend(err, s, in, &f.out);
}

static fv_status end_item(fv_err *err, encoding *e, fv_steadier *s, bool last)
{
	item i = { .last = last };
	if (s && !last && (i.state = malloc(fv_steadier_bytes(s)))) {
		i.state_bytes = fv_steadier_bytes(s);
		fv_steadier_save(s, i.state);
	}
	return s && !last && !i.state ? fv_fail_memory(err, e->o->in, fv_steadier_bytes(s))
	                              : encoding_put(err, e, i);
}

static fv_status paint_frames(fv_err *err, fv_film_reader *r, encoding *e, fv_steadier *s)
{
	const fv_film_options *o = e->o;
	const int64_t before = e->segments->frames;
	int64_t frames = before;
	fv_reader_frame f;
	bool got = true;
	fv_status st = FV_OK;
	while (!st && !(st = fv_reader_frame_next(err, r, &f, &got)) && got) {
		item i = { .pts = f.pts, .duration = f.duration };
		if (frames > before && frames % fv_film_segment(&r->size) == 0)
			st = end_item(err, e, s, false);
		if (!st && o->progress)
			o->progress(o->user, frames, r->size.frames, before);
		if (!st)
			st = paint_frame(err, o, s, &f.pixels, &i.data);
		fv_reader_frame_done(r, &f);
		if (!st)
			st = encoding_put(err, e, i);
		else
			free(i.data);
		frames++;
	}
	if (!st && frames == before)
		return before ? FV_OK
		              : fv_fail(err, FV_E_FORMAT, "%s: no frame of it can be read", o->in);
	return st ? st : end_item(err, e, s, true);
}

/* The steadier where the frames before left it; begun anew when that cannot be. */
static fv_status resume_steadier(fv_err *err, fv_context *c, const fv_film_options *o,
                                 fv_film_reader *r, const fv_segments *s, fv_steadier **out)
{
	const fv_film_size *z = &r->size;
	size_t bytes = 0;
	const fv_pixels size = { z->width, z->height, z->channels, z->bits,
		                 z->width * z->channels * z->bits / 8, NULL };
	fv_status st = fv_steadier_new(err, c, o->steady, &size, out);
	if (st || !s->count)
		return st;
	void *state = fv_segment_state_read(s, s->count - 1, &bytes);
	if (!state || !fv_steadier_load(*out, state, bytes))
		st = fv_fail(err, FV_E_READ, "%s: cannot be gone on with; remove it and begin anew",
		             s->folder);
	free(state);
	return st;
}

/* Cheap before dear: what the encoder does not take is known before anything is painted. */
static fv_status try_encoder(fv_err *err, fv_context *c, const fv_film_options *o,
                             const fv_film_size *size)
{
	fv_encoder *probe = NULL;
	fv_status st = fv_encoder_new(err, c, o, size, &probe);
	if (!st && fv_encoder_drops_alpha(probe) && o->warn) {
		char text[400];
		snprintf(text, sizeof text,
		         "%s: %s holds no transparency: what shows through is black; "
		         "--codec prores_ks, libvpx-vp9 or ffv1 keep it",
		         o->in, fv_encoder_context(probe)->codec->name);
		o->warn(o->user, text);
	}
	fv_encoder_free(probe);
	return st;
}

static fv_status paint_rest(fv_err *err, fv_context *c, const fv_film_options *o, fv_segments *s,
                            fv_film_size *size)
{
	fv_film_reader r;
	fv_steadier *steadier = NULL;
	encoding e = { .c = c, .o = o, .segments = s };
	fv_status st = fv_reader_open(err, c, o, FV_FILM_FRAMES,
	                              o->put ? "" : fv_film_container(o->out)->name, o->codec,
	                              s->frames, 0, &r);
	if (!st && !r.size.width)
		st = fv_fail(err, FV_E_FORMAT, "%s: no frame of it can be read", o->in);
	*size = e.size = r.size;
	if (!st && !o->put)
		st = try_encoder(err, c, o, size);
	if (!st && !s->whole && o->steady != FV_STEADY_OFF)
		st = resume_steadier(err, c, o, &r, s, &steadier);
	if (!st && !s->whole && !(st = encoding_begin(err, &e)))
		st = encoding_end(err, &e, paint_frames(err, &r, &e, steadier));
	fv_steadier_free(steadier);
	fv_reader_close(&r);
	return st;
}

static fv_status paint(fv_err *err, fv_context *c, const fv_film_options *o, fv_film_facts *facts)
{
	const AVCodec *codec;
	fv_segments s = { .lock = -1 };
	fv_film_size size = { 0 };
	fv_encoder *e = NULL;
	av_log_set_level(AV_LOG_QUIET);         /* what goes wrong is said by us */
	fv_status st = o->put ? FV_OK : fv_film_codec(err, o, false, &codec);
	/* That OUT can be written is known before it is painted. */
	if (!st)
		st = fv_writer_check(err, c, o->out);
	if (st || (st = fv_segments_open(err, c, o, &s)) ||
	    (st = paint_rest(err, c, o, &s, &size)))
		goto done;
	*facts = (fv_film_facts){ .width = size.width, .height = size.height, .frames = s.frames,
		                  .rate = av_q2d(size.rate),
		                  .seconds = (double)s.frames / av_q2d(size.rate) };
	if (!o->put && !(st = fv_encoder_new(err, c, o, &size, &e))) {
		facts->width = fv_encoder_context(e)->width;
		facts->height = fv_encoder_context(e)->height;
		facts->codec = fv_encoder_context(e)->codec->name;
		st = fv_film_mux(err, c, o, e, &size, &s, &facts->frames, &facts->seconds);
	}
	if (!st)
		fv_segments_remove(&s);
done:
	fv_encoder_free(e);
	fv_segments_close(&s);
	return st;
}

static fv_status look(fv_err *err, fv_context *c, const fv_film_options *o, int count,
                      fv_pixels *frames, int *got, fv_film_facts *facts)
{
	fv_film_reader r;
	bool more = true;
	const AVOutputFormat *f = fv_film_container(o->out);
	*got = 0;
	av_log_set_level(AV_LOG_QUIET);
	fv_status st = fv_reader_open(err, c, o, FV_FILM_LOOK, f ? f->name : "matroska", NULL, 0,
	                              count, &r);
	*facts = (fv_film_facts){ .width = r.size.width,
		                  .height = r.size.height,
		                  .frames = r.size.frames,
		                  .seconds = r.seconds };
	while (!st && *got < count) {
		fv_reader_frame one;
		if ((st = fv_reader_frame_next(err, &r, &one, &more)) || !more)
			break;
		const size_t bytes = (size_t)(one.pixels.height * one.pixels.stride_bytes);
		fv_pixels *to = &frames[*got];
		*to = one.pixels;
		if (!(to->data = fv_alloc(c, bytes)))
			st = fv_fail_memory(err, o->in, bytes);
		else {
			memcpy(to->data, one.pixels.data, bytes);
			++*got;
		}
		fv_reader_frame_done(&r, &one);
	}
	fv_reader_close(&r);
	return st;
}

/* Those that are here, not those that it was built with. */
static const char *library(void)
{
	static char text[160];
	const struct { const char *name; unsigned is; } each[] = {
		{ "libavformat", avformat_version() }, { "libavcodec", avcodec_version() },
		{ "libavfilter", avfilter_version() }, { "libswscale", swscale_version() },
	};
	size_t n = 0;
	for (size_t i = 0; i < FV_COUNT(each); i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %u.%u.%u", i ? ", " : "",
		                      each[i].name, each[i].is >> 16, each[i].is >> 8 & 255,
		                      each[i].is & 255);
	return text;
}

static bool encodes(const char *codec) { return avcodec_find_encoder_by_name(codec) != NULL; }

extern const fv_film_table fv_film_api;
__attribute__((visibility("default"))) const fv_film_table fv_film_api = {
	.version = FV_FILM_VERSION,
	.paint = paint,
	.look = look,
	.serve = fv_film_serve,
	.library = library,
	.encodes = encodes,
};
