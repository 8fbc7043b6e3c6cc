/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "film/segments.h"
#include "film/encode.h"
#include "base/hash.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static void fill_settings(const fv_film_options *o, size_t bytes, uint64_t hash, char *text,
                          size_t room)
{
	snprintf(text, room,
	         "fauve film %d, segments of %d or fewer\nfilm %zu bytes %016" PRIx64 "\n%s\ncodec %s, "
	         "preset %s, crf %g, size %" PRId64 "x%" PRId64 ", from %g to %g, steady %d, "
	         "rate %d/%d\n",
	         FV_FILM_VERSION, FV_FILM_SEGMENT_MOST, bytes, hash, o->settings ? o->settings : "",
	         o->codec ? o->codec : "own", o->preset ? o->preset : "own", o->crf, o->width,
	         o->height, o->from, o->to, (int)o->steady, o->rate[0], o->rate[1]);
}

/* What the film is: its size, time, and a hash of its ends. */
static fv_status settings_of(fv_err *err, const fv_film_options *o, char *text, size_t room)
{
	int fd;
	size_t bytes;
	struct stat is;
	uint64_t hash = FV_HASH;
	if (o->frame) {                         /* the caller's settings name them */
		fill_settings(o, 0, hash, text, room);
		return FV_OK;
	}
	fv_status st = fv_file_open(err, o->file ? o->file : o->in, 0, &fd, &bytes);
	if (st)
		return st;
	uint8_t *piece = malloc(PIECE);
	for (int end = 0; end < 2 && piece; end++) {
		off_t at = end && bytes > PIECE ? (off_t)(bytes - PIECE) : 0;
		ssize_t got = pread(fd, piece, PIECE, at);
		if (got > 0)
			hash = fv_hash_mix(hash, piece, (size_t)got);
	}
	bool known = !fstat(fd, &is);
	free(piece);
	close(fd);
	if (!known || !piece)
		return fv_fail_memory(err, o->in, PIECE);
	if (!o->file)                           /* else it is as old as this run */
		hash = fv_hash_mix(hash, &is.st_mtim.tv_sec, sizeof is.st_mtim.tv_sec);
	fill_settings(o, bytes, hash, text, room);
	return FV_OK;
}

static void path_of(const fv_segments *s, int number, const char *what, char *path, size_t room)
{
	snprintf(path, room, "%s/%06d.%s", s->folder, number, what);
}

