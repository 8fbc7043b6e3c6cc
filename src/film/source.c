/* SPDX-License-Identifier: Apache-2.0 */
/* The file: which films are read, what of them goes along with the painting, and as what.
 *
 * Only containers in a list are opened, and of the one file: FFmpeg is given bytes, no name, and
 * whatever else a film or playlist asks to open is refused. Of what a film says of itself, only
 * what is in a list goes along: texts name places and persons, and telephones write where they
 * were. */
#include "film/serve.h"
#include <errno.h>
#include <libavutil/dict.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

/* To read one more kind of file: FFmpeg's name of it. None may name other files, or does so only
 * through io_open. */
static const char demuxers[] = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,"
                               "flv,ogg,asf,h264,hevc,m4v,yuv4mpegpipe,gif,apng,ivf,obu,dv,mxf,"
                               "nut,rm,swf,vob,av1";

/* Words that go along. Place, persons, places' names in comments, cameras and programs do not. */
static const char *const kept[] = { "title", "copyright", "license", "genre", "date", "year",
	                            "creation_time", "language", "track", NULL };
/* Of attachments, without which they are nothing. */
static const char *const kept_attached[] = { "filename", "mimetype", "title", NULL };

static int read_bytes(void *user, uint8_t *to, int bytes)
{
	ssize_t n;
	while ((n = read(FV_FILM_FILE, to, (size_t)bytes)) < 0 && errno == EINTR);
	return n > 0 ? (int)n : n == 0 ? AVERROR_EOF : AVERROR(EIO);
}

static int64_t seek_bytes(void *user, int64_t to, int whence)
{
	const fv_film_source *s = user;
	if (whence & AVSEEK_SIZE)
		return s->q.file_bytes;
	off_t at = lseek(FV_FILM_FILE, to, whence & 3);
	return at < 0 ? AVERROR(errno) : at;
}

static int no_other(AVFormatContext *f, AVIOContext **io, const char *url, int flags,
                    AVDictionary **o)
{
	return AVERROR(EPERM);
}

/* The first that is no cover, of those that are called the default where some are. */
static int painted_stream(const AVFormatContext *f)
{
	int first = -1;
	for (int i = 0; i < (int)f->nb_streams; i++) {
		const AVStream *t = f->streams[i];
		if (t->codecpar->codec_type != AVMEDIA_TYPE_VIDEO ||
		    (t->disposition &
		     (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)))
			continue;
		if (t->disposition & AV_DISPOSITION_DEFAULT)
			return i;
		if (first < 0)
			first = i;
	}
	return first;
}

void fv_source_open(fv_film_source *s)
{
	AVDictionary *o = NULL, *each[FV_FILM_STREAMS] = { NULL };
	uint8_t *room = av_malloc(1 << 16);
	AVIOContext *io =
	        room ? avio_alloc_context(room, 1 << 16, 0, s, read_bytes, NULL, seek_bytes) : NULL;
	if (!io || !(s->f = avformat_alloc_context()))
		fv_serve_fail(FV_E_MEMORY, ": not enough memory to open it");
	s->f->pb = io;
	s->f->io_open = no_other;
	s->f->flags |= AVFMT_FLAG_CUSTOM_IO;
	s->f->max_streams = FV_FILM_STREAMS;
	av_dict_set(&o, "format_whitelist", demuxers, 0);
	av_dict_set(&o, "protocol_whitelist", "none", 0);
	int failed = avformat_open_input(&s->f, "", NULL, &o);
	av_dict_free(&o);
	if (failed == AVERROR(EINVAL) || failed == AVERROR_INVALIDDATA)
		fv_serve_fail(FV_E_FORMAT,
		              ": no film that fauve reads: playlists are not followed, "
		              "and a file that was cut off may have lost its index");
	if (failed)
		fv_serve_fail(failed == AVERROR(ENOMEM) ? FV_E_LIMIT : FV_E_FORMAT,
		              ": this film cannot be opened: %s", fv_serve_why(failed));
	s->container = av_guess_format(s->q.container, NULL, NULL);
	/* Decoders are asked for a little here, and must not believe any size. */
	for (int i = 0; i < FV_FILM_STREAMS; i++)
		av_dict_set_int(&each[i], "max_pixels", FV_FILM_PIXELS, 0);
	failed = s->f->nb_streams > FV_FILM_STREAMS ? AVERROR(EINVAL)
	                                             : avformat_find_stream_info(s->f, each);
	for (int i = 0; i < FV_FILM_STREAMS; i++)
		av_dict_free(&each[i]);
	if (failed < 0)
		fv_serve_fail(failed == AVERROR(ENOMEM) ? FV_E_LIMIT : FV_E_FORMAT,
		              ": this film cannot be read: %s", fv_serve_why(failed));
	s->video = painted_stream(s->f);
	if (s->video < 0)
		fv_serve_fail(FV_E_FORMAT, ": there is no film in it, only %s",
		              s->f->nb_streams ? "sound or other things" : "nothing");
	s->origin = s->f->start_time == AV_NOPTS_VALUE ? 0 : s->f->start_time;
	if (s->q.from > 0)
		s->origin += (int64_t)(s->q.from * 1e6);
}

