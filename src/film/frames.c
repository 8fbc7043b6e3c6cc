/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to upright RGB frames with times: decoding, fields made whole, times that are missing or
 * rounded. */
#include "film/serve.h"
#include "film/colour.h"
#include <errno.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* How stored pixels are shown: transposed first, then mirrored. */
typedef struct { bool swap, left, up; } turn;

typedef struct {
	fv_film_source *s;
	AVCodecContext *d;
	AVFilterGraph *graph;           /* fields to frames; NULL: none are */
	AVFilterContext *first, *last;
	bool decided;                   /* the first frame has come: size and kind are known */
	turn turn;
	fv_film_size size;
	uint8_t *memory;                /* slots */
	size_t slot_bytes, stored_stride;
	bool taken[FV_FILM_SLOTS];
	struct SwsContext *sws;
	uint8_t *stored;                /* a frame as it is stored, in RGB */
	int64_t sent, seen, damaged, doubled;
	AVRational out;                 /* time base of what main is told */
	int64_t begin;                  /* of the first frame, in the stream's time base */
	int64_t last_time, last_out, step;      /* what the frame before had; step: its duration */
	int64_t origin;                 /* the film's, in the stream's time base */
	/* the frame that waits until its end is known */
	bool waits;
	fv_film_record wait;
	bool over;
} frames;

static turn turn_of(const int32_t *m)
{
	if (!m)
		return (turn){ 0 };
	const double a = fabs((double)m[0]) + fabs((double)m[4]),
	             b = fabs((double)m[1]) + fabs((double)m[3]);
	if (a == 0 && b == 0)
		return (turn){ 0 };
	if (b > a)
		return (turn){ true, m[3] < 0, m[1] < 0 };
	return (turn){ false, m[0] < 0, m[4] < 0 };
}

static void open_decoder(frames *r)
{
	const AVStream *t = r->s->f->streams[r->s->video];
	const AVCodecParameters *p = t->codecpar;
	const AVDictionaryEntry *alpha = av_dict_get(t->metadata, "alpha_mode", NULL, 0);
	/* FFmpeg's own decoders of these do not look at their alpha. */
	const char *other = p->codec_id == AV_CODEC_ID_VP9 ? "libvpx-vp9" : "libvpx";
	const AVCodec *codec = NULL;
	if (alpha && !strcmp(alpha->value, "1") &&
	    (p->codec_id == AV_CODEC_ID_VP9 || p->codec_id == AV_CODEC_ID_VP8))
		codec = avcodec_find_decoder_by_name(other);
	if (!codec)
		codec = avcodec_find_decoder(p->codec_id);
	if (!codec)
		fv_serve_fail(FV_E_FORMAT,
		              ": its frames are coded as %s, which cannot be read here",
		              avcodec_get_name(p->codec_id));
	r->d = avcodec_alloc_context3(codec);
	if (!r->d || avcodec_parameters_to_context(r->d, p) < 0)
		fv_serve_fail(FV_E_MEMORY, ": not enough memory to decode it");
	r->d->pkt_timebase = t->time_base;
	r->d->max_pixels = FV_FILM_PIXELS;
	r->d->thread_count = fv_max(1, fv_min(8, r->s->q.threads));
	int failed = avcodec_open2(r->d, codec, NULL);
	if (failed < 0)
		fv_serve_fail(FV_E_FORMAT, ": its frames (%s) cannot be decoded: %s", codec->name,
		              fv_serve_why(failed));
}

/* ---- times */
static int64_t common(int64_t a, int64_t b) { return b ? common(b, a % b) : a; }

/* The unit of times that main is told: the stream's own, or, where that is so coarse that a steady
 * rate is rounded in it (Matroska's milliseconds), one in which both are whole. */
static AVRational unit_of(const AVStream *t, AVRational rate)
{
	const AVRational own = t->time_base;
	if (rate.num <= 0 || rate.den <= 0 || own.num != 1 || own.den != 1000 || rate.num > 1000000)
		return own;
	if ((int64_t)own.den * rate.den % rate.num == 0)
		return own;
	int64_t both = (int64_t)own.den / common(own.den, rate.num) * rate.num;
	return both > 0 && both < 10000000 ? (AVRational){ 1, (int)both } : own;
}