/* Only what this file puts there. */
static void empty(const fv_segments *s)
{
	DIR *d = opendir(s->folder);
	for (struct dirent *e; d && (e = readdir(d));)
		if ((strlen(e->d_name) > 7 &&
		     (!strcmp(e->d_name + 6, ".part") || !strcmp(e->d_name + 6, ".state"))))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

static fv_status count_segments(fv_err *err, fv_segments *s)
{
	for (;; s->count++) {
		char path[4200];
		fv_item end = { 0 };
		path_of(s, s->count, "part", path, sizeof path);
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return FV_OK;
		bool good = lseek(fd, -(off_t)sizeof end, SEEK_END) >= 0 &&
		            read(fd, &end, sizeof end) == sizeof end && end.kind == FV_ITEM_END &&
		            end.a > 0 && end.a <= FV_FILM_SEGMENT_MOST;
		close(fd);
		if (!good)
			return FV_OK;
		s->frames += end.a;
		s->whole = end.b == 1;
	}
}

fv_status fv_segments_open(fv_err *err, fv_context *c, const fv_film_options *o, fv_segments *s)
{
	char text[4096], was[4096], path[4200];
	const char *slash = strrchr(o->out, '/');
	*s = (fv_segments){ .c = c, .lock = -1 };
	fv_status st = settings_of(err, o, text, sizeof text);
	if (st)
		return st;
	int n = snprintf(s->folder, sizeof s->folder, "%.*s.%s.fauve",
	                 slash ? (int)(slash - o->out) + 1 : 0, o->out, slash ? slash + 1 : o->out);
	if (n >= (int)sizeof s->folder)
		return fv_fail(err, FV_E_WRITE, "%s: its name is too long", o->out);
	if (mkdir(s->folder, 0777) && errno != EEXIST)
		return fv_fail_write(err, s->folder);
	snprintf(path, sizeof path, "%s/settings", s->folder);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (s->lock < 0)
		return fv_fail_write(err, path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return fv_fail(err, FV_E_WRITE,
		               "%s: another fauve is painting it; wait for it, or name "
		               "another --output",
		               o->out);
	ssize_t got = pread(s->lock, was, sizeof was - 1, 0);
	was[got > 0 ? got : 0] = 0;
	if (strcmp(was, text)) {
		empty(s);
		if (ftruncate(s->lock, 0) ||
		    pwrite(s->lock, text, strlen(text), 0) != (ssize_t)strlen(text))
			return fv_fail_write(err, path);
		return FV_OK;
	}
	return count_segments(err, s);
}

void fv_segments_close(fv_segments *s)
{
	if (s->lock >= 0) {
		if (!s->count) {                        /* nothing in it is worth keeping */
			fv_segments_remove(s);
			return;
		}
		close(s->lock);
	}
	s->lock = -1;
}

void fv_segments_remove(fv_segments *s)
{
	char path[4200];
	empty(s);
	fv_writer_sweep(s->folder);
	snprintf(path, sizeof path, "%s/settings", s->folder);
	unlink(path);
	rmdir(s->folder);
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}

fv_status fv_segment_write(fv_err *err, fv_segments *s, int number, fv_writer **w)
{
	char path[4200];
	path_of(s, number, "part", path, sizeof path);
	return fv_writer_open(err, s->c, path, w);
}

fv_status fv_segment_item(fv_err *err, fv_writer *w, const fv_item *i, const void *data)
{
	fv_status st = fv_writer_put(err, w, i, sizeof *i);
	return st || !i->bytes ? st : fv_writer_put(err, w, data, i->bytes);
}

fv_status fv_segment_state(fv_err *err, fv_segments *s, int number, const void *data, size_t bytes)
{
	char path[4200];
	fv_writer *w;
	path_of(s, number, "state", path, sizeof path);
	fv_status st = fv_writer_open(err, s->c, path, &w);
	if (st)
		return st;
	if ((st = fv_writer_put(err, w, data, bytes)))
		fv_writer_abort(w);
	else
		st = fv_writer_commit(err, w);
	path_of(s, number - 2, "state", path, sizeof path);
	if (number > 1)
		unlink(path);
	return st;
}

void *fv_segment_state_read(const fv_segments *s, int number, size_t *bytes)
{
	char path[4200];
	void *data = NULL, *copy = NULL;
	fv_err ignored;
	path_of(s, number, "state", path, sizeof path);
	if (fv_file_read(&ignored, s->c, path, FV_OPEN_MEMBER, (size_t)4 << 30, &data, bytes))
		return NULL;
	if ((copy = malloc(*bytes + 1)))
		memcpy(copy, data, *bytes);
	fv_free(s->c, data);
	return copy;
}

fv_status fv_items_next(fv_err *err, fv_items *i, fv_item *item, bool *got)
{
	char path[4200];
	*got = false;
	for (;;) {
		if (i->number == i->s->count)
			return FV_OK;
		path_of(i->s, i->number, "part", path, sizeof path);
		if (!i->file && !(i->file = fopen(path, "rbe")))
			break;
		if (fread(item, sizeof *item, 1, i->file) != 1 || item->bytes > FV_FILM_BYTES_MAX)
			break;
		if (item->kind == FV_ITEM_END) {
			fclose(i->file);
			i->file = NULL;
			i->number++;
			continue;
		}
		if (item->bytes > i->room) {
			free(i->data);
			i->room = 2 * (size_t)item->bytes;
			if (!(i->data = malloc(i->room))) {
				i->room = 0;
				return fv_fail_memory(err, path, item->bytes);
			}
		}
		if (item->bytes && fread(i->data, item->bytes, 1, i->file) != 1)
			break;
		*got = true;
		return FV_OK;
	}
	return fv_fail(err, FV_E_READ, "%s: cannot be read back; remove %s and begin anew", path,
	               i->s->folder);
}

void fv_items_free(fv_items *i)
{
	if (i->file)
		fclose(i->file);
	free(i->data);
	*i = (fv_items){ 0 };
}