/* ---- what goes along */
static const char *kind_of(const AVStream *t)
{
	switch (t->codecpar->codec_type) {
	case AVMEDIA_TYPE_VIDEO:
		return t->disposition & AV_DISPOSITION_ATTACHED_PIC ? "cover" : "second picture";
	case AVMEDIA_TYPE_AUDIO: return "sound";
	case AVMEDIA_TYPE_SUBTITLE: return "titles";
	case AVMEDIA_TYPE_ATTACHMENT: return "attachment";
	default: return "data";
	}
}

static bool listed(const char *key, const char *const *list)
{
	for (; *list; list++)
		if (!strcasecmp(key, *list))
			return true;
	return false;
}

/* Names and values; returns their bytes. to: room, or NULL. */
static size_t texts(const AVDictionary *d, const char *const *list, char *to, size_t room)
{
	size_t n = 0;
	for (AVDictionaryEntry *e = NULL; (e = av_dict_get(d, "", e, AV_DICT_IGNORE_SUFFIX));) {
		size_t a = strlen(e->key) + 1, b = strlen(e->value) + 1;
		if ((list && !listed(e->key, list)) || n + a + b > room)
			continue;
		memcpy(to + n, e->key, a);
		memcpy(to + n + a, e->value, b);
		n += a + b;
	}
	return n;
}

static bool takes(const fv_film_source *s, enum AVCodecID id)
{
	return avformat_query_codec(s->container, id, FF_COMPLIANCE_EXPERIMENTAL) == 1;
}

/* What becomes of a stream: 0 left behind and said, 1 goes along, 2 said and refused. */
static int fate(const fv_film_source *s, const AVStream *t, const char **why)
{
	const AVCodecParameters *p = t->codecpar;
	const bool matroska = s->container && !strcmp(s->container->name, "matroska");
	*why = NULL;
	if (p->codec_type == AVMEDIA_TYPE_VIDEO && !(t->disposition & AV_DISPOSITION_ATTACHED_PIC))
		return *why = "only one is painted", 0;
	if (!s->container)
		return *why = "pictures hold none", 0;
	if (p->codec_type == AVMEDIA_TYPE_VIDEO) {
		*why = "it shows what is not painted; --keep-private keeps it";
		if (!s->q.keep_private)
			return 0;
		*why = "this container holds none";
		return matroska || (takes(s, p->codec_id) && strcmp(s->container->name, "webm"));
	}
	if (p->codec_type == AVMEDIA_TYPE_ATTACHMENT)
		return *why = "only .mkv holds it", matroska;
	if (p->codec_type == AVMEDIA_TYPE_DATA)
		return *why = "cameras write there where they were", 0;
	if (p->codec_type == AVMEDIA_TYPE_SUBTITLE)
		return *why = "this container does not hold this kind; .mkv does",
		       takes(s, p->codec_id);
	*why = "this container does not hold this kind; name OUT .mkv";
	if (p->codec_id == AV_CODEC_ID_NONE)
		return *why = "nobody knows what kind it is", 0;
	return p->codec_type == AVMEDIA_TYPE_AUDIO ? (takes(s, p->codec_id) ? 1 : 2) : 0;
}

