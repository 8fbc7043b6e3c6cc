/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "film/reader.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK 50                         /* milliseconds between looks at whether to stop */
#define WAIT 300                        /* seconds that a frame may take to be decoded */
enum { CHAPTERS = 10000 };

extern char **environ;

static fv_status stopped(fv_err *err, const fv_film_reader *r)
{
	return fv_fail(err, FV_E_CANCELLED, "%s: interrupted", r->o->in);
}

static fv_status nonsense(fv_err *err, const fv_film_reader *r)
{
	return fv_fail(err, FV_E_FORMAT,
	               "%s: this film cannot be read: what reads it answers nonsense", r->o->in);
}

static fv_status get(fv_err *err, fv_film_reader *r, void *to, size_t bytes)
{
	const double until = fv_now() + WAIT;
	for (size_t n = 0; n < bytes;) {
		struct pollfd p = { r->socket, POLLIN, 0 };
		if (fv_cancelled(r->c))
			return stopped(err, r);
		if (fv_now() > until)
			return fv_fail(err, FV_E_LIMIT,
			               "%s: a frame of it is not decoded after %d s", r->o->in,
			               WAIT);
		if (poll(&p, 1, LOOK) <= 0)
			continue;
		ssize_t got = read(r->socket, (char *)to + n, bytes - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fv_fail(err, FV_E_FORMAT,
			               "%s: this film cannot be read: its decoder "
			               "crashed, or took too much memory",
			               r->o->in);
		n += (size_t)got;
	}
	return FV_OK;
}

static void warn(fv_film_reader *r, const char *text)
{
	char line[1000];
	snprintf(line, sizeof line, "%s%s", r->o->in, text);
	if (r->o->warn)
		r->o->warn(r->o->user, line);
}

/* The head of the next record that is no warning; a failure becomes ours. */
static fv_status head(fv_err *err, fv_film_reader *r, fv_film_record *h)
{
	char text[700];
	for (;;) {
		fv_status st = get(err, r, h, sizeof *h);
		if (st)
			return st;
		if (h->magic != FV_FILM_MAGIC || h->bytes > FV_FILM_BYTES_MAX)
			return nonsense(err, r);
		if (h->kind != FV_FILM_WARNING && h->kind != FV_FILM_FAIL && h->kind != FV_FILM_END)
			return FV_OK;
		if (h->bytes >= sizeof text)
			return nonsense(err, r);
		if ((st = get(err, r, text, h->bytes)))
			return st;
		text[h->bytes] = 0;
		if (h->kind == FV_FILM_WARNING) {
			warn(r, text);
			continue;
		}
		if (h->kind == FV_FILM_END) {
			r->over = true;
			if (h->a > 0) {
				char line[900];
				snprintf(line, sizeof line, ": it is damaged, or was cut off: %s",
				         text);
				warn(r, line);
			}
			return FV_OK;
		}
		const bool known = h->n == FV_E_FORMAT || h->n == FV_E_LIMIT ||
		                   h->n == FV_E_MEMORY || h->n == FV_E_ARGUMENT ||
		                   h->n == FV_E_INTERNAL;
		return known ? fv_fail(err, (fv_status)h->n, "%s%s", r->o->in, text)
		             : nonsense(err, r);
	}
}

/* Names and values; data ends with a 0 of ours. */
static fv_status read_texts(fv_err *err, fv_film_reader *r, const char *data, size_t bytes,
                            AVDictionary **to)
{
	for (size_t i = 0; i < bytes;) {
		const char *name = data + i, *value = name + strlen(name) + 1;
		if (value > data + bytes || value + strlen(value) + 1 > data + bytes)
			return nonsense(err, r);
		if (av_dict_set(to, name, value, 0) < 0)
			return fv_fail_memory(err, r->o->in, bytes);
		i = (size_t)(value + strlen(value) + 1 - data);
	}
	return FV_OK;
}

static bool sound_rational(AVRational q) { return q.num > 0 && q.den > 0; }

static fv_status read_track(fv_err *err, fv_film_reader *r, const uint8_t *data, size_t bytes)
{
	fv_film_stream x;
	if (bytes < sizeof x || r->tracks == FV_FILM_STREAMS)
		return nonsense(err, r);
	memcpy(&x, data, sizeof x);
	if (x.extradata > bytes - sizeof x || x.texts != bytes - sizeof x - x.extradata ||
	    !sound_rational(x.time) || x.channels < 0 || x.channels > 64 || x.sample_rate < 0)
		return nonsense(err, r);
	fv_film_track *t = &r->track[r->tracks];
	AVCodecParameters *p = t->codec = avcodec_parameters_alloc();
	if (!p)
		return fv_fail_memory(err, r->o->in, sizeof *p);
	r->tracks++;
	p->codec_type = (enum AVMediaType)x.type, p->codec_id = (enum AVCodecID)x.codec;
	p->codec_tag = x.tag, p->format = x.format, p->profile = x.profile, p->level = x.level;
	p->width = x.width, p->height = x.height, p->sample_rate = x.sample_rate;
	p->block_align = x.block_align, p->frame_size = x.frame_size, p->bit_rate = x.bit_rate;
	p->initial_padding = x.padding, p->trailing_padding = x.trailing;
	p->seek_preroll = x.preroll, p->bits_per_coded_sample = x.coded_bits;
	p->bits_per_raw_sample = x.raw_bits, p->sample_aspect_ratio = x.shape;
	if (x.layout)
		av_channel_layout_from_mask(&p->ch_layout, x.layout);
	else if (x.channels)
		p->ch_layout = (AVChannelLayout){ .order = AV_CHANNEL_ORDER_UNSPEC,
			                          .nb_channels = x.channels };
	t->time = x.time, t->rate = x.rate, t->disposition = x.disposition, t->cover = x.cover;
	if (x.extradata) {
		if (!(p->extradata = av_mallocz(x.extradata + AV_INPUT_BUFFER_PADDING_SIZE)))
			return fv_fail_memory(err, r->o->in, x.extradata);
		memcpy(p->extradata, data + sizeof x, x.extradata);
		p->extradata_size = (int)x.extradata;
	}
	return read_texts(err, r, (const char *)data + sizeof x + x.extradata, x.texts, &t->texts);
}

static fv_status read_chapter(fv_err *err, fv_film_reader *r, const fv_film_record *h,
                              const char *data)
{
	if (r->chapters == CHAPTERS || h->pts < 0 || h->duration <= 0 || h->pts > INT64_MAX / 4 ||
	    h->duration > INT64_MAX / 4)
		return nonsense(err, r);
	if (!(r->chapters & (r->chapters - 1))) {
		size_t room = (size_t)fv_max(1, 2 * r->chapters) * sizeof *r->chapter;
		fv_film_chapter *more = realloc(r->chapter, room);
		if (!more)
			return fv_fail_memory(err, r->o->in, room);
		r->chapter = more;
	}
	fv_film_chapter *k = &r->chapter[r->chapters++];
	*k = (fv_film_chapter){ h->pts, h->duration, NULL };
	return read_texts(err, r, data, h->bytes, &k->texts);
}

static fv_status read_size(fv_err *err, fv_film_reader *r, const uint8_t *data, size_t bytes)
{
	fv_film_size *z = &r->size;
	if (bytes != sizeof *z)
		return nonsense(err, r);
	memcpy(z, data, sizeof *z);
	if (z->width < 1 || z->height < 1 || z->width > FV_FILM_PIXELS ||
	    z->height > FV_FILM_PIXELS || z->width * z->height > FV_FILM_PIXELS ||
	    (z->channels != 3 && z->channels != 4) || (z->bits != 8 && z->bits != 16) ||
	    z->slots != FV_FILM_SLOTS || z->frames < 0 || z->frames > 1000000000 ||
	    !sound_rational(z->time) || !sound_rational(z->rate) || z->shape.num < 0 ||
	    z->shape.den <= 0 || !av_pix_fmt_desc_get(z->format))
		return nonsense(err, r);
	r->slot_bytes = (size_t)(z->width * z->height * z->channels * z->bits / 8);
	const size_t all = r->slot_bytes * FV_FILM_SLOTS;
	if (ftruncate(r->memory, (off_t)all) ||
	    fcntl(r->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fv_fail_memory(err, r->o->in, all);
	r->slots = mmap(NULL, all, PROT_READ, MAP_SHARED, r->memory, 0);
	if (r->slots == MAP_FAILED) {
		r->slots = NULL;
		return fv_fail_memory(err, r->o->in, all);
	}
	(void)!send(r->socket, "y", 1, MSG_NOSIGNAL);
	return FV_OK;
}

static fv_status start(fv_err *err, fv_film_reader *r, const fv_film_request *q, int file)
{
	int pair[2];
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	char *const words[] = { (char *)(uintptr_t) "fauve", (char *)(uintptr_t)FV_FILM_WORD,
		                NULL };
	r->memory = memfd_create("frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (r->memory < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return fv_fail(err, FV_E_INTERNAL, "%s: no process can be had to read it: %s",
		               r->o->in, strerror(errno));
	/* Above what they become, or one would be overwritten before it is copied. */
	int high[3] = { fcntl(pair[1], F_DUPFD_CLOEXEC, 10), fcntl(file, F_DUPFD_CLOEXEC, 10),
		        fcntl(r->memory, F_DUPFD_CLOEXEC, 10) };
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&how);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&files, high[i], FV_FILM_SOCKET + i);
	/* A group of its own: Ctrl-C is not for it. */
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
	int failed = posix_spawn(&r->pid, r->o->program, &files, &how, words, environ);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	for (int i = 0; i < 3; i++)
		close(high[i]);
	close(pair[1]);
	r->socket = pair[0];
	if (failed) {
		r->pid = 0;
		return fv_fail(err, FV_E_INTERNAL, "%s: no process can be had to read it: %s",
		               r->o->in, strerror(failed));
	}
	if (send(r->socket, q, sizeof *q, MSG_NOSIGNAL) != sizeof *q)
		return nonsense(err, r);
	return FV_OK;
}

static fv_status payload(fv_err *err, fv_film_reader *r, size_t bytes, uint8_t **data)
{
	if (!(*data = malloc(bytes + 1)))
		return fv_fail_memory(err, r->o->in, bytes);
	(*data)[bytes] = 0;
	return get(err, r, *data, bytes);
}

fv_status fv_reader_open(fv_err *err, fv_context *c, const fv_film_options *o, fv_film_pass pass,
                         const char *container, const char *codec, int64_t skip, int count,
                         fv_film_reader *r)
{
	size_t bytes;
	int file;
	*r = (fv_film_reader){ .o = o, .c = c, .socket = -1, .memory = -1 };
	if (o->frame)
		return fv_given_open(err, r, pass, skip, count);
	fv_status st = fv_file_open(err, o->file ? o->file : o->in, 0, &file, &bytes);
	if (st)
		return st;
	fv_film_request q = { .magic = FV_FILM_MAGIC,
		              .pass = pass,
		              .threads = c->threads,
		              .keep_private = o->keep_private,
		              .count = count,
		              .sandbox = o->sandbox,
		              .width = o->width,
		              .height = o->height,
		              .skip = skip,
		              .file_bytes = (int64_t)bytes,
		              .from = isnan(o->from) ? -1 : o->from,
		              .to = isnan(o->to) ? -1 : o->to };
	snprintf(q.container, sizeof q.container, "%s", container);
	snprintf(q.codec, sizeof q.codec, "%s", codec ? codec : "");
	st = bytes ? start(err, r, &q, file)
	           : fv_fail(err, FV_E_FORMAT, "%s: this file is empty", o->in);
	close(file);
	while (!st && !r->waiting && !r->over && !r->size.width) {
		fv_film_record h;
		uint8_t *data = NULL;
		if ((st = head(err, r, &h)) || r->over)
			break;
		if (h.kind == FV_FILM_PACKET) {
			r->next = h;
			r->waiting = true;
			break;
		}
		st = payload(err, r, h.bytes, &data);
		if (!st && h.kind == FV_FILM_INFO) {
			r->seconds = h.pts >= 0 ? (double)h.pts / 1e6 : 0;
			st = read_texts(err, r, (char *)data, h.bytes, &r->texts);
		} else if (!st && h.kind == FV_FILM_STREAM)
			st = read_track(err, r, data, h.bytes);
		else if (!st && h.kind == FV_FILM_CHAPTER)
			st = read_chapter(err, r, &h, (char *)data);
		else if (!st && h.kind == FV_FILM_SIZE && pass != FV_FILM_PACKETS)
			st = read_size(err, r, data, h.bytes);
		else if (!st)
			st = nonsense(err, r);
		free(data);
	}
	return st;
}

fv_status fv_reader_frame_next(fv_err *err, fv_film_reader *r, fv_reader_frame *f, bool *got)
{
	fv_film_record h;
	const fv_film_size *z = &r->size;
	*got = false;
	if (r->o->frame)
		return fv_given_next(err, r, f, got);
	fv_status st = r->over ? FV_OK : head(err, r, &h);
	if (st || r->over)
		return st;
	if (h.kind != FV_FILM_FRAME || h.bytes || h.n < 0 || h.n >= FV_FILM_SLOTS ||
	    h.duration < 1 || h.pts < -(INT64_MAX / 4) || h.pts > INT64_MAX / 4 ||
	    h.duration > INT64_MAX / 4)
		return nonsense(err, r);
	*f = (fv_reader_frame){
		{ z->width, z->height, z->channels, z->bits, z->width * z->channels * z->bits / 8,
		  r->slots + (size_t)h.n * r->slot_bytes }, h.n, h.pts, h.duration };
	*got = true;
	return FV_OK;
}

void fv_reader_frame_done(fv_film_reader *r, const fv_reader_frame *f)
{
	if (r->socket >= 0)
		(void)!send(r->socket, &(uint8_t){ (uint8_t)f->slot }, 1, MSG_NOSIGNAL);
}

fv_status fv_reader_packet_next(fv_err *err, fv_film_reader *r, AVPacket *p, bool *got)
{
	fv_film_record h = r->next;
	uint8_t *side = NULL;
	*got = false;
	fv_status st = FV_OK;
	if (!r->waiting && !r->over)
		st = head(err, r, &h);
	r->waiting = false;
	if (st || r->over)
		return st;
	if (h.kind != FV_FILM_PACKET || h.n < 0 || h.n >= r->tracks || h.a < 1 ||
	    h.a > (int64_t)h.bytes)
		return nonsense(err, r);
	if (av_new_packet(p, (int)h.a) < 0)
		return fv_fail_memory(err, r->o->in, (size_t)h.a);
	const size_t more = h.bytes - (size_t)h.a;
	if (!(st = get(err, r, p->data, (size_t)h.a)))
		st = payload(err, r, more, &side);
	for (size_t i = 0; i < more && !st;) {
		uint32_t d[2];
		if (more - i < sizeof d) {
			st = nonsense(err, r);
			break;
		}
		memcpy(d, side + i, sizeof d);
		i += sizeof d;
		uint8_t *to =
		        d[1] > more - i || d[0] >= AV_PKT_DATA_NB
		                ? NULL
		                : av_packet_new_side_data(p, (enum AVPacketSideDataType)d[0], d[1]);
		if (!to)
			st = nonsense(err, r);
		else
			memcpy(to, side + i, d[1]);
		i += d[1];
	}
	free(side);
	p->pts = h.pts, p->dts = h.dts, p->duration = fv_max(0, h.duration);
	p->flags = (int)h.b & AV_PKT_FLAG_KEY, p->stream_index = h.n;
	*got = !st;
	return st;
}

void fv_reader_close(fv_film_reader *r)
{
	if (r->socket >= 0)
		close(r->socket);
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR);
	}
	if (r->slots)
		munmap(r->slots, r->slot_bytes * FV_FILM_SLOTS);
	if (r->memory >= 0)
		close(r->memory);
	av_dict_free(&r->texts);
	for (int i = 0; i < r->tracks; i++) {
		avcodec_parameters_free(&r->track[i].codec);
		av_dict_free(&r->track[i].texts);
	}
	for (int i = 0; i < r->chapters; i++)
		av_dict_free(&r->chapter[i].texts);
	free(r->chapter);
	fv_given_close(r);
	*r = (fv_film_reader){ .socket = -1, .memory = -1 };
}