static AVRational rate_of(const AVStream *t)
{
	AVRational r = t->avg_frame_rate.num > 0 ? t->avg_frame_rate : t->r_frame_rate;
	if (r.num <= 0 || r.den <= 0)
		r = (AVRational){ 25, 1 };
	/* Matroska rounds the rate too. */
	const AVRational known[] = { { 24000, 1001 }, { 30000, 1001 }, { 60000, 1001 } };
	for (size_t i = 0; i < FV_COUNT(known); i++)
		if (fabs(av_q2d(r) / av_q2d(known[i]) - 1) < 1e-5)
			return known[i];
	return r;
}

/* at: in the stream's units, from the first frame. */
static int64_t in_unit(const frames *r, int64_t at)
{
	const AVStream *t = r->s->f->streams[r->s->video];
	const int64_t plain = av_rescale_q(at, t->time_base, r->out);
	if (!av_cmp_q(r->out, t->time_base))
		return plain;
	const double seconds = (double)at * av_q2d(t->time_base), rate = av_q2d(r->size.rate);
	const double frame = round(seconds * rate);
	if (fabs(frame / rate - seconds) > 0.51 * av_q2d(t->time_base))
		return plain;
	return av_rescale_q((int64_t)frame, av_inv_q(r->size.rate), r->out);
}

/* ---- fields */
static void open_filter(frames *r, const AVFrame *f)
{
	const AVStream *t = r->s->f->streams[r->s->video];
	char args[200];
	AVFilterContext *bwdif = NULL;
	snprintf(args, sizeof args, "video_size=%dx%d:pix_fmt=%d:time_base=%d/%d:pixel_aspect=1/1",
	         f->width, f->height, f->format, t->time_base.num, t->time_base.den);
	r->graph = avfilter_graph_alloc();
	if (r->graph)
		r->graph->nb_threads = fv_max(1, r->s->q.threads);
	if (!r->graph ||
	    avfilter_graph_create_filter(&r->first, avfilter_get_by_name("buffer"), "in", args,
	                                 NULL, r->graph) < 0 ||
	    avfilter_graph_create_filter(&bwdif, avfilter_get_by_name("bwdif"), "fields",
	                                 "mode=send_frame:deint=interlaced", NULL, r->graph) < 0 ||
	    avfilter_graph_create_filter(&r->last, avfilter_get_by_name("buffersink"), "out", NULL,
	                                 NULL, r->graph) < 0 ||
	    avfilter_link(r->first, 0, bwdif, 0) < 0 || avfilter_link(bwdif, 0, r->last, 0) < 0 ||
	    avfilter_graph_config(r->graph, NULL) < 0) {
		avfilter_graph_free(&r->graph);
		fv_serve_warn(": its fields cannot be made whole (%s): it is painted with combs",
		              av_get_pix_fmt_name(f->format));
	}
}

/* ---- pixels */
/* GIF and APNG have alpha, used or not: the first frame says. */
static bool opaque(const AVFrame *f)
{
	const int at = f->format == AV_PIX_FMT_BGRA || f->format == AV_PIX_FMT_RGBA ? 3 : -1;
	for (int y = 0; y < f->height && at >= 0; y++)
		for (int x = 0; x < f->width; x++)
			if (f->data[0][y * f->linesize[0] + 4 * x + at] != 255)
				return false;
	return at >= 0;
}

