/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: one film, from file to file, by the library that is loaded for it (src/film). */
#define _GNU_SOURCE
#include "cli/apply.h"
#include "base/hash.h"
#include "film/film.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- the library: beside the program as it is built or installed */
static const fv_film_table *load(char *why, size_t room)
{
	static const char *const places[] = { "/src/film/", "/../" FV_MODULES "/", "/" };
	static const fv_film_table *table;
	char program[3000], path[4000];
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	snprintf(why, room, "it is not beside the program");
	if (table || n <= 0)
		return table;
	program[n] = 0;
	*strrchr(program, '/') = 0;
	for (size_t i = 0; i < FV_COUNT(places) && !table; i++) {
		snprintf(path, sizeof path, "%s%s" FV_FILM_MODULE, program, places[i]);
		if (access(path, R_OK))
			continue;
		void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		table = library ? dlsym(library, FV_FILM_API) : NULL;
		if (!table)
			snprintf(why, room, "%s", dlerror());
		else if (table->version != FV_FILM_VERSION)
			table = NULL;
	}
	return table;
}

int fv_film_child(void)
{
	char why[400];
	const fv_film_table *t = load(why, sizeof why);
	return t ? t->serve() : 1;
}

/* ---- which files are films */
bool fv_film_ending(const char *path)
{
	static const char *const endings[] = { ".mp4", ".mov", ".mkv", ".webm", ".m4v" };
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash + 1 : path, '.');
	for (size_t i = 0; dot && i < FV_COUNT(endings); i++)
		if (!strcasecmp(dot, endings[i]))
			return true;
	return false;
}

static bool at(const uint8_t *d, size_t bytes, size_t where, const char *text)
{
	return bytes >= where + strlen(text) && !memcmp(d + where, text, strlen(text));
}

