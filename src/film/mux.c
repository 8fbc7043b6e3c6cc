/* SPDX-License-Identifier: Apache-2.0 */
/* OUT: painted packets with their times, and what goes along, in order.
 *
 * Encoders only saw frames' numbers. A packet's decoding time is that of the D-th frame shown
 * before it is due: with D the most places that any packet is ahead of its turn, no frame is shown
 * before it is decoded, whatever the times between frames are. */
#include "film/mux.h"
#include "film/reader.h"
#include <libavutil/pixdesc.h>
#include <math.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
	fv_context *c;
	const fv_film_options *o;
	const fv_segments *s;
	AVFormatContext *f;
	AVPacket *k;
	AVRational time;                /* of the frames */
	int64_t *pts, *lasts;           /* by frame */
	int64_t frames, delay;
	fv_items items;
	int64_t before, in_part;        /* frames of the segments before; of this one */
	int64_t packet;                 /* number of the next in decoding order */
	bool pending, ended;            /* k holds the next one */
	int of_track[FV_FILM_STREAMS];  /* stream of f; -1: it stands in the header alone */
	int64_t last[FV_FILM_STREAMS + 1], left_out;
} mux;

/* ---- the painted stream */
static fv_status read_times(fv_err *err, mux *m)
{
	fv_items i = { .s = m->s };
	fv_item item;
	bool got;
	int64_t before = 0, in_part = 0, packet = 0, frame = 0;
	int part = 0;
	fv_status st;
	m->pts = malloc((size_t)(2 * m->s->frames + 1) * sizeof *m->pts);
	if (!m->pts)
		return fv_fail_memory(err, m->o->out, (size_t)(2 * m->s->frames) * sizeof *m->pts);
	m->lasts = m->pts + m->s->frames;
	while (!(st = fv_items_next(err, &i, &item, &got)) && got) {
		if (i.number != part)
			before += in_part, in_part = 0, part = i.number;
		if (item.kind == FV_ITEM_FRAME && frame < m->s->frames) {
			m->pts[frame] = item.a, m->lasts[frame++] = item.b;
			in_part++;
		} else if (item.kind == FV_ITEM_PACKET)
			m->delay = fv_max(m->delay, packet++ - (before + item.a));
	}
	m->frames = frame;
	fv_items_free(&i);
	return st ? st : frame && packet == frame ? FV_OK
	       : fv_fail(err, FV_E_INTERNAL, "%s: %" PRId64 " frames became %" PRId64 " packets",
	                 m->o->out, frame, packet);
}

static int64_t decoding_time(const mux *m, int64_t packet)
{
	int64_t i = packet - m->delay;
	return i >= 0 ? m->pts[i] : m->pts[0] + i * fv_max(1, m->lasts[0]);
}

/* m->k becomes the next painted packet. */
static fv_status next_painted(fv_err *err, mux *m)
{
	fv_item item;
	bool got;
	int part = m->items.number;
	fv_status st;
	while (!(st = fv_items_next(err, &m->items, &item, &got)) && got) {
		if (m->items.number != part)
			m->before += m->in_part, m->in_part = 0, part = m->items.number;
		if (item.kind == FV_ITEM_FRAME)
			m->in_part++;
		if (item.kind != FV_ITEM_PACKET)
			continue;
		/* An encoder may give a frame's packet before it was given all of its segment's. */
		const int64_t frame = m->before + item.a;
		if (frame < 0 || frame >= m->frames)
			return fv_fail(err, FV_E_READ, "%s: is damaged; remove it and begin anew",
			               m->s->folder);
		if (av_new_packet(m->k, (int)item.bytes) < 0)
			return fv_fail_memory(err, m->o->out, item.bytes);
		memcpy(m->k->data, m->items.data, item.bytes);
		m->k->pts = m->pts[frame], m->k->dts = decoding_time(m, m->packet++);
		m->k->duration = m->lasts[frame];
		m->k->flags = (int)item.b & AV_PKT_FLAG_KEY;
		m->pending = true;
		return FV_OK;
	}
	m->ended = true;
	return st;
}

static fv_status write_packet(fv_err *err, mux *m, AVPacket *k, AVRational time, int stream)
{
	k->stream_index = stream;
	av_packet_rescale_ts(k, time, m->f->streams[stream]->time_base);
	int failed = av_interleaved_write_frame(m->f, k);
	if (failed >= 0)
		return FV_OK;
	if (stream && failed == AVERROR(EINVAL)) {
		m->left_out++;
		return FV_OK;
	}
	return fv_fail(err, FV_E_WRITE, "%s: it cannot be written: %s", m->o->out,
	               av_err2str(failed));
}