/* Tells main the size, and waits for memory. */
static void decide(frames *r, const AVFrame *f)
{
	fv_film_source *s = r->s;
	AVStream *t = s->f->streams[s->video];
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
	fv_film_size *z = &r->size;
	const AVFrameSideData *matrix = av_frame_get_side_data(f, AV_FRAME_DATA_DISPLAYMATRIX);
	const int32_t *m = matrix ? (const int32_t *)matrix->data
	                          : (const int32_t *)av_stream_get_side_data(
	                                    t, AV_PKT_DATA_DISPLAYMATRIX, NULL);
	char yes;
	r->decided = true;
	r->turn = turn_of(m);
	int64_t w = r->turn.swap ? f->height : f->width, h = r->turn.swap ? f->width : f->height;
	AVRational shape = av_guess_sample_aspect_ratio(s->f, t, (AVFrame *)f);
	if (r->turn.swap && shape.num > 0)
		shape = av_inv_q(shape);
	fv_film_size_asked(s->q.width, s->q.height, w, h, &z->width, &z->height);
	if (shape.num > 0 && (z->width != w || z->height != h))
		av_reduce(&shape.num, &shape.den, (int64_t)shape.num * w * z->height,
		          (int64_t)shape.den * h * z->width, 1 << 16);
	z->channels = d->flags & AV_PIX_FMT_FLAG_ALPHA && !opaque(f) ? 4 : 3;
	z->bits = d->comp[0].depth > 8 ? 16 : 8;
	z->slots = FV_FILM_SLOTS;
	z->known =
	        !(d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) && d->nb_components >= 3;
	z->format = f->format, z->range = fv_colour_range(f), z->primaries = f->color_primaries;
	z->transfer = f->color_trc, z->matrix = f->colorspace, z->location = f->chroma_location;
	z->shape = shape.num > 0 ? shape : (AVRational){ 0, 1 };
	z->rate = rate_of(t);
	r->out = z->time = unit_of(t, z->rate);
	double seconds = s->f->duration == AV_NOPTS_VALUE ? 0 : (double)s->f->duration / 1e6;
	seconds = fmin(seconds, s->q.to >= 0 ? s->q.to : INFINITY) - fmax(0, s->q.from);
	z->frames = (int64_t)fmax(0, fmin(1e9, seconds * av_q2d(z->rate) + 0.5));
	if (t->nb_frames > 0 && !(s->q.from > 0) && !(s->q.to >= 0) && t->nb_frames < 1000000000)
		z->frames = t->nb_frames;
	if (z->width * z->height > FV_FILM_PIXELS)
		fv_serve_fail(FV_E_LIMIT,
		              ": frames of %dx%d pixels are more than fauve paints; give a "
		              "--size",
		              (int)z->width, (int)z->height);
	r->slot_bytes = (size_t)(z->width * z->height * z->channels * z->bits / 8);
	fv_serve_put(&(fv_film_record){ .kind = FV_FILM_SIZE, .bytes = sizeof *z }, z, NULL, 0);
	if (read(FV_FILM_SOCKET, &yes, 1) != 1)
		_exit(1);
	r->memory = mmap(NULL, r->slot_bytes * FV_FILM_SLOTS, PROT_READ | PROT_WRITE, MAP_SHARED,
	                 FV_FILM_MEMORY, 0);
	/* Room behind the last row: converters write whole vectors. */
	r->stored = av_malloc(r->slot_bytes + 4096 + (size_t)(64 * fv_max(z->width, z->height)));
	if (r->memory == MAP_FAILED || !r->stored)
		fv_serve_fail(FV_E_MEMORY, ": not enough memory for its frames");
}

static uint8_t *free_slot(frames *r, int32_t *slot)
{
	for (;;) {
		uint8_t back;
		for (*slot = 0; *slot < FV_FILM_SLOTS; ++*slot)
			if (!r->taken[*slot]) {
				r->taken[*slot] = true;
				return r->memory + (size_t)*slot * r->slot_bytes;
			}
		if (read(FV_FILM_SOCKET, &back, 1) != 1 || back >= FV_FILM_SLOTS)
			_exit(1);
		r->taken[back] = false;
	}
}

static void place(frames *r, const AVFrame *f, uint8_t *to)
{
	const fv_film_size *z = &r->size;
	const turn *t = &r->turn;
	const int64_t w = t->swap ? z->height : z->width, h = t->swap ? z->width : z->height;
	const size_t pixel = (size_t)(z->channels * z->bits / 8);
	const size_t stride = (size_t)FFALIGN(w * (int64_t)pixel, 64);
	const enum AVPixelFormat rgb = fv_colour_rgb(z->channels, z->bits);
	r->sws = fv_colour_to_rgb(r->sws, f, z->height > z->width ? z->width : z->height, (int)w,
	                          (int)h, rgb);
	uint8_t *data[4] = { r->stored };
	int lines[4] = { (int)stride };
	if (!r->sws || sws_scale(r->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height,
	                         data, lines) < 0)
		fv_serve_fail(FV_E_FORMAT, ": its frames (%s) cannot be turned into RGB",
		              av_get_pix_fmt_name(f->format));
	for (int64_t y = 0; y < z->height; y++) {
		uint8_t *row = to + (size_t)(y * z->width) * pixel;
		if (!t->swap && !t->left) {
			memcpy(row, r->stored + (size_t)(t->up ? h - 1 - y : y) * stride,
			       (size_t)z->width * pixel);
			continue;
		}
		for (int64_t x = 0; x < z->width; x++) {
			int64_t sx = t->left ? z->width - 1 - x : x,
			        sy = t->up ? z->height - 1 - y : y;
			if (t->swap) {
				int64_t k = sx;
				sx = sy, sy = k;
			}
			memcpy(row + (size_t)x * pixel,
			       r->stored + (size_t)sy * stride + (size_t)sx * pixel, pixel);
		}
	}
}