/* By its first bytes. HEIF and AVIF pictures are boxes as MP4 is, of another brand. */
bool fv_is_film(const char *path)
{
	static const char *const brands[] = {
		"heic", "heix", "hevc", "mif1", "msf1", "avif", "avis"
	};
	uint8_t d[1024];
	size_t bytes = sizeof d;
	fv_err ignored;
	int fd;
	if (fv_file_open(&ignored, path, 0, &fd, NULL))
		return false;
	const fv_status st = fv_file_fill(&ignored, path, fd, d, &bytes, NULL, NULL);
	close(fd);
	if (st)
		return false;
	if (at(d, bytes, 4, "ftyp")) {
		for (size_t i = 0; i < FV_COUNT(brands); i++)
			if (at(d, bytes, 8, brands[i]))
				return false;
		return true;
	}
	return at(d, bytes, 4, "moov") || at(d, bytes, 4, "mdat") || at(d, bytes, 4, "wide") ||
	       at(d, bytes, 0, "\x1a\x45\xdf\xa3") ||
	       (at(d, bytes, 0, "RIFF") && at(d, bytes, 8, "AVI ")) || at(d, bytes, 0, "OggS") ||
	       at(d, bytes, 0, "FLV\x01") || at(d, bytes, 0, "YUV4MPEG2 ") ||
	       at(d, bytes, 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11") || at(d, bytes, 0, "DKIF") ||
	       (bytes > 376 && d[0] == 0x47 && d[188] == 0x47 && d[376] == 0x47) ||
	       (bytes > 4 && !d[0] && !d[1] && d[2] == 1 && (d[3] == 0xba || d[3] == 0xb3)) ||
	       (bytes > 5 && !d[0] && !d[1] && !d[2] && d[3] == 1 && (d[4] & 0x80) == 0 && d[4]);
}

/* ---- options */
static fv_status read_time(fv_err *err, const char *option, const char *text, double *out)
{
	double all = 0;
	const char *rest = text;
	*out = NAN;
	for (int i = 0; text && i < 3; i++) {
		char *end;
		double v = strtod(rest, &end);
		if (end == rest || !(v >= 0) || v > 1e7 || (i && v >= 60))
			break;
		all = 60 * all + v;
		if (!*end) {
			*out = all;
			return FV_OK;
		}
		if (*end != ':')
			break;
		rest = end + 1;
	}
	return !text ? FV_OK
	             : fv_fail(err, FV_E_ARGUMENT,
	                       "--%s: '%s' is no time; write seconds, or such as 1:02:03.5", option,
	                       text);
}

static fv_status read_size(fv_err *err, const char *text, int64_t *width, int64_t *height)
{
	long w = 0, h = 0;
	char more = 0;
	if (!text)
		return FV_OK;
	int n = sscanf(text, "%ldx%ld%c", &w, &h, &more);
	if (n == 1 && strspn(text, "0123456789") != strlen(text))
		n = 0;
	if (n < 1 || n > 2 || w < 2 || (n == 2 && h < 2) || w > 16384 || h > 16384)
		return fv_fail(err, FV_E_ARGUMENT,
		               "--size: '%s' is no size; write such as 1280x720, or "
		               "pixels of the longer side, 2 to 16384",
		               text);
	*width = w, *height = h;
	return FV_OK;
}

/* ---- painting */
typedef struct { fv_apply *a; const fv_job *job; double begun, shown; } work;

/* The painters of a shot's frames lay their dabs at the same places. */
static void set_shot(const fv_apply *a, uint64_t shot)
{
	for (int i = 0; i < a->layers->count; i++)
		fv_painter_shot(a->layers->item[i].painter, shot);
}

static fv_status paint_one(fv_err *err, void *user, const fv_film_frame *f)
{
	const work *w = user;
	fv_paint_options how;
	fv_pixels out = f->out;
	const size_t row = (size_t)(f->in.width * f->in.channels * f->in.bits / 8);
	fv_status st = fv_apply_how(err, w->a, &f->in, &how);
	how.max_memory = w->a->o->memory;
	set_shot(w->a, f->shot);
	for (int64_t y = 0; y < out.height && !st && out.data != f->in.data; y++)
		memcpy((char *)out.data + y * out.stride_bytes,
		       (const char *)f->in.data + y * f->in.stride_bytes, row);
	return st ? st : fv_apply_paint(err, w->a, &out, &how);
}

static void warn(void *user, const char *text)
{
	const work *w = user;
	fv_warn(w->a->cli, "%s", text);
}

static const char *time_text(double seconds, char *text, size_t room)
{
	long s = (long)fmin(1e8, seconds + 0.5);
	if (s < 90)
		snprintf(text, room, "%ld s", s);
	else if (s < 5400)
		snprintf(text, room, "%ld min", (s + 30) / 60);
	else
		snprintf(text, room, "%ld h %02ld min", s / 3600, s / 60 % 60);
	return text;
}

static void progress(void *user, int64_t done, int64_t frames, int64_t before)
{
	work *w = user;
	char line[600], left[60] = "";
	const double now = fv_now();
	if (done == before)
		w->begun = now;
	const int64_t rest = frames - done;
	if (done > before && rest > 0)
		time_text((now - w->begun) / (double)(done - before) * (double)rest, left,
		          sizeof left);
	if (frames >= done && frames > 0)
		snprintf(line, sizeof line, "frame %" PRId64 " of %" PRId64 "%s%s  %s", done + 1,
		         frames, *left ? ", left: " : "", left, w->job->in);
	else
		snprintf(line, sizeof line, "frame %" PRId64 "  %s", done + 1, w->job->in);
	fv_progress_show(w->a->cli->progress,
	                 frames >= done && frames > 0 ? (double)done / (double)frames : -1, line);
}

/* All that decides how a frame is painted, for a run that goes on: the weights too. */
static fv_status settings_of(fv_err *err, const fv_apply *a, char *text, size_t room)
{
	uint64_t hash = 0;
	fv_status st = fv_apply_settings(err, a, &hash);
	snprintf(text, room, "settings %016" PRIx64, hash);
	return st;
}

static fv_status preview(fv_err *err, const fv_film_table *t, const fv_film_options *film, work *w)
{
	fv_pixels frame[3] = { { 0 } };
	fv_film_facts facts = { 0 };
	fv_context *c = w->a->context;
	char path[4200], text[60];
	int got = 0;
	double seconds = 0;
	fv_status st = t->look(err, c, film, 3, frame, &got, &facts);
	for (int i = 0; i < got && !st; i++) {
		const double begun = fv_now();
		st = paint_one(err, w, &(fv_film_frame){ frame[i], frame[i], 1 });
		seconds = fv_now() - begun;             /* of the last: the first prepares */
		if (frame[i].channels == 4 || frame[i].bits == 16)
			st = st ? st
			        : fv_fail(err, FV_E_ARGUMENT,
			                  "%s: of films with transparency or more "
			                  "than 8 bits there is no preview",
			                  film->in);
	}
	snprintf(path, sizeof path, "%s.preview.png", film->out);
	if (!st)
		st = fv_sheet_write(err, c, path, frame, got, got);
	for (int i = 0; i < got; i++)
		fv_free(c, frame[i].data);
	if (!st)
		fv_say(w->a->cli,
		       "%s: %d frames; all %" PRId64 " of %" PRId64 "x%" PRId64 " pixels would "
		       "take about %s",
		       path, got, facts.frames, facts.width, facts.height,
		       time_text(seconds * 1.25 * (double)facts.frames, text, sizeof text));
	return st;
}

fv_status fv_apply_film(fv_err *err, fv_apply *a, const fv_job *j, bool say)
{
	const fv_apply_options *o = a->o;
	char why[600], settings[900];
	work w = { .a = a, .job = j };
	fv_film_facts facts = { 0 };
	const double begun = fv_now();
	a->job = j;
	if (!fv_film_ending(j->out))
		return fv_fail(err, FV_E_ARGUMENT,
		               "%s: this is a film; name an --output that ends in " FV_FILM_ENDINGS,
		               j->in);
	fv_status st = settings_of(err, a, settings, sizeof settings);
	if (st)
		return st;
	fv_film_options film = {
		.in = j->in, .out = j->out, .codec = o->codec, .preset = o->preset, .crf = o->crf,
		.steady = (fv_steady)o->stabilize, .keep_private = o->keep_private,
		.sandbox = a->cli->sandbox, .program = "/proc/self/exe", .settings = settings,
		.paint = paint_one, .warn = warn, .progress = progress, .user = &w,
	};
	st = read_time(err, "from", o->from, &film.from);
	if (!st)
		st = read_time(err, "to", o->to, &film.to);
	if (!st)
		st = read_size(err, o->size, &film.width, &film.height);
	if (!st && film.to <= film.from)
		st = fv_fail(err, FV_E_ARGUMENT, "--to: %s is not after --from", o->to);
	int fd;
	if (!st && !(st = fv_file_open(err, j->in, 0, &fd, NULL)))
		close(fd); /* what is not there is said before the library loads */
	if (st)
		return st;
	const fv_film_table *t = load(why, sizeof why);
	if (!t)
		return fv_fail(err, FV_E_ARGUMENT, "%s: this fauve paints no films: " FV_FILM_MODULE
		               " cannot be loaded: %s", j->in, why);
	if (o->preview) {
		a->film = true;
		st = preview(err, t, &film, &w);
		a->film = false;
		return st;
	}
	a->film = true;
	st = t->paint(err, a->context, &film, &facts);
	a->film = false;
	set_shot(a, 0);
	fv_progress_clear(a->cli->progress);
	if (!st && (say || a->cli->verbose))
		fv_say(a->cli,
		       "%s: %" PRId64 " frames of %" PRId64 "x%" PRId64
		       ", %.1f s of film, painted in %.1f s",
		       j->out, facts.frames, facts.width, facts.height, facts.seconds,
		       fv_now() - begun);
	return st;
}