/* Painted packets that are due before `until` seconds. */
static fv_status painted(fv_err *err, mux *m, double until)
{
	fv_status st = FV_OK;
	while (!st && !m->ended) {
		if (!m->pending && ((st = next_painted(err, m)) || m->ended))
			break;
		if ((double)m->k->dts * av_q2d(m->time) > until)
			break;
		m->pending = false;
		st = write_packet(err, m, m->k, m->time, 0);
		av_packet_unref(m->k);
	}
	return st;
}

/* ---- what goes along */
static fv_status add_track(fv_err *err, mux *m, const fv_film_track *t, int number)
{
	const bool matroska = !strcmp(m->f->oformat->name, "matroska");
	AVStream *s = avformat_new_stream(m->f, NULL);
	if (!s || avcodec_parameters_copy(s->codecpar, t->codec) < 0 ||
	    av_dict_copy(&s->metadata, t->texts, 0) < 0)
		return fv_fail_memory(err, m->o->out, sizeof *s);
	m->of_track[number] = s->index;
	s->codecpar->codec_tag = 0;
	s->time_base = t->time;
	s->disposition = t->disposition;
	if (t->codec->codec_type == AVMEDIA_TYPE_ATTACHMENT || (t->cover && matroska)) {
		m->of_track[number] = -1;
		s->codecpar->codec_type = AVMEDIA_TYPE_ATTACHMENT;
		s->disposition = 0;
		if (t->cover) {
			const bool png = t->codec->codec_id == AV_CODEC_ID_PNG;
			av_dict_set(&s->metadata, "mimetype", png ? "image/png" : "image/jpeg", 0);
			av_dict_set(&s->metadata, "filename", png ? "cover.png" : "cover.jpg", 0);
		}
	} else if (t->cover) {
		av_freep(&s->codecpar->extradata);      /* it was the picture's way here */
		s->codecpar->extradata_size = 0;
	}
	return FV_OK;
}

static fv_status write_cover(fv_err *err, mux *m, const fv_film_track *t, int stream)
{
	AVPacket *k = av_packet_alloc();
	if (!k || av_new_packet(k, t->codec->extradata_size) < 0)
		return fv_fail_memory(err, m->o->out, (size_t)t->codec->extradata_size);
	memcpy(k->data, t->codec->extradata, (size_t)t->codec->extradata_size);
	k->flags = AV_PKT_FLAG_KEY, k->pts = k->dts = 0;
	fv_status st = write_packet(err, m, k, t->time, stream);
	av_packet_free(&k);
	return st;
}

static fv_status add_chapters(fv_err *err, mux *m, const fv_film_reader *r)
{
	const size_t bytes = (size_t)r->chapters * sizeof *m->f->chapters;
	if (!r->chapters)
		return FV_OK;
	if (!(m->f->chapters = av_mallocz(bytes)))
		return fv_fail_memory(err, m->o->out, bytes);
	for (int i = 0; i < r->chapters; i++) {
		const fv_film_chapter *from = &r->chapter[i];
		AVChapter *k = m->f->chapters[i] = av_mallocz(sizeof *k);
		if (!k)
			return fv_fail_memory(err, m->o->out, sizeof *k);
		m->f->nb_chapters++;
		k->id = i + 1, k->time_base = (AVRational){ 1, 1000000 };
		k->start = from->start, k->end = from->start + from->duration;
		if (av_dict_copy(&k->metadata, from->texts, 0) < 0)
			return fv_fail_memory(err, m->o->out, bytes);
	}
	return FV_OK;
}

static fv_status header(fv_err *err, mux *m, const fv_film_reader *r, const fv_encoder *e,
                        const fv_film_size *z, const char *path)
{
	const AVCodecContext *k = fv_encoder_context(e);
	char url[4200];
	AVDictionary *how = NULL;
	avformat_alloc_output_context2(&m->f, fv_film_container(m->o->out), NULL, NULL);
	AVStream *s = m->f ? avformat_new_stream(m->f, NULL) : NULL;
	if (!s || avcodec_parameters_from_context(s->codecpar, k) < 0)
		return fv_fail_memory(err, m->o->out, sizeof *s);
	s->time_base = z->time;
	s->avg_frame_rate = s->r_frame_rate = k->framerate;
	s->sample_aspect_ratio = k->sample_aspect_ratio;
	s->disposition = AV_DISPOSITION_DEFAULT;
	m->f->flags |= AVFMT_FLAG_BITEXACT;
	m->f->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
	fv_status st = FV_OK;
	for (int i = 0; i < r->tracks && !st; i++)
		st = add_track(err, m, &r->track[i], i);
	if (!st)
		st = add_chapters(err, m, r);
	if (st)
		return st;
	av_dict_copy(&m->f->metadata, r->texts, 0);
	snprintf(url, sizeof url, "file:%s", path);
	int failed = avio_open(&m->f->pb, url, AVIO_FLAG_READ_WRITE);
	if (failed >= 0) {
		/* The index in front: a film plays while it is loaded. */
		if (!strcmp(m->f->oformat->name, "mp4") || !strcmp(m->f->oformat->name, "mov"))
			av_dict_set(&how, "movflags", "+faststart", 0);
		av_freep(&m->f->url);
		m->f->url = av_strdup(url);
		failed = avformat_write_header(m->f, &how);
		av_dict_free(&how);
	}
	if (failed < 0)
		return fv_fail(err, FV_E_WRITE,
		               "%s: this container cannot hold what the film has: %s; "
		               "name OUT .mkv",
		               m->o->out, av_err2str(failed));
	return FV_OK;
}

