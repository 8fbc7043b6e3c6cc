/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are seen whole or not at all; what killed runs left of them. */
#define _GNU_SOURCE
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASIDE ".fauve-"                 /* and letters: short enough for any file system */
#define LETTERS 6
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

struct fv_writer {
	fv_context *context;
	int fd;
	bool replaces, keep_time; /* was: what is replaced */
	struct stat was;
	char path[4096], aside[4096];
};

static int folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (int)(slash - path) + 1 : 0;
}

/* "" is here. */
static const char *folder_name(const char *path, char *room, size_t bytes)
{
	int n = folder_length(path);
	snprintf(room, bytes, "%.*s", n, path);
	return n ? room : ".";
}

/* ---- leftovers */

static bool is_aside(const char *name)
{
	size_t n = strlen(ASIDE);
	return !strncmp(name, ASIDE, n) && strlen(name + n) == LETTERS &&
	       strspn(name + n, letters) == LETTERS;
}

/* Removes it when it is ours and nobody has it locked, so nobody writes it any more. */
static void remove_stale(int folder, const char *name)
{
	struct stat s;
	int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!fstat(fd, &s) && S_ISREG(s.st_mode) && s.st_uid == geteuid() && s.st_nlink == 1 &&
	    !flock(fd, LOCK_EX | LOCK_NB))
		unlinkat(folder, name, 0);
	close(fd);
}

void fv_writer_sweep(const char *folder)
{
	DIR *d = opendir(folder);
	for (struct dirent *e; d && (e = readdir(d));)
		if (is_aside(e->d_name))
			remove_stale(dirfd(d), e->d_name);
	if (d)
		closedir(d);
}

/* Once for many files in a row into one folder. */
static void sweep_once(fv_context *c, const char *folder)
{
	struct stat s;
	if (stat(folder, &s))
		return;
	uint64_t mine = ((uint64_t)s.st_dev * 0x9e3779b97f4a7c15u) ^ (uint64_t)s.st_ino;
	if (atomic_exchange(&c->swept, mine) != mine)
		fv_writer_sweep(folder);
}

/* ---- writing */

/* A new file, locked; -1 and errno. */
static int make_aside(fv_writer *w, int folder, mode_t mode)
{
	for (int tries = 0; tries < 100; tries++) {
		unsigned char random[LETTERS];
		char name[LETTERS + 1] = "";
		struct stat s;
		if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
			return -1;
		for (int i = 0; i < LETTERS; i++)
			name[i] = letters[random[i] % (sizeof letters - 1)];
		if (snprintf(w->aside, sizeof w->aside, "%.*s" ASIDE "%s", folder, w->path, name) >=
		    (int)sizeof w->aside) {
			errno = ENAMETOOLONG;
			return -1;
		}
		int fd = open(w->aside, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd < 0 && errno != EEXIST)
			return -1;
		if (fd < 0)
			continue;
		/* Another's sweep can have found it before it was locked. A file system that knows
		 * no locks knows none for the sweep either. */
		bool taken = flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
		if (!taken && !fstat(fd, &s) && s.st_nlink == 1)
			return fd;
		unlink(w->aside);
		close(fd);
	}
	errno = EEXIST;
	return -1;
}

/* Owner, group and mode of the file that is replaced. Whom it cannot be given to gets no more of it
 * than others had. */
static void take_after(int fd, const struct stat *was)
{
	mode_t mode = was->st_mode & 0777;
	bool group = true;
	if (fchown(fd, was->st_uid, was->st_gid))
		group = !fchown(fd, (uid_t)-1, was->st_gid);
	if (!group)
		mode = (mode & ~(mode_t)070) | (mode & 007) << 3;
	/* A file system without modes says no, and has nothing to keep. */
	(void)!fchmod(fd, mode);
}

fv_status fv_writer_open(fv_err *err, fv_context *c, const char *path, fv_writer **out)
{
	struct stat was;
	int folder = folder_length(path);
	bool there = !lstat(path, &was);
	if (!path[folder] || (there && S_ISDIR(was.st_mode)))
		return fv_fail(err, FV_E_WRITE, "%s: is a folder, not a file", path);
	if (there && S_ISLNK(was.st_mode))
		return fv_fail(err, FV_E_WRITE, "%s: is a link to another file; name that file, or "
		               "remove the link", path);
	if (there && !S_ISREG(was.st_mode))
		return fv_fail(err, FV_E_WRITE,
		               "%s: is not a file, but a pipe, a socket or a device", path);
	fv_writer *w = fv_alloc(c, sizeof *w);
	if (!w)
		return fv_fail_memory(err, path, sizeof *w);
	w->context = c;
	w->fd = -1;
	errno = ENAMETOOLONG;
	if (snprintf(w->path, sizeof w->path, "%s", path) < (int)sizeof w->path) {
		sweep_once(c, folder_name(path, w->aside, sizeof w->aside));
		/* Nobody may look into what takes a file's place before it has that one's mode. */
		w->fd = make_aside(w, folder, there ? 0600 : 0666);
	}
	if (w->fd < 0) {
		fv_status st = fv_fail_write(err, path);
		fv_free(c, w);
		return st;
	}
	w->replaces = there;
	w->was = was;
	*out = w;
	return FV_OK;
}

fv_status fv_writer_check(fv_err *err, fv_context *c, const char *path)
{
	fv_writer *w;
	fv_status st = fv_writer_open(err, c, path, &w);
	if (!st)
		fv_writer_abort(w);
	return st;
}

void fv_writer_keep_time(fv_writer *w)
{
	w->keep_time = true;
}

const char *fv_writer_path(const fv_writer *w) { return w->aside; }

fv_status fv_writer_put(fv_err *err, fv_writer *w, const void *data, size_t bytes)
{
	for (size_t n = 0; n < bytes;) {
		ssize_t put = write(w->fd, (const char *)data + n, bytes - n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fv_fail_write(err, w->path);
		n += (size_t)put;
	}
	return FV_OK;
}

fv_status fv_writer_commit(fv_err *err, fv_writer *w)
{
	char folder[4096];
	/* Not sooner: what is left of a killed run must still be ours to remove. */
	if (w->replaces)
		take_after(w->fd, &w->was);
	if (w->replaces && w->keep_time)
		(void)!futimens(w->fd,
				(struct timespec[]){{.tv_nsec = UTIME_OMIT}, w->was.st_mtim});
	if (fsync(w->fd) || rename(w->aside, w->path)) {
		fv_status st = fv_fail_write(err, w->path);
		fv_writer_abort(w);
		return st;
	}
	close(w->fd);
	int fd = open(folder_name(w->path, folder, sizeof folder),
	              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);              /* the name itself; some file systems refuse: so be it */
		close(fd);
	}
	fv_free(w->context, w);
	return FV_OK;
}

void fv_writer_abort(fv_writer *w)
{
	if (!w)
		return;
	unlink(w->aside);
	close(w->fd);
	fv_free(w->context, w);
}
