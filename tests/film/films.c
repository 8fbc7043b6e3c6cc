/* SPDX-License-Identifier: Apache-2.0 */
/* Films for tests, and what is in one.
 *
 *	films make FILE FRAMES [KIND]	a square that wanders over a pattern, a tone beside it;
 * KIND: turned (a display matrix of a quarter), varying (times), cut (two shots) films see FILE
 * a line a fact */
#include "base/hash.h"
#include <inttypes.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { W = 96, H = 64, RATE = 25, HZ = 16000 };

static void must(int failed, const char *what)
{
	if (failed >= 0)
		return;
	fprintf(stderr, "films: %s: %s\n", what, av_err2str(failed));
	exit(1);
}

static AVCodecContext *encoder(AVFormatContext *f, enum AVCodecID id, AVStream **s)
{
	const AVCodec *codec = avcodec_find_encoder(id);
	AVCodecContext *e = avcodec_alloc_context3(codec);
	*s = avformat_new_stream(f, NULL);
	if (id == AV_CODEC_ID_AAC) {
		e->sample_fmt = AV_SAMPLE_FMT_FLTP, e->sample_rate = HZ;
		av_channel_layout_default(&e->ch_layout, 1);
		e->time_base = (AVRational){ 1, HZ };
	} else {
		e->width = W, e->height = H, e->pix_fmt = AV_PIX_FMT_YUV420P;
		e->time_base = (AVRational){ 1, 1000 }, e->framerate = (AVRational){ RATE, 1 };
		e->sample_aspect_ratio = (AVRational){ 4, 3 };
		e->bit_rate = 800000, e->gop_size = 12;
		e->color_primaries = AVCOL_PRI_BT709, e->color_trc = AVCOL_TRC_BT709;
		e->colorspace = AVCOL_SPC_BT709, e->color_range = AVCOL_RANGE_MPEG;
	}
	e->flags |= AV_CODEC_FLAG_BITEXACT;
	if (f->oformat->flags & AVFMT_GLOBALHEADER)
		e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	must(avcodec_open2(e, codec, NULL), "encoder");
	must(avcodec_parameters_from_context((*s)->codecpar, e), "parameters");
	(*s)->time_base = e->time_base;
	return e;
}

static void drain(AVFormatContext *f, AVCodecContext *e, AVStream *s, AVFrame *from)
{
	AVPacket *k = av_packet_alloc();
	must(avcodec_send_frame(e, from), "frame");
	while (avcodec_receive_packet(e, k) >= 0) {
		k->stream_index = s->index;
		av_packet_rescale_ts(k, e->time_base, s->time_base);
		must(av_interleaved_write_frame(f, k), "packet");
	}
	av_packet_free(&k);
}

static void draw(AVFrame *f, int n, int shot)
{
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++) {
			const int bx = 10 + n % 60, by = 20 + n / 3 % 20;
			const double at = sin((x + n) * 0.31) * sin(y * 0.23 + shot);
			int v = (int)((shot ? 190 : 90) + 50 * at);
			if (x >= bx && x < bx + 16 && y >= by && y < by + 16)
				v = 220;
			f->data[0][y * f->linesize[0] + x] = (uint8_t)v;
		}
	for (int y = 0; y < H / 2; y++)
		for (int x = 0; x < W / 2; x++) {
			f->data[1][y * f->linesize[1] + x] = (uint8_t)(shot ? 90 : 110 + x);
			f->data[2][y * f->linesize[2] + x] = (uint8_t)(shot ? 170 : 140 - y);
		}
}

static int make(const char *path, int frames, const char *kind)
{
	AVFormatContext *f;
	AVStream *vs, *as;
	must(avformat_alloc_output_context2(&f, NULL, NULL, path), path);
	f->flags |= AVFMT_FLAG_BITEXACT;
	AVCodecContext *v = encoder(f, AV_CODEC_ID_MPEG4, &vs),
	               * a = encoder(f, AV_CODEC_ID_AAC, &as);
	av_dict_set(&f->metadata, "title", "a square", 0);
	av_dict_set(&f->metadata, "location", "+48.2082+016.3738/", 0);
	av_dict_set(&f->metadata, "comment", "seen at +48.2082+016.3738", 0);
	av_dict_set(&as->metadata, "language", "deu", 0);
	vs->avg_frame_rate = v->framerate;
	vs->sample_aspect_ratio = v->sample_aspect_ratio;
	if (!strcmp(kind, "turned")) {
		int32_t *m = (int32_t *)av_stream_new_side_data(vs, AV_PKT_DATA_DISPLAYMATRIX, 36);
		av_display_rotation_set(m, -90);
	}
	f->chapters = av_mallocz(sizeof *f->chapters);
	f->chapters[0] = av_mallocz(sizeof **f->chapters);
	*f->chapters[0] = (AVChapter){ .id = 1, .time_base = { 1, 1000 }, 
		                         .start = 0, .end = 40 * frames };
	av_dict_set(&f->chapters[0]->metadata, "title", "later", 0);
	f->nb_chapters = 1;
	must(avio_open(&f->pb, path, AVIO_FLAG_WRITE), path);
	must(avformat_write_header(f, NULL), "header");
	AVFrame *p = av_frame_alloc(), *q = av_frame_alloc();
	p->width = W, p->height = H, p->format = v->pix_fmt;
	q->nb_samples = a->frame_size, q->format = a->sample_fmt, q->sample_rate = HZ;
	av_channel_layout_copy(&q->ch_layout, &a->ch_layout);
	must(av_frame_get_buffer(p, 0), "frame");
	must(av_frame_get_buffer(q, 0), "frame");
	int64_t at = 0, sample = 0;
	for (int n = 0; n < frames; n++) {
		must(av_frame_make_writable(p), "frame");
		draw(p, n, !strcmp(kind, "cut") && n >= frames / 2);
		p->pts = at;
		at += !strcmp(kind, "varying") ? 20 + 30 * (n % 3) : 1000 / RATE;
		drain(f, v, vs, p);
		for (; sample * 1000 < at * HZ; sample += q->nb_samples) {
			must(av_frame_make_writable(q), "frame");
			for (int i = 0; i < q->nb_samples; i++)
				((float *)q->data[0])[i] = 0.3f * sinf((float)(sample + i) * 0.17f);
			q->pts = sample;
			drain(f, a, as, q);
		}
	}
	drain(f, v, vs, NULL);
	drain(f, a, as, NULL);
	must(av_write_trailer(f), "trailer");
	must(avio_close(f->pb), path);
	return 0;
}

