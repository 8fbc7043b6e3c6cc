/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct fv_writer {
	fv_context *context;
	int fd;
	char path[4096], aside[4096];
};

/* A regular file of at most max_bytes, for reading; fd -1 when it failed. */
static fv_status open_file(fv_err *err, const char *path, size_t max_bytes, int *fd, size_t *size)
{
	struct stat s;
	fv_status st = FV_OK;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, &s))
		st = fv_fail(err, FV_E_READ, "%s: cannot be opened: %s", path, strerror(errno));
	else if (!S_ISREG(s.st_mode))
		st = fv_fail(err, FV_E_READ, "%s: is not a file", path);
	else if ((uint64_t)s.st_size > max_bytes)
		st = fv_fail(err, FV_E_LIMIT, "%s: %.1f MB are over the limit of %.1f MB", path, (double)s.st_size / 1e6, (double)max_bytes / 1e6);
	else
		*size = (size_t)s.st_size;
	if (st && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return st;
}

fv_status fv_file_map(fv_err *err, const char *path, size_t max_bytes, const void **data, size_t *bytes)
{
	static const char nothing[1];
	size_t size = 0;
	int fd;
	fv_status st = open_file(err, path, max_bytes, &fd, &size);
	if (st)
		return st;
	void *p = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0) : (void *)nothing;
	if (p == MAP_FAILED)
		st = fv_fail(err, errno == ENOMEM ? FV_E_MEMORY : FV_E_READ, "%s: cannot be read: %s", path, strerror(errno));
	close(fd);
	if (st)
		return st;
	*data = p;
	*bytes = size;
	return FV_OK;
}

void fv_file_unmap(const void *data, size_t bytes)
{
	if (data && bytes)
		munmap((void *)data, bytes);
}

fv_status fv_file_read(fv_err *err, fv_context *c, const char *path, size_t max_bytes, void **data, size_t *bytes)
{
	void *p = NULL;
	size_t n = 0, size = 0;
	int fd;
	fv_status st = open_file(err, path, max_bytes, &fd, &size);
	if (!st && !(p = fv_alloc(c, size)))
		st = fv_fail_memory(err, path, size);
	while (!st && n < size) {
		ssize_t got = read(fd, (char *)p + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			st = fv_fail(err, FV_E_READ, "%s: cannot be read: %s", path, strerror(errno));
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	if (st) {
		fv_free(c, p);
		return st;
	}
	*data = p;
	*bytes = n;
	return FV_OK;
}

fv_status fv_fail_write(fv_err *err, const char *path)
{
	const char *help = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? "; make room and try again" : errno == EACCES || errno == EROFS || errno == EPERM ?
	                   "; choose a place that you may write to" : errno == ENOENT || errno == ENOTDIR ? "; its folder is not there" : "";
	return fv_fail(err, FV_E_WRITE, "%s: cannot be written: %s%s", path, strerror(errno), help);
}

static void folder_of(const char *path, char *folder, size_t room)
{
	const char *slash = strrchr(path, '/');
	snprintf(folder, room, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (!*folder)
		snprintf(folder, room, "/");
}

fv_status fv_writer_open(fv_err *err, fv_context *c, const char *path, fv_writer **out)
{
	fv_writer *w = fv_alloc(c, sizeof *w);
	if (!w)
		return fv_fail_memory(err, path, sizeof *w);
	w->context = c;
	w->fd = -1;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int folder = slash ? (int)(slash - path) + 1 : 0;
	struct stat s;
	if (!*name || (!stat(path, &s) && S_ISDIR(s.st_mode))) {
		fv_free(c, w);
		return fv_fail(err, FV_E_WRITE, "%s: is a folder, not a file", path);
	}
	/* The name aside must not be longer than a file system allows, whatever the name is. */
	int n = snprintf(w->path, sizeof w->path, "%s", path);
	int m = snprintf(w->aside, sizeof w->aside, "%.*s" FV_WRITER_ASIDE "XXXXXX", folder, path);
	if (n < (int)sizeof w->path && m < (int)sizeof w->aside)
		w->fd = mkostemp(w->aside, O_CLOEXEC);
	else
		errno = ENAMETOOLONG;
	if (w->fd < 0) {
		fv_status st = fv_fail_write(err, path);
		fv_free(c, w);
		return st;
	}
	mode_t mask = umask(0);                                 /* the mode that an ordinary new file would have */
	umask(mask);
	(void)!fchmod(w->fd, 0666 & ~mask);
	*out = w;
	return FV_OK;
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
	if (fsync(w->fd) || rename(w->aside, w->path)) {
		fv_status st = fv_fail_write(err, w->path);
		fv_writer_abort(w);
		return st;
	}
	close(w->fd);
	folder_of(w->path, folder, sizeof folder);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);                                      /* the name itself; some file systems refuse: nothing to do then */
		close(fd);
	}
	fv_free(w->context, w);
	return FV_OK;
}

void fv_writer_abort(fv_writer *w)
{
	if (!w)
		return;
	close(w->fd);
	unlink(w->aside);
	fv_free(w->context, w);
}

const char *fv_shell_quote(const char *path, char *text, size_t room)
{
	size_t n = 0;
	bool plain = *path && !path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+=@%:,")];
	n += (size_t)snprintf(text, room, "%s%s", plain ? "" : "'", *path == '-' ? "./" : "");
	for (; *path && n + 6 < room; path++)
		n += (size_t)snprintf(text + n, room - n, "%s", *path == '\'' ? "'\\''" : (char[]){ *path, 0 });
	snprintf(text + n, room - n, "%s", plain ? "" : "'");
	return text;
}

bool fv_is_folder(const char *path)
{
	struct stat s;
	return !stat(path, &s) && S_ISDIR(s.st_mode);
}

fv_status fv_folder_make(fv_err *err, const char *path)
{
	char part[4096];
	if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
		errno = ENAMETOOLONG;
		return fv_fail_write(err, path);
	}
	for (char *p = part + 1;; p++) {
		if (*p && *p != '/')
			continue;
		char end = *p;
		*p = 0;
		if (mkdir(part, 0777) && errno != EEXIST)
			return fv_fail_write(err, path);
		if (!end)
			break;
		*p = end;
	}
	if (!fv_is_folder(path)) {
		errno = ENOTDIR;
		return fv_fail_write(err, path);
	}
	return FV_OK;
}