static fv_status packets(fv_err *err, mux *m, fv_film_reader *r)
{
	AVPacket *p = av_packet_alloc();
	bool got = true;
	fv_status st = p ? FV_OK : fv_fail_memory(err, m->o->out, sizeof *p);
	for (int i = 0; i < r->tracks && !st; i++)
		if (r->track[i].cover && m->of_track[i] >= 0)
			st = write_cover(err, m, &r->track[i], m->of_track[i]);
	for (int i = 0; i <= FV_FILM_STREAMS; i++)
		m->last[i] = INT64_MIN;
	while (!st && !(st = fv_reader_packet_next(err, r, p, &got)) && got) {
		const fv_film_track *t = &r->track[p->stream_index];
		const int stream = m->of_track[p->stream_index];
		if (p->dts == AV_NOPTS_VALUE)
			p->dts = p->pts;
		if (stream < 0 || t->cover || p->dts == AV_NOPTS_VALUE) {
			m->left_out += stream >= 0 && !t->cover;
			av_packet_unref(p);
			continue;
		}
		if (p->dts <= m->last[stream] && t->codec->codec_type == AVMEDIA_TYPE_AUDIO)
			p->dts = m->last[stream] + 1;
		if (p->pts < p->dts)
			p->pts = p->dts;
		m->last[stream] = p->dts;
		if (!(st = painted(err, m, (double)p->dts * av_q2d(t->time))))
			st = write_packet(err, m, p, t->time, stream);
		av_packet_unref(p);
	}
	av_packet_free(&p);
	return st ? st : painted(err, m, INFINITY);
}

fv_status fv_film_mux(fv_err *err, fv_context *c, const fv_film_options *o, const fv_encoder *e,
                      const fv_film_size *z, const fv_segments *s, int64_t *frames, double *seconds)
{
	mux m = { .c = c, .o = o, .s = s, .time = z->time, .items = { .s = s } };
	fv_film_reader r = { .socket = -1, .memory = -1 };
	fv_writer *w = NULL;
	fv_status st = read_times(err, &m);
	if (!st && !(m.k = av_packet_alloc()))
		st = fv_fail_memory(err, o->out, sizeof *m.k);
	if (!st)
		st = fv_writer_open(err, c, o->out, &w);
	if (!st)
		st = fv_reader_open(err, c, o, FV_FILM_PACKETS, fv_film_container(o->out)->name,
		                    NULL, 0, 0, &r);
	if (!st)
		st = header(err, &m, &r, e, z, fv_writer_path(w));
	if (!st)
		st = packets(err, &m, &r);
	if (!st) {
		int failed = av_write_trailer(m.f);
		if (failed >= 0)
			failed = avio_closep(&m.f->pb);
		if (failed < 0)
			st = fv_fail(err, FV_E_WRITE, "%s: it cannot be written: %s", o->out,
			             av_err2str(failed));
	}
	if (!st && m.left_out && o->warn) {
		char text[300];
		snprintf(text, sizeof text,
		         "%s: %" PRId64 " pieces of sound or titles without a time "
		         "are left out",
		         o->in, m.left_out);
		o->warn(o->user, text);
	}
	if (m.f) {
		avio_closep(&m.f->pb);
		avformat_free_context(m.f);
	}
	if (!st && o->whole) {
		uint64_t hash;
		const int fd = fv_writer_file(w, &hash);
		if (!(st = fv_file_hash(err, fv_writer_path(w), &hash)))
			o->whole(o->user, fd, hash);
	}
	if (!st)
		st = fv_writer_commit(err, w);
	else if (w)
		fv_writer_abort(w);
	if (!st) {
		*frames = m.frames;
		*seconds = (double)(m.pts[m.frames - 1] + m.lasts[m.frames - 1] - m.pts[0]) *
		           av_q2d(z->time);
	}
	fv_reader_close(&r);
	fv_items_free(&m.items);
	av_packet_free(&m.k);
	free(m.pts);
	return st;
}
