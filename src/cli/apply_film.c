/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: one film, from file to file, by the library that is loaded for it (src/film). */
#define _GNU_SOURCE
#include "cli/apply_numbered.h"
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
const fv_film_table *fv_film_load(char *why, size_t room)
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
	const fv_film_table *t = fv_film_load(why, sizeof why);
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
typedef struct {
	fv_apply *a;
	const fv_job *job;
	double begun;
	fv_names frames;                /* of a film of numbered pictures: all of them */
	int64_t first;                  /* the film's among them */
	fv_picture *read;               /* the one that is handed out */
	fv_mark *mark;
} work;

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

static fv_status read_frame(fv_err *err, void *user, int64_t number, fv_pixels *p)
{
	work *w = user;
	fv_picture_free(w->read);
	w->read = NULL;
	fv_status st = fv_numbered_read(err, w->a, w->frames.path[w->first + number], &w->read);
	if (!st)
		*p = *fv_picture_pixels(w->read);
	return st;
}

/* Numbers begin with 1, as FFmpeg's do. */
static fv_status put_frame(fv_err *err, void *user, int64_t number, const fv_pixels *p)
{
	const work *w = user;
	return fv_numbered_write(err, w->a, w->job->out, number + 1, p);
}

static void whole(void *user, int fd, uint64_t hash)
{
	const work *w = user;
	fv_finished_mark(w->mark, fd, hash);
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

/* ---- in and out */
/* Pictures become a film of the time that --from and --to leave of them. */
static fv_status take_frames(fv_err *err, work *w, fv_film_options *f, char *settings, size_t room)
{
	const fv_names *n = &w->frames;
	const size_t said = strlen(settings);
	fv_status st = fv_numbered_open(err, w->a, w->job->in, &w->frames);
	if (st)
		return st;
	const double rate = (double)f->rate[0] / f->rate[1];
	const double first = isnan(f->from) ? 0 : ceil(f->from * rate - 1e-6),
	             last = isnan(f->to) ? n->count : fmin(n->count, ceil(f->to * rate - 1e-6));
	if (first >= last)
		return fv_fail(err, FV_E_ARGUMENT, "--from: %s's %d frames end before", w->job->in,
		               n->count);
	w->first = (int64_t)first;
	f->frames = (int64_t)(last - first);
	f->frame = read_frame;
	snprintf(settings + said, room - said, ", frames %016" PRIx64, fv_numbered_hash(n));
	return FV_OK;
}

static fv_status read_rate(fv_err *err, const char *text, int rate[2])
{
	int n = 0, d = 1;
	char more;
	double v = 0;
	rate[0] = 25, rate[1] = 1;
	if (!text)
		return FV_OK;
	if (sscanf(text, "%d/%d%c", &n, &d, &more) == 2 && n > 0 && d > 0)
		v = (double)n / d;
	else if (sscanf(text, "%lf%c", &v, &more) == 1 && v > 0 && v <= 1000) {
		/* 23.976 is what people write for 24000 / 1001. */
		const double times = round(v * 1.001);
		const bool slow = fabs(times / 1.001 / v - 1) < 5e-5 && fabs(v - round(v)) > 1e-4;
		n = (int)round((slow ? times : v) * 1000), d = slow ? 1001 : 1000;
	} else
		v = 0;
	if (!(v >= 0.001 && v <= 1000))
		return fv_fail(err, FV_E_ARGUMENT, "--fps: '%s' is no rate; write such as 24, "
		               "23.976 or 30000/1001", text);
	rate[0] = n, rate[1] = d;
	return FV_OK;
}

/* Of what goes to standard output: a folder that nobody else can look into. */
static fv_status private_folder(fv_err *err, char *folder, size_t room)
{
	const char *place = getenv("TMPDIR");
	snprintf(folder, room, "%s/fauve-XXXXXX", place && *place ? place : "/var/tmp");
	return mkdtemp(folder) ? FV_OK : fv_fail_write(err, folder);
}

static fv_status copy_out(fv_err *err, const char *path)
{
	static char piece[1 << 16];
	int fd;
	fv_status st = fv_file_open(err, path, 0, &fd, NULL);
	ssize_t got = 0;
	if (st)
		return st;
	while (!st && (got = read(fd, piece, sizeof piece)) > 0)
		for (ssize_t n = 0, put; n < got && !st; n += put)
			if ((put = write(STDOUT_FILENO, piece + n, (size_t)(got - n))) < 0) {
				put = 0;
				if (errno != EINTR)
					st = fv_fail_write(err, "standard output");
			}
	close(fd);
	return st;
}

/* What is asked for that does not go with what IN and OUT are. */
static fv_status check(fv_err *err, const fv_apply *a, const fv_job *j)
{
	const fv_apply_options *o = a->o;
	const bool pictures = fv_numbered(j->out), out = !strcmp(j->out, "-");
	if (!fv_film_ending(j->out) && !pictures && !out)
		return fv_fail(err, FV_E_ARGUMENT,
		               "%s: this is a film; name an --output that ends in " FV_FILM_ENDINGS
		               ", or frames of it as %%05d.png", j->in);
	if (pictures && (o->codec || o->preset || !isnan(o->crf)))
		return fv_fail(err, FV_E_ARGUMENT, "--%s: %s is pictures, which no encoder of films "
		               "writes; leave it out", o->codec ? "codec" : o->preset ? "preset"
		               : "crf", j->out);
	if (o->fps && !j->numbered)
		return fv_fail(err, FV_E_ARGUMENT, "--fps: a film keeps its times; leave it out");
	if (o->preview && out)
		return fv_fail(err, FV_E_ARGUMENT, "--preview: goes into a file beside OUT; name a "
		               "file as --output");
	return out ? FV_OK : fv_apply_over_itself(err, a, j);
}

static fv_status film_options(fv_err *err, const fv_apply_options *o, fv_film_options *f)
{
	fv_status st = read_time(err, "from", o->from, &f->from);
	if (!st)
		st = read_time(err, "to", o->to, &f->to);
	if (!st)
		st = read_size(err, o->size, &f->width, &f->height);
	if (!st)
		st = read_rate(err, o->fps, f->rate);
	if (!st && f->to <= f->from)
		st = fv_fail(err, FV_E_ARGUMENT, "--to: %s is not after --from", o->to);
	return st;
}

static void say_done(const fv_apply *a, const fv_job *j, const fv_film_facts *f, double begun)
{
	char rate[60] = "";
	if (fv_numbered(j->out))                /* which pictures do not say */
		snprintf(rate, sizeof rate, ", %g a second", round(f->rate * 1000) / 1000);
	fv_say(a->cli, "%s: %" PRId64 " frame%s of %" PRId64 "x%" PRId64 "%s, %.1f s of film, "
	       "painted in %.1f s", fv_apply_called(j->out, "standard output"), f->frames,
	       f->frames == 1 ? "" : "s", f->width, f->height, rate, f->seconds, fv_now() - begun);
}

/* Everything is known but where the bytes are. */
static fv_status paint_film(fv_err *err, fv_apply *a, work *w, fv_film_options *f, bool say)
{
	const double begun = fv_now();
	fv_film_facts facts = { 0 };
	char why[600];
	const fv_film_table *t = fv_film_load(why, sizeof why);
	if (!t)
		return fv_fail(err, FV_E_ARGUMENT, "%s: this fauve paints no films: " FV_FILM_MODULE
		               " cannot be loaded: %s", f->in, why);
	a->film = true;
	fv_status st = a->o->preview ? preview(err, t, f, w)
	                             : t->paint(err, a->context, f, &facts);
	a->film = false;
	set_shot(a, 0);
	fv_progress_clear(a->cli->progress);
	if (!st && !a->o->preview && (say || a->cli->verbose))
		say_done(a, w->job, &facts, begun);
	return st;
}

fv_status fv_apply_film(fv_err *err, fv_apply *a, const fv_job *j, bool say, void *mark)
{
	const fv_apply_options *o = a->o;
	const bool to_pipe = !strcmp(j->out, "-"), from_pipe = !strcmp(j->in, "-");
	char settings[900], folder[3000] = "", out[4000], in[60];
	int fd = -1;
	size_t bytes;
	work w = { .a = a, .job = j, .mark = mark };
	a->job = j;
	fv_film_options f = {
		.in = fv_apply_called(j->in, "standard input"), .out = j->out, .codec = o->codec,
		.preset = o->preset, .crf = o->crf, .steady = (fv_steady)o->stabilize,
		.keep_private = o->keep_private, .sandbox = a->cli->sandbox,
		.program = "/proc/self/exe", .settings = settings, .paint = paint_one, .warn = warn,
		.progress = progress, .put = fv_numbered(j->out) ? put_frame : NULL,
		.whole = mark ? whole : NULL, .user = &w,
	};
	fv_status st = check(err, a, j);
	if (!st)
		st = settings_of(err, a, settings, sizeof settings);
	if (!st)
		st = film_options(err, o, &f);
	if (!st && j->numbered)
		st = take_frames(err, &w, &f, settings, sizeof settings);
	if (!st && f.put)
		st = fv_numbered_prepare(err, j, j->numbered ? &w.frames : NULL);
	if (!st && to_pipe && !(st = private_folder(err, folder, sizeof folder))) {
		const char *ending = fv_apply_film_ending(o);
		snprintf(out, sizeof out, "%s/film%s", folder, ending ? ending : ".mkv");
		f.out = out;
	}
	if (!st && from_pipe)
		st = fv_file_input(err, f.in, f.out, SIZE_MAX, fv_apply_stopped, NULL, &fd, &bytes);
	else if (!st && !j->numbered)           /* said before the library loads */
		st = fv_file_open(err, j->in, 0, &fd, NULL);
	if (!st && from_pipe) {
		snprintf(in, sizeof in, "/proc/self/fd/%d", fd);
		f.file = in;
	}
	if (!st)
		st = paint_film(err, a, &w, &f, say);
	if (!st && to_pipe)
		st = copy_out(err, out);
	if (*folder)
		fv_folder_remove(folder);
	if (fd >= 0)
		close(fd);
	fv_picture_free(w.read);
	fv_names_free(&w.frames);
	return st;
}