static void see_texts(const char *of, const AVDictionary *d)
{
	for (AVDictionaryEntry *e = NULL; (e = av_dict_get(d, "", e, AV_DICT_IGNORE_SUFFIX));)
		printf("text %s %s=%s\n", of, e->key, e->value);
}

static int see(const char *path)
{
	AVFormatContext *f = NULL;
	char url[4000];
	snprintf(url, sizeof url, "file:%s", path);
	must(avformat_open_input(&f, url, NULL, NULL), path);
	must(avformat_find_stream_info(f, NULL), path);
	see_texts("film", f->metadata);
	for (unsigned i = 0; i < f->nb_chapters; i++) {
		printf("chapter %.0f ms\n",
		       1000 * av_q2d(f->chapters[i]->time_base) * (double)f->chapters[i]->start);
		see_texts("chapter", f->chapters[i]->metadata);
	}
	int video = av_find_best_stream(f, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	for (unsigned i = 0; i < f->nb_streams; i++) {
		const AVCodecParameters *p = f->streams[i]->codecpar;
		const char *type = av_get_media_type_string(p->codec_type);
		printf("stream %s %s\n", type ? type : "other", avcodec_get_name(p->codec_id));
		see_texts(type ? type : "other", f->streams[i]->metadata);
		if ((int)i == video)
			printf("size %dx%d shape %d:%d colours %d/%d/%d/%d matrix %d\n", p->width,
			       p->height, p->sample_aspect_ratio.num, p->sample_aspect_ratio.den,
			       p->color_primaries, p->color_trc, p->color_space, p->color_range,
			       av_stream_get_side_data(f->streams[i], AV_PKT_DATA_DISPLAYMATRIX,
			                               NULL) != NULL);
	}
	const AVStream *t = f->streams[video];
	AVCodecContext *d = avcodec_alloc_context3(avcodec_find_decoder(t->codecpar->codec_id));
	must(avcodec_parameters_to_context(d, t->codecpar), "decoder");
	d->pkt_timebase = t->time_base;
	must(avcodec_open2(d, d->codec, NULL), "decoder");
	AVPacket *k = av_packet_alloc();
	AVFrame *p = av_frame_alloc();
	uint64_t sound = FV_HASH;
	int64_t packets = 0, bytes = 0;
	for (bool more = true; more;) {
		more = av_read_frame(f, k) >= 0;
		if (more && k->stream_index != video) {
			if (f->streams[k->stream_index]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
				sound = fv_hash_mix(sound, k->data, (size_t)k->size), packets++,
				bytes += k->size;
			av_packet_unref(k);
			continue;
		}
		must(avcodec_send_packet(d, more ? k : NULL), "packet");
		av_packet_unref(k);
		while (avcodec_receive_frame(d, p) >= 0) {
			uint64_t hash = FV_HASH;
			for (int y = 0; y < p->height; y++)
				hash = fv_hash_mix(hash, p->data[0] + y * p->linesize[0],
				                   (size_t)p->width);
			printf("frame %.0f ms %016" PRIx64 "\n",
			       1000 * av_q2d(t->time_base) * (double)p->best_effort_timestamp,
			       hash);
		}
	}
	printf("sound %" PRId64 " packets %" PRId64 " bytes %016" PRIx64 "\n", packets, bytes,
	       sound);
	return 0;
}

int main(int argc, char **argv)
{
	av_log_set_level(AV_LOG_ERROR);
	if (argc >= 4 && !strcmp(argv[1], "make"))
		return make(argv[2], atoi(argv[3]), argc > 4 ? argv[4] : "");
	if (argc == 3 && !strcmp(argv[1], "see"))
		return see(argv[2]);
	fprintf(stderr, "films make FILE FRAMES [KIND], films see FILE\n");
	return 2;
}