/* ---- from frame to main */
static void send_waiting(frames *r, int64_t end)
{
	if (!r->waits)
		return;
	r->waits = false;
	/* The last lasts as long as the film says, unless that is a lie: in MP4 a packet's own
	 * duration is another frame's where frames are not coded in order. */
	const AVStream *t = r->s->f->streams[r->s->video];
	if (end == INT64_MIN && t->duration != AV_NOPTS_VALUE && t->start_time != AV_NOPTS_VALUE &&
	    !(r->s->q.to >= 0)) {
		const double rest =
		        (double)(t->start_time + t->duration - r->last_time) * av_q2d(t->time_base);
		if (rest > 0.001 && rest < 2)
			r->wait.duration = fv_max(1, (int64_t)(rest / av_q2d(r->out) + 0.5));
	}
	if (end > r->wait.pts)
		r->wait.duration = end - r->wait.pts;
	fv_serve_put(&r->wait, NULL, NULL, 0);
	r->sent++;
}

static void emit(frames *r, AVFrame *f, AVRational unit)
{
	fv_film_source *s = r->s;
	const AVStream *t = s->f->streams[s->video];
	int32_t slot;
	if (!r->decided) {
		decide(r, f);
		r->origin = av_rescale_q(s->origin, AV_TIME_BASE_Q, t->time_base);
		r->last_out = INT64_MIN;
	}
	const int64_t one = av_rescale_q(1, av_inv_q(r->size.rate), t->time_base);
	int64_t at = f->best_effort_timestamp != AV_NOPTS_VALUE ? f->best_effort_timestamp : f->pts;
	if (at != AV_NOPTS_VALUE)
		at = av_rescale_q(at, unit, t->time_base);
	else
		at = r->seen ? r->last_time + (r->step > 0 ? r->step : one) : r->origin;
	if (!r->seen++)
		r->begin = at;
	int64_t lasts = f->pkt_duration > 0 ? f->pkt_duration
	                : r->seen > 1 && at > r->last_time ? at - r->last_time : one;
	r->step = lasts, r->last_time = at;
	/* What is before --from was only needed to decode what follows. */
	const double second = (double)(at - r->origin) * av_q2d(t->time_base);
	if (s->q.from > 0 && second < -0.5 * av_q2d(t->time_base))
		return;
	if (s->q.to >= 0 && second >= s->q.to - fmax(0, s->q.from)) {
		r->over = true;
		return;
	}
	if (f->decode_error_flags || (f->flags & AV_FRAME_FLAG_CORRUPT))
		r->damaged++;
	int64_t out = in_unit(r, at - r->begin) +
	              av_rescale_q(r->begin - r->origin, t->time_base, r->out);
	if (out <= r->last_out) {
		r->doubled++;
		return;
	}
	send_waiting(r, out);
	r->last_out = out;
	if (r->sent < s->q.skip) {              /* it is there already */
		r->sent++;
		return;
	}
	place(r, f, free_slot(r, &slot));
	r->wait = (fv_film_record){ .kind = FV_FILM_FRAME,
		                    .n = slot,
		                    .pts = out,
		                    .duration =
		                            fv_max(1, av_rescale_q(lasts, t->time_base, r->out)) };
	r->waits = true;
}

static void filtered(frames *r, AVFrame *f)
{
	AVFrame *g = av_frame_alloc();
	if (av_buffersrc_add_frame(r->first, f) < 0)
		fv_serve_fail(FV_E_FORMAT, ": its fields cannot be made whole");
	while (g && !r->over && av_buffersink_get_frame(r->last, g) >= 0) {
		g->best_effort_timestamp = g->pts;
		emit(r, g, av_buffersink_get_time_base(r->last));
		av_frame_unref(g);
	}
	av_frame_free(&g);
}

static void decoded(frames *r, AVFrame *f)
{
	const AVRational own = r->s->f->streams[r->s->video]->time_base;
	if (f->interlaced_frame && !r->graph && !r->decided)
		open_filter(r, f);
	if (r->graph) {
		f->pts = f->best_effort_timestamp;
		filtered(r, f);
	} else
		emit(r, f, own);
}