static void tell_stream(fv_film_source *s, const AVStream *t)
{
	const AVCodecParameters *p = t->codecpar;
	static char text[1 << 16];
	const bool attached = p->codec_type == AVMEDIA_TYPE_ATTACHMENT;
	const AVPacket *cover =
	        t->disposition & AV_DISPOSITION_ATTACHED_PIC ? &t->attached_pic : NULL;
	const void *extra = cover ? cover->data : p->extradata;
	fv_film_stream x = {
		.type = p->codec_type,
		.codec = p->codec_id,
		.tag = p->codec_tag,
		.format = p->format,
		.profile = p->profile,
		.level = p->level,
		.width = p->width,
		.height = p->height,
		.channels = p->ch_layout.nb_channels,
		.layout = p->ch_layout.order == AV_CHANNEL_ORDER_NATIVE ? p->ch_layout.u.mask : 0,
		.sample_rate = p->sample_rate,
		.block_align = p->block_align,
		.frame_size = p->frame_size,
		.padding = p->initial_padding,
		.trailing = p->trailing_padding,
		.preroll = p->seek_preroll,
		.bit_rate = p->bit_rate,
		.coded_bits = p->bits_per_coded_sample,
		.raw_bits = p->bits_per_raw_sample,
		.disposition = t->disposition,
		.time = t->time_base,
		.rate = t->avg_frame_rate,
		.shape = p->sample_aspect_ratio,
		.cover = cover != NULL,
	};
	x.extradata = (uint32_t)(cover ? cover->size : p->extradata_size);
	x.texts = (uint32_t)texts(t->metadata,
	                          attached            ? kept_attached
	                          : s->q.keep_private ? NULL
	                                              : kept,
	                          text, sizeof text);
	uint8_t *all = av_malloc(x.extradata + x.texts + 1);
	if (!all || x.extradata > FV_FILM_BYTES_MAX / 2)
		fv_serve_fail(FV_E_LIMIT, ": an attachment is larger than a film's should be");
	if (x.extradata)
		memcpy(all, extra, x.extradata);
	memcpy(all + x.extradata, text, x.texts);
	fv_serve_put(&(fv_film_record){ .kind = FV_FILM_STREAM, .bytes = sizeof x }, &x, all,
	             x.extradata + x.texts);
	av_free(all);
}

void fv_source_tell(fv_film_source *s)
{
	static char text[1 << 16];
	const AVFormatContext *f = s->f;
	const char *const *list = s->q.keep_private ? NULL : kept;
	size_t n = texts(f->metadata, list, text, sizeof text);
	int count = 0;
	const double all = f->duration == AV_NOPTS_VALUE ? 0 : (double)f->duration / 1e6;
	double seconds = fmin(all, s->q.to >= 0 ? s->q.to : INFINITY);
	seconds = fmax(0, seconds - fmax(0, s->q.from));
	fv_serve_put(&(fv_film_record){ .kind = FV_FILM_INFO,
	                                .pts = (int64_t)(fmin(seconds, 1e9) * 1e6) },
	             NULL, text, n);
	for (int i = 0; i < (int)f->nb_streams; i++) {
		const AVStream *t = f->streams[i];
		const char *why;
		s->map[i] = -1;
		int what = i == s->video ? -1 : fate(s, t, &why);
		if (what == 2 && s->q.pass != FV_FILM_LOOK)
			fv_serve_fail(FV_E_FORMAT, ": its %s %d (%s) cannot go along: %s",
			              kind_of(t), i, avcodec_get_name(t->codecpar->codec_id), why);
		/* MP4 keeps chapters' names as such a stream: they go along as chapters. */
		if (t->codecpar->codec_id == AV_CODEC_ID_BIN_DATA && f->nb_chapters &&
		    t->codecpar->codec_tag == MKTAG('t', 'e', 'x', 't'))
			what = -1;
		if (what == 1) {
			s->map[i] = count++;
			tell_stream(s, t);
		} else if (what == 0 && s->q.pass == FV_FILM_FRAMES)
			fv_serve_warn(": %s %d (%s) is left out: %s", kind_of(t), i,
			              avcodec_get_name(t->codecpar->codec_id), why);
	}
	if (f->nb_chapters && !s->container && s->q.pass == FV_FILM_FRAMES)
		fv_serve_warn(": its chapters are left out: pictures hold none");
	for (unsigned i = 0; i < f->nb_chapters && s->container; i++) {
		const AVChapter *c = f->chapters[i];
		const AVRational us = { 1, 1000000 };
		int64_t a = av_rescale_q(c->start, c->time_base, us) - s->origin,
		        b = av_rescale_q(c->end, c->time_base, us) - s->origin;
		if (s->q.to >= 0)
			b = fv_min(b, (int64_t)((s->q.to - fmax(0, s->q.from)) * 1e6));
		a = fv_max(a, 0);
		if (b <= a)
			continue;
		n = texts(c->metadata, s->q.keep_private ? NULL : kept, text, sizeof text);
		fv_serve_put(
		        &(fv_film_record){ .kind = FV_FILM_CHAPTER, .pts = a, .duration = b - a },
		        NULL, text, n);
	}
}

void fv_source_seek(fv_film_source *s, double seconds)
{
	const int64_t begin = s->f->start_time == AV_NOPTS_VALUE ? 0 : s->f->start_time;
	if (seconds > 0)
		avformat_seek_file(s->f, -1, INT64_MIN, begin + (int64_t)(seconds * 1e6),
		                   begin + (int64_t)(seconds * 1e6), 0);
}

