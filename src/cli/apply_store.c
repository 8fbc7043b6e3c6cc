/* SPDX-License-Identifier: Apache-2.0 */
/* Finished tiles on the output's disk. A tile counts as done only when its pixels are on the disk:
 * they are flushed every few seconds, and then the tiles since are marked. */
#define _GNU_SOURCE
#include "cli/apply_store.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS 5                       /* between flushes */

struct fv_parts {
	char folder[4096];
	int lock, key, pixels, done, room;
	char *mark;                     /* 0: to do; 1: done; 2: done, but not flushed yet */
	int64_t tiles, count;
	double flushed;
};

static fv_status cannot(fv_err *err, const fv_parts *p)
{
	return fv_fail_write(err, p->folder);
}

/* A file of the folder; links are not followed. */
static int member(const fv_parts *p, const char *name)
{
	return openat(p->lock, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

fv_status fv_parts_open(fv_err *err, const char *out, fv_parts **parts)
{
	fv_parts *p = calloc(1, sizeof *p);
	if (!p)
		return fv_fail_memory(err, out, sizeof *p);
	p->key = p->pixels = p->done = p->room = p->lock = -1;
	errno = ENAMETOOLONG;
	fv_status st = FV_OK;
	if (snprintf(p->folder, sizeof p->folder, "%s.fauve-parts", out) >= (int)sizeof p->folder ||
	    (mkdir(p->folder, 0700) && errno != EEXIST) ||
	    (p->lock = open(p->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		st = fv_fail_write(err, *p->folder ? p->folder : out);
	else if (flock(p->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		st = fv_fail(err, FV_E_WRITE, "%s: another fauve is painting it; wait for it, or "
		             "name another --output", out);
	else if ((p->key = member(p, "key")) < 0 || (p->pixels = member(p, "pixels")) < 0 ||
	         (p->done = member(p, "done")) < 0)
		st = cannot(err, p);
	if (st)
		fv_parts_close(p, false);
	else
		*parts = p;
	return st;
}

static bool same_key(const fv_parts *p, const char *key)
{
	char there[1024] = "";
	const ssize_t n = pread(p->key, there, sizeof there - 1, 0);
	return n == (ssize_t)strlen(key) && !memcmp(there, key, (size_t)n);
}

static bool all(int fd, const void *data, size_t bytes, int64_t at)
{
	for (size_t n = 0; n < bytes;) {
		ssize_t k = pwrite(fd, (const char *)data + n, bytes - n, at + (int64_t)n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		n += (size_t)k;
	}
	return true;
}

fv_status fv_parts_begin(fv_err *err, fv_parts *p, const char *key, int64_t size, int64_t tiles)
{
	struct stat pixels, done;
	p->tiles = tiles;
	p->flushed = fv_now();
	if (!(p->mark = calloc((size_t)tiles + 1, 1)))
		return fv_fail_memory(err, p->folder, (size_t)tiles);
	if (same_key(p, key) && !fstat(p->pixels, &pixels) && !fstat(p->done, &done) &&
	    pixels.st_size == size && done.st_size == tiles &&
	    pread(p->done, p->mark, (size_t)tiles, 0) == tiles) {
		for (int64_t i = 0; i < tiles; i++)
			p->count += p->mark[i] = p->mark[i] == 1;
		return FV_OK;
	}
	/* The key is written last: a run that is killed before it leaves nothing that counts. */
	memset(p->mark, 0, (size_t)tiles);
	if (ftruncate(p->key, 0) || (unlinkat(p->lock, "room", 0) && errno != ENOENT) ||
	    ftruncate(p->pixels, 0) || ftruncate(p->done, 0) ||
	    !all(p->done, p->mark, (size_t)tiles, 0))
		return cannot(err, p);
	if ((errno = posix_fallocate(p->pixels, 0, size)))
		return cannot(err, p);
	if (fsync(p->done) || !all(p->key, key, strlen(key), 0) || fsync(p->key))
		return cannot(err, p);
	return FV_OK;
}

bool fv_parts_done(const fv_parts *p, int64_t tile) { return p->mark[tile] != 0; }
int64_t fv_parts_count(const fv_parts *p) { return p->count; }
int fv_parts_pixels(const fv_parts *p) { return p->pixels; }
const char *fv_parts_folder(const fv_parts *p) { return p->folder; }

fv_status fv_parts_put(fv_err *err, fv_parts *p, int64_t at, const void *data, size_t bytes)
{
	return all(p->pixels, data, bytes, at) ? FV_OK : cannot(err, p);
}

fv_status fv_parts_get(fv_err *err, fv_parts *p, int64_t at, void *data, size_t bytes)
{
	for (size_t n = 0; n < bytes;) {
		ssize_t k = pread(p->pixels, (char *)data + n, bytes - n, at + (int64_t)n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return fv_fail(err, FV_E_READ, "%s: its tiles cannot be read: %s", p->folder,
			               k ? strerror(errno) : "they end too soon");
		n += (size_t)k;
	}
	return FV_OK;
}

fv_status fv_parts_flush(fv_err *err, fv_parts *p)
{
	if (fdatasync(p->pixels))
		return cannot(err, p);
	for (int64_t i = 0; i < p->tiles; i++)
		if (p->mark[i] == 2) {
			p->mark[i] = 1;
			if (!all(p->done, "\1", 1, i))
				return cannot(err, p);
		}
	p->flushed = fv_now();
	return FV_OK;
}

fv_status fv_parts_finish(fv_err *err, fv_parts *p, int64_t tile)
{
	p->mark[tile] = 2;
	p->count++;
	return fv_now() - p->flushed > SECONDS ? fv_parts_flush(err, p) : FV_OK;
}

int fv_parts_room(fv_parts *p)
{
	if (p->room < 0)
		p->room = member(p, "room");
	return p->room;
}

void fv_parts_close(fv_parts *p, bool whole)
{
	static const char *const name[] = { "key", "done", "pixels", "room" };
	if (!p)
		return;
	for (size_t i = 0; i < FV_COUNT(name) && whole; i++)
		unlinkat(p->lock, name[i], 0);
	if (whole)
		rmdir(p->folder);
	const int fd[] = { p->key, p->pixels, p->done, p->room, p->lock };
	for (size_t i = 0; i < FV_COUNT(fd); i++)
		if (fd[i] >= 0)
			close(fd[i]);
	free(p->mark);
	free(p);
}
