/* SPDX-License-Identifier: Apache-2.0 */
#include "film/encode.h"
#include "film/colour.h"
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <stdio.h>
#include <stdlib.h>

struct fv_encoder {
	const fv_film_options *o;
	AVCodecContext *e;
	AVFrame *f;                     /* in the codec's format */
	AVPacket *k;
	struct SwsContext *sws;
	fv_film_size z;
	enum AVPixelFormat rgb;
	bool drops_alpha;
	uint8_t *room;                  /* the frame in RGB where it is changed before: even sides,
	                                 * no alpha; NULL: it is not */
	size_t stride;
};

static const struct { const char *ending, *name, *codec, *alpha; } endings[] = {
	{ ".mp4", "mp4", "libx264", "libx264" },
	{ ".m4v", "mp4", "libx264", "libx264" },
	{ ".mov", "mov", "libx264", "prores_ks" },
	{ ".mkv", "matroska", "libx264", "libvpx-vp9" },
	{ ".webm", "webm", "libvpx-vp9", "libvpx-vp9" },
};

static int ending_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash + 1 : path, '.');
	for (size_t i = 0; dot && i < FV_COUNT(endings); i++)
		if (!strcasecmp(dot, endings[i].ending))
			return (int)i;
	return -1;
}

const AVOutputFormat *fv_film_container(const char *path)
{
	int i = ending_of(path);
	return i < 0 ? NULL : av_guess_format(endings[i].name, NULL, NULL);
}

fv_status fv_film_codec(fv_err *err, const fv_film_options *o, bool alpha, const AVCodec **out)
{
	const AVOutputFormat *f = fv_film_container(o->out);
	if (!f)
		return fv_fail(err, FV_E_ARGUMENT,
		               "--output: %s: films are written as " FV_FILM_ENDINGS, o->out);
	const int i = ending_of(o->out);
	const char *name = o->codec ? o->codec : alpha ? endings[i].alpha : endings[i].codec;
	*out = avcodec_find_encoder_by_name(name);
	if (!*out || (*out)->type != AVMEDIA_TYPE_VIDEO)
		return fv_fail(
		        err, FV_E_ARGUMENT,
		        "--codec: %s is no encoder of frames that FFmpeg has "
		        "here; libx264, libx265, libvpx-vp9, libsvtav1, libaom-av1, ffv1 and "
		        "prores_ks may be",
		        name);
	if (avformat_query_codec(f, (*out)->id, FF_COMPLIANCE_EXPERIMENTAL) != 1)
		return fv_fail(err, FV_E_ARGUMENT, "--codec: %s does not go into %s; name OUT .mkv",
		               name, o->out);
	return FV_OK;
}

const AVCodecContext *fv_encoder_context(const fv_encoder *e) { return e->e; }
bool fv_encoder_drops_alpha(const fv_encoder *e) { return e->drops_alpha; }

/* Of what the codec takes, what is nearest to the source: its depth, its share of colour, alpha.
 * Grey and RGB become the 4:2:0 that everything plays. */
static enum AVPixelFormat format_of(const AVCodec *codec, const fv_film_size *z)
{
	const bool alpha = z->channels == 4;
	enum AVPixelFormat want, list[100];
	int n = 0;
	if (!z->known && alpha)
		want = z->bits == 8 ? AV_PIX_FMT_YUVA420P : AV_PIX_FMT_YUVA420P10;
	else if (!z->known)
		want = z->bits == 8 ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUV420P10;
	else
		want = z->format;
	for (int i = 0; codec->pix_fmts && codec->pix_fmts[i] != AV_PIX_FMT_NONE && n < 99; i++) {
		const AVPixFmtDescriptor *k = av_pix_fmt_desc_get(codec->pix_fmts[i]);
		if (k->nb_components < 3 ||
		    (k->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_HWACCEL)) ||
		    !strncmp(k->name, "yuvj", 4) || !strncmp(k->name, "nv", 2))
			continue;
		/* More bits than there are cost players and time. */
		if (z->bits == 8 && k->comp[0].depth > 8 && strcmp(codec->name, "prores_ks"))
			continue;
		list[n++] = codec->pix_fmts[i];
	}
	list[n] = AV_PIX_FMT_NONE;
	return n ? avcodec_find_best_pix_fmt_of_list(list, want, alpha, NULL) : AV_PIX_FMT_NONE;
}

static fv_status set(fv_err *err, AVCodecContext *e, const char *option, const char *name,
                     const char *value)
{
	int failed = av_opt_set(e->priv_data, name, value, 0);
	if (!failed)
		return FV_OK;
	return fv_fail(err, FV_E_ARGUMENT, "%s: %s does not take '%s'", option, e->codec->name,
	               value);
}

/* x264's names of how long an encoder may take, which x265 has too and others have numbers for: 0
 * the longest, as far as `most`. False: x264 and x265, who would say so themselves on standard
 * error, know no such preset. */