/* NULL: no more will come. */
static void feed(frames *r, const AVPacket *p, AVFrame *f)
{
	int sent = avcodec_send_packet(r->d, p);
	if (sent == AVERROR(ENOMEM))
		fv_serve_fail(FV_E_LIMIT, ": its frames want more memory than a film's should");
	if (sent < 0 && sent != AVERROR_EOF && sent != AVERROR(EAGAIN))
		r->damaged++;
	int got;
	while (!r->over && (got = avcodec_receive_frame(r->d, f)) != AVERROR(EAGAIN) &&
	       got != AVERROR_EOF) {
		if (got == AVERROR(ENOMEM))
			fv_serve_fail(FV_E_LIMIT,
			              ": its frames want more memory than a film's should");
		if (got < 0) {
			r->damaged++;
			break;
		}
		decoded(r, f);
		av_frame_unref(f);
	}
}

static void decode_all(frames *r, AVPacket *p, AVFrame *f)
{
	while (!r->over && av_read_frame(r->s->f, p) >= 0) {
		if (p->stream_index == r->s->video)
			feed(r, p, f);
		av_packet_unref(p);
	}
	if (!r->over)
		feed(r, NULL, f);
	if (r->graph && !r->over)
		filtered(r, NULL);
}

/* One frame at each of q.count places; the same frame twice is fine. */
static void look(frames *r, AVPacket *p, AVFrame *f)
{
	fv_film_source *s = r->s;
	const fv_film_request q = s->q;
	const double from = fmax(0, q.from);
	const int64_t begin = s->origin - (int64_t)(from * 1e6);
	double all = s->f->duration == AV_NOPTS_VALUE ? 0 : (double)s->f->duration / 1e6;
	all = fmax(0, fmin(all, q.to >= 0 ? q.to : INFINITY) - from);
	for (int i = 0; i < q.count; i++) {
		const int64_t before = r->sent + r->waits;
		s->q.from = from + all * (2 * i + 1) / (2.0 * q.count);
		s->origin = begin + (int64_t)(s->q.from * 1e6);
		r->origin =
		        av_rescale_q(s->origin, AV_TIME_BASE_Q, s->f->streams[s->video]->time_base);
		r->last_out = INT64_MIN, r->seen = 0, r->over = false;
		avfilter_graph_free(&r->graph);
		avcodec_flush_buffers(r->d);
		fv_source_seek(s, s->q.from);
		while (r->sent + r->waits == before && av_read_frame(s->f, p) >= 0) {
			if (p->stream_index == s->video)
				feed(r, p, f);
			av_packet_unref(p);
		}
		if (r->sent + r->waits == before)
			feed(r, NULL, f);
		send_waiting(r, 0);
	}
}

void fv_source_frames(fv_film_source *s)
{
	frames r = { .s = s };
	AVPacket *p = av_packet_alloc();
	AVFrame *f = av_frame_alloc();
	if (!p || !f)
		fv_serve_fail(FV_E_MEMORY, ": not enough memory to decode it");
	open_decoder(&r);
	if (s->q.pass == FV_FILM_FRAMES && !(s->q.to >= 0) && fv_source_torn(s) &&
	    !fv_serve_faults++)
		snprintf(fv_serve_fault, sizeof fv_serve_fault, "its last packets are missing");
	for (int i = 0; i < (int)s->f->nb_streams; i++)
		s->f->streams[i]->discard = i == s->video ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
	if (s->q.pass == FV_FILM_LOOK)
		look(&r, p, f);
	else {
		fv_source_seek(s, s->q.from);
		decode_all(&r, p, f);
		send_waiting(&r, INT64_MIN);
	}
	if (!r.sent)
		fv_serve_fail(FV_E_FORMAT,
		              ": no frame of it can be read: it is cut off, damaged, or "
		              "none is there%s%s%s",
		              fv_serve_fault[0] ? " (" : "", fv_serve_fault,
		              fv_serve_fault[0] ? ")" : "");
	if (r.damaged)
		fv_serve_warn(": %" PRId64
		              " of its frames are damaged; they are painted as they come "
		              "out",
		              r.damaged);
	if (r.doubled)
		fv_serve_warn(": %" PRId64 " frames with another's time are left out", r.doubled);
}