/* Side data that a container keeps. */
static size_t side_data(const AVPacket *p, uint8_t *to, size_t room)
{
	size_t n = 0;
	for (int i = 0; i < p->side_data_elems; i++) {
		const AVPacketSideData *d = &p->side_data[i];
		const bool kept_kind = d->type == AV_PKT_DATA_SKIP_SAMPLES ||
		                       d->type == AV_PKT_DATA_WEBVTT_IDENTIFIER ||
		                       d->type == AV_PKT_DATA_WEBVTT_SETTINGS ||
		                       d->type == AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL;
		const uint32_t head[2] = { (uint32_t)d->type, (uint32_t)d->size };
		if (!kept_kind || d->size > room || n + sizeof head + d->size > room)
			continue;
		memcpy(to + n, head, sizeof head);
		memcpy(to + n + sizeof head, d->data, d->size);
		n += sizeof head + d->size;
	}
	return n;
}

/* Sound is copied, damaged or not; that it is damaged only its decoder tells. */
typedef struct { AVCodecContext *d[FV_FILM_STREAMS]; int64_t faults; AVFrame *f; } listening;

static void listen_to(const fv_film_source *s, listening *l, const AVPacket *p)
{
	const AVStream *t = s->f->streams[p->stream_index];
	AVCodecContext **d = &l->d[p->stream_index];
	l->faults += (p->flags & AV_PKT_FLAG_CORRUPT) != 0;
	if (t->codecpar->codec_type != AVMEDIA_TYPE_AUDIO || !l->f)
		return;
	if (!*d) {
		const AVCodec *codec = avcodec_find_decoder(t->codecpar->codec_id);
		if (!codec || !(*d = avcodec_alloc_context3(codec)))
			return;
		(*d)->thread_count = 1;
		if (avcodec_parameters_to_context(*d, t->codecpar) < 0 ||
		    avcodec_open2(*d, codec, NULL) < 0) {
			avcodec_free_context(d);
			return;
		}
	}
	l->faults += avcodec_send_packet(*d, p) < 0;
	int got;
	while ((got = avcodec_receive_frame(*d, l->f)) >= 0);
	l->faults += got != AVERROR(EAGAIN) && got != AVERROR_EOF;
}

void fv_source_packets(fv_film_source *s)
{
	static uint8_t side[1 << 16];
	AVPacket *p = av_packet_alloc();
	listening l = { .f = av_frame_alloc() };
	int got;
	for (int i = 0; i < (int)s->f->nb_streams; i++)
		s->f->streams[i]->discard = s->map[i] < 0 ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
	fv_source_seek(s, s->q.from);
	while ((got = av_read_frame(s->f, p)) >= 0) {
		const AVStream *t = s->f->streams[p->stream_index];
		const int64_t shift = av_rescale_q(s->origin, AV_TIME_BASE_Q, t->time_base);
		int64_t at = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
		const double begin =
		        at == AV_NOPTS_VALUE ? NAN : (double)(at - shift) * av_q2d(t->time_base);
		const double end = begin + (double)p->duration * av_q2d(t->time_base);
		const bool outside = (s->q.from > 0 && end <= 0) ||
		                     (s->q.to >= 0 && begin >= s->q.to - fmax(0, s->q.from));
		if (s->map[p->stream_index] >= 0 && !outside && p->size > 0 &&
		    (uint32_t)p->size < FV_FILM_BYTES_MAX / 2 &&
		    !(t->disposition & AV_DISPOSITION_ATTACHED_PIC)) {
			size_t n = side_data(p, side, sizeof side);
			listen_to(s, &l, p);
			fv_serve_put(&(fv_film_record){
				.kind = FV_FILM_PACKET, .n = s->map[p->stream_index],
				.pts = p->pts == AV_NOPTS_VALUE ? p->pts : p->pts - shift,
				.dts = p->dts == AV_NOPTS_VALUE ? p->dts : p->dts - shift,
				.duration = p->duration, .a = p->size, .b = p->flags,
				.bytes = (uint32_t)p->size }, p->data, side, n);
		}
		av_packet_unref(p);
	}
	if (l.faults)
		fv_serve_warn(": its sound or titles are damaged in %" PRId64
		              " places; they go along as "
		              "they are",
		              l.faults);
	fv_serve_faults = 0;                    /* the other pass told */
	av_frame_free(&l.f);
	for (int i = 0; i < FV_FILM_STREAMS; i++)
		avcodec_free_context(&l.d[i]);
	av_packet_free(&p);
}