static bool preset_of(const char *codec, const char *preset, char number[16])
{
	static const char *const names[] = { "placebo",   "veryslow", "slower", "slow",
		                             "medium",    "fast",     "faster", "veryfast",
		                             "superfast", "ultrafast" };
	const bool named = !strcmp(codec, "libx264") || !strcmp(codec, "libx265");
	const int most = !strcmp(codec, "libsvtav1") ? 12 : 8;
	snprintf(number, 16, "%.15s", preset);
	for (int i = 0; i < (int)FV_COUNT(names); i++)
		if (!strcmp(preset, names[i])) {
			if (!named)
				snprintf(number, 16, "%d", i * most / 9);
			return true;
		}
	return !named || (strlen(preset) == 1 && *preset >= '0' && *preset <= '9');
}

static fv_status set_options(fv_err *err, const fv_film_options *o, AVCodecContext *e)
{
	char text[40];
	const char *name = e->codec->name;
	fv_status st = FV_OK;
	snprintf(text, sizeof text, "%g", o->crf);
	if (av_opt_find(e->priv_data, "crf", NULL, 0, 0)) {
		/* 18 of x264's scale of 51, which of AV1's and VP9's 63 is about 24. */
		if (isnan(o->crf))
			snprintf(text, sizeof text, "%d", e->codec_id == AV_CODEC_ID_VP9 ||
			         e->codec_id == AV_CODEC_ID_AV1 ? 24 : 18);
		st = set(err, e, "--crf", "crf", text);
		if (e->codec_id == AV_CODEC_ID_VP9 || e->codec_id == AV_CODEC_ID_AV1)
			e->bit_rate = 0;
	} else if (!isnan(o->crf))
		return fv_fail(err, FV_E_ARGUMENT, "--crf: %s has no such scale; leave it out",
		               name);
	if (!st && o->preset) {
		const bool own = av_opt_find(e->priv_data, "preset", NULL, 0, 0),
		           used = av_opt_find(e->priv_data, "cpu-used", NULL, 0, 0);
		if (!own && !used)
			return fv_fail(err, FV_E_ARGUMENT, "--preset: %s has none; leave it out",
			               name);
		if (!preset_of(name, o->preset, text))
			return fv_fail(err, FV_E_ARGUMENT,
			               "--preset: %s knows no '%s'; ultrafast to veryslow "
			               "are known",
			               name, o->preset);
		st = set(err, e, "--preset", own ? "preset" : "cpu-used", text);
	} else if (!st && !strncmp(name, "libaom", 6))
		st = set(err, e, "--preset", "cpu-used", "6");
	else if (!st && !strcmp(name, "libvpx-vp9"))
		st = set(err, e, "--preset", "cpu-used", "2");
	if (!st && !strncmp(name, "libvpx", 6))
		av_opt_set(e->priv_data, "row-mt", "1", 0);
	if (!st && !strcmp(name, "libx265"))
		av_opt_set(e->priv_data, "x265-params", "log-level=error", 0);
	return st;
}

fv_status fv_encoder_new(fv_err *err, fv_context *c, const fv_film_options *o,
                         const fv_film_size *z, fv_encoder **out)
{
	const AVCodec *codec;
	fv_status st = fv_film_codec(err, o, z->channels == 4, &codec);
	if (st)
		return st;
	const enum AVPixelFormat format = format_of(codec, z);
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);
	if (!d)
		return fv_fail(err, FV_E_ARGUMENT, "--codec: %s takes no frames that fauve makes",
		               codec->name);
	fv_encoder *k = calloc(1, sizeof *k);
	if (!k || !(k->e = avcodec_alloc_context3(codec)) || !(k->f = av_frame_alloc()) ||
	    !(k->k = av_packet_alloc())) {
		fv_encoder_free(k);
		return fv_fail_memory(err, "encoder", sizeof *k);
	}
	AVCodecContext *e = k->e;
	k->o = o, k->z = *z;
	const int64_t w = FFALIGN(z->width, 1 << d->log2_chroma_w),
	              h = FFALIGN(z->height, 1 << d->log2_chroma_h);
	e->width = (int)w, e->height = (int)h, e->pix_fmt = format;
	e->sample_aspect_ratio = z->shape.num > 0 ? z->shape : (AVRational){ 0, 1 };
	const double rate = av_q2d(z->rate);
	e->framerate = rate >= 0.1 && rate <= 480 ? z->rate : (AVRational){ 25, 1 };
	/* Others than x264 take 1 / time_base for the rate. Said so, x264 would tell players of a
	 * steady rate, which the film need not have. */
	e->time_base = strcmp(codec->name, "libx264") || av_q2d(z->time) * rate > 0.1
	                       ? av_inv_q(e->framerate)
	                       : z->time;
	e->gop_size = fv_film_segment(z);
	e->thread_count = c->threads;
	e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	e->color_primaries = z->primaries, e->color_trc = z->transfer;
	e->colorspace = z->known ? z->matrix : AVCOL_SPC_BT709;
	e->color_range = z->known ? z->range : AVCOL_RANGE_MPEG;
	e->chroma_sample_location = z->known ? z->location : AVCHROMA_LOC_UNSPECIFIED;
	e->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
	st = set_options(err, o, e);
	int failed = st ? 0 : avcodec_open2(e, codec, NULL);
	if (failed < 0)
		st = fv_fail(err, FV_E_ARGUMENT,
		             "--codec: %s cannot encode frames of %dx%d pixels here: %s",
		             codec->name, e->width, e->height, av_err2str(failed));
	k->f->format = format, k->f->width = e->width, k->f->height = e->height;
	k->f->color_range = e->color_range, k->f->colorspace = e->colorspace;
	k->f->color_primaries = e->color_primaries, k->f->color_trc = e->color_trc;
	k->drops_alpha = z->channels == 4 && !(d->flags & AV_PIX_FMT_FLAG_ALPHA);
	k->rgb = fv_colour_rgb(k->drops_alpha ? 3 : z->channels, z->bits);
	if (!st && (k->drops_alpha || w != z->width || h != z->height)) {
		k->stride = (size_t)FFALIGN(w * 8, 64);
		if (!(k->room = malloc(k->stride * (size_t)h)))
			st = fv_fail_memory(err, "encoder", k->stride * (size_t)h);
	}
	if (!st && av_frame_get_buffer(k->f, 0) < 0)
		st = fv_fail_memory(err, "encoder", (size_t)(w * h * 3));
	if (st)
		fv_encoder_free(k);
	else
		*out = k;
	return st;
}

/* Even sides, by repeating the last pixels; without alpha what shows through is black. */
static void even(const fv_encoder *k, const fv_pixels *p)
{
	const int from = p->channels, to = k->drops_alpha ? 3 : from;
	for (int y = 0; y < k->e->height; y++) {
		const char *row =
		        (const char *)p->data + fv_min(y, p->height - 1) * p->stride_bytes;
		uint8_t *out = k->room + (size_t)y * k->stride;
		for (int x = 0; x < k->e->width; x++) {
			const int64_t at = fv_min(x, p->width - 1) * from;
			for (int c = 0; c < to; c++)
				if (p->bits == 8) {
					const uint8_t *v = (const uint8_t *)row + at;
					out[x * to + c] =
					        k->drops_alpha
					                ? (uint8_t)((v[c] * v[3] + 127) / 255)
					                : v[c];
				} else {
					const uint16_t *v =
					        (const uint16_t *)(const void *)row + at;
					((uint16_t *)(void *)out)[x * to + c] =
					        k->drops_alpha ? (uint16_t)(((uint32_t)v[c] * v[3] +
					                                     32767) /
					                                    65535)
					                       : v[c];
				}
		}
	}
}

fv_status fv_encoder_frame(fv_err *err, fv_encoder *k, const fv_pixels *p, int64_t number,
                           fv_status (*put)(fv_err *err, void *user, const AVPacket *k), void *user)
{
	fv_status st = FV_OK;
	if (p) {
		const uint8_t *data[4] = { p->data };
		int lines[4] = { (int)p->stride_bytes };
		if (k->room) {
			even(k, p);
			data[0] = k->room, lines[0] = (int)k->stride;
		}
		if (av_frame_make_writable(k->f) < 0)
			return fv_fail_memory(err, "encoder", (size_t)(p->width * p->height * 3));
		k->sws = fv_colour_from_rgb(k->sws, k->f, fv_min(p->width, p->height), k->rgb);
		if (!k->sws ||
		    sws_scale(k->sws, data, lines, 0, k->e->height, k->f->data, k->f->linesize) < 0)
			return fv_fail(err, FV_E_INTERNAL, "frames cannot be turned into %s",
			               av_get_pix_fmt_name(k->e->pix_fmt));
		k->f->pts = av_rescale_q(number, av_inv_q(k->e->framerate), k->e->time_base);
		k->f->pict_type = AV_PICTURE_TYPE_NONE;
	}
	int failed = avcodec_send_frame(k->e, p ? k->f : NULL);
	while (failed >= 0 && !st) {
		failed = avcodec_receive_packet(k->e, k->k);
		if (failed == AVERROR(EAGAIN) || failed == AVERROR_EOF)
			return FV_OK;
		if (failed >= 0) {
			k->k->pts =
			        av_rescale_q(k->k->pts, k->e->time_base, av_inv_q(k->e->framerate));
			st = put(err, user, k->k);
		}
		av_packet_unref(k->k);
	}
	return st ? st
	          : fv_fail(err, FV_E_INTERNAL, "%s fails: %s", k->e->codec->name,
	                    av_err2str(failed));
}

void fv_encoder_free(fv_encoder *k)
{
	if (!k)
		return;
	avcodec_free_context(&k->e);
	av_frame_free(&k->f);
	av_packet_free(&k->k);
	sws_freeContext(k->sws);
	free(k->room);
	free(k);
}
