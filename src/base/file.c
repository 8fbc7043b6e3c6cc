/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/hash.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)16 << 20)        /* bytes of a file that are read at once */
#define POPULATED ((size_t)64 << 20)    /* bytes of a file that are read as it is mapped */
/* Without O_NONBLOCK a FIFO would be waited for, without O_NOCTTY a terminal become ours. */
#define PLAINLY (O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* Why it is refused; NULL: it is not. */
static const char *unfit(const struct stat *s, unsigned how)
{
	if (S_ISLNK(s->st_mode))
		return "is a link, and where it leads may be no part of the run; put the file "
		       "there";
	if (S_ISDIR(s->st_mode))
		return "is a folder, not a file";
	if (!S_ISREG(s->st_mode))
		return "is not a file, but a pipe, a socket or a device";
	if ((how & FV_OPEN_WRITE) && s->st_nlink > 1)
		return "has a second name elsewhere, which would change with it; put a copy there";
	return NULL;
}

fv_status fv_file_open(fv_err *err, const char *path, unsigned how, int *fd, size_t *bytes)
{
	bool write = how & FV_OPEN_WRITE, member = how & FV_OPEN_MEMBER;
	struct stat s;
	const char *why;
	int flags = (write ? O_RDWR | O_CREAT | O_APPEND : O_RDONLY) | (member ? O_NOFOLLOW : 0);
	int f = open(path, flags | PLAINLY, 0666);
	/* What O_NOFOLLOW and writing to a folder or a socket end with says little. */
	if (f < 0 && (errno == ELOOP || errno == EISDIR || errno == ENXIO)) {
		int failed = errno;
		if (!(member ? lstat(path, &s) : stat(path, &s)) && (why = unfit(&s, how)))
			return fv_fail(err, member ? FV_E_WRITE : FV_E_READ, "%s: %s", path, why);
		errno = failed;
	}
	if (f < 0 && write)
		return fv_fail_write(err, path);
	if (f < 0 || fstat(f, &s)) {
		fv_status st = fv_fail(err, FV_E_READ, "%s: cannot be opened: %s", path,
		                       strerror(errno));
		if (f >= 0)
			close(f);
		return st;
	}
	if ((why = unfit(&s, how))) {
		close(f);
		return fv_fail(err, member ? FV_E_WRITE : FV_E_READ, "%s: %s", path, why);
	}
	*fd = f;
	if (bytes)
		*bytes = (size_t)s.st_size;
	return FV_OK;
}

/* For reading, of at most max_bytes; fd -1 when it failed. */
static fv_status open_whole(fv_err *err, const char *path, unsigned how, size_t max_bytes, int *fd,
                            size_t *size)
{
	*fd = -1;
	fv_status st = fv_file_open(err, path, how, fd, size);
	if (st || *size <= max_bytes)
		return st;
	close(*fd);
	*fd = -1;
	return fv_fail(err, FV_E_LIMIT, "%s: %.1f MB are over the limit of %.1f MB", path,
	               (double)*size / 1e6, (double)max_bytes / 1e6);
}

fv_status fv_file_member(fv_err *err, const char *path, bool folder, bool *there)
{
	struct stat s;
	const char *why = NULL;
	*there = !lstat(path, &s);
	if (*there && folder && !S_ISDIR(s.st_mode))
		why = "is no folder of the run's own; put a folder there, or take it away";
	else if (*there && !folder)
		why = unfit(&s, FV_OPEN_MEMBER);
	else if (!*there && errno != ENOENT)
		return fv_fail(err, FV_E_READ, "%s: cannot be opened: %s", path, strerror(errno));
	return why ? fv_fail(err, FV_E_WRITE, "%s: %s", path, why) : FV_OK;
}

fv_status fv_file_map(fv_err *err, const char *path, size_t max_bytes, const void **data,
                      size_t *bytes)
{
	static const char nothing[1];
	size_t size = 0;
	int fd;
	fv_status st = open_whole(err, path, 0, max_bytes, &fd, &size);
	if (st)
		return st;
	/* A small file is read at once. A large one may be mostly holes, and no signal ends
	 * that. */
	int flags = MAP_PRIVATE | (size <= POPULATED ? MAP_POPULATE : 0);
	void *p = size ? mmap(NULL, size, PROT_READ, flags, fd, 0) : (void *)nothing;
	if (p == MAP_FAILED)
		st = fv_fail(err, errno == ENOMEM ? FV_E_MEMORY : FV_E_READ,
		             "%s: cannot be read: %s", path, strerror(errno));
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

fv_status fv_file_fill(fv_err *err, const char *path, int fd, void *data, size_t *bytes,
                       bool (*cancelled)(void *user), void *user)
{
	size_t have = 0;
	while (have < *bytes) {
		size_t left = *bytes - have;
		ssize_t got = pread(fd, (char *)data + have, left < PIECE ? left : PIECE,
		                    (off_t)have);
		if (cancelled && cancelled(user))
			return fv_fail(err, FV_E_CANCELLED, "%s: stopped", path);
		if (got < 0 && errno != EINTR)
			return fv_fail(err, FV_E_READ, "%s: cannot be read: %s", path,
			               strerror(errno));
		if (!got)
			break;
		have += got > 0 ? (size_t)got : 0;
	}
	*bytes = have;
	return FV_OK;
}

/* What comes out of a pipe, until it ends. */
static fv_status copy_input(fv_err *err, const char *name, const char *beside, size_t max_bytes,
                            bool (*cancelled)(void *user), void *user, int to, size_t *bytes)
{
	static const int look = 100;            /* ms: how often Ctrl-C is looked for */
	char piece[1 << 16];
	size_t all = 0;
	for (;;) {
		struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
		if (cancelled && cancelled(user))
			return fv_fail(err, FV_E_CANCELLED, "%s: stopped", name);
		if (!poll(&p, 1, look))
			continue;
		ssize_t got = read(STDIN_FILENO, piece, sizeof piece);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return fv_fail(err, FV_E_READ, "%s: cannot be read: %s", name,
			               strerror(errno));
		if (!got)
			break;
		for (ssize_t n = 0, put; n < got; n += put)
			if ((put = write(to, piece + n, (size_t)(got - n))) < 0)
				return beside ? fv_fail_write(err, beside)
				              : fv_fail_memory(err, name, all + sizeof piece);
		all += got > 0 ? (size_t)got : 0;
		if (all > max_bytes)
			return fv_fail(err, FV_E_LIMIT, "%s: is over the limit of %.1f MB", name,
			               (double)max_bytes / 1e6);
	}
	*bytes = all;
	return FV_OK;
}

int fv_file_nameless(const char *beside)
{
	const char *slash = strrchr(beside, '/');
	char folder[4096];
	const int n = slash ? (int)(slash - beside) + 1 : 2;
	snprintf(folder, sizeof folder, "%.*s", n, slash ? beside : "./");
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* A file system without such files. */
	if (snprintf(folder + n, sizeof folder - (size_t)n, ".fauve-XXXXXX") < 0)
		return -1;
	fd = mkostemp(folder, O_CLOEXEC);
	if (fd >= 0)
		unlink(folder);
	return fd;
}

fv_status fv_file_input(fv_err *err, const char *name, const char *beside, size_t max_bytes,
                        bool (*cancelled)(void *user), void *user, int *fd, size_t *bytes)
{
	struct stat s;
	bool plain = !fstat(STDIN_FILENO, &s) && S_ISREG(s.st_mode);
	int f = plain ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
	        : beside ? fv_file_nameless(beside)
	                 : memfd_create(name, MFD_CLOEXEC);
	if (f < 0 && !plain && beside)
		return fv_fail_write(err, beside);
	if (f < 0)
		return fv_fail(err, FV_E_READ, "%s: cannot be read: %s", name, strerror(errno));
	*bytes = (size_t)s.st_size;
	fv_status st = plain ? FV_OK
	                     : copy_input(err, name, beside, max_bytes, cancelled, user, f, bytes);
	if (st)
		close(f);
	else
		*fd = f;
	return st;
}

fv_status fv_file_hash(fv_err *err, const char *path, uint64_t *hash)
{
	static const size_t piece = 1 << 20;
	uint64_t h = FV_HASH;
	int fd;
	fv_status st = fv_file_open(err, path, 0, &fd, NULL);
	if (st)
		return st;
	char *data = malloc(piece);
	ssize_t got = 0;
	if (!data)
		st = fv_fail_memory(err, path, piece);
	while (!st && ((got = read(fd, data, piece)) > 0 || (got < 0 && errno == EINTR)))
		h = got > 0 ? fv_hash_mix(h, data, (size_t)got) : h;
	if (!st && got < 0)
		st = fv_fail(err, FV_E_READ, "%s: cannot be read: %s", path, strerror(errno));
	free(data);
	close(fd);
	*hash = h;
	return st;
}

fv_status fv_file_read(fv_err *err, fv_context *c, const char *path, unsigned how, size_t max_bytes,
                       void **data, size_t *bytes)
{
	void *p = NULL;
	size_t size = 0;
	int fd;
	fv_status st = open_whole(err, path, how, max_bytes, &fd, &size);
	if (!st && !(p = fv_alloc(c, size)))
		st = fv_fail_memory(err, path, size);
	if (!st)
		st = fv_file_fill(err, path, fd, p, &size, NULL, NULL);
	if (fd >= 0)
		close(fd);
	if (st) {
		fv_free(c, p);
		return st;
	}
	*data = p;
	*bytes = size;
	return FV_OK;
}

fv_status fv_fail_write(fv_err *err, const char *path)
{
	const char *help = errno == ENOSPC || errno == EDQUOT || errno == EFBIG
	                           ? "; make room and try again"
	                   : errno == EACCES || errno == EROFS || errno == EPERM
	                           ? "; choose a place that you may write to"
	                   : errno == ENOENT || errno == ENOTDIR ? "; its folder is not there"
	                                                         : "";
	return fv_fail(err, FV_E_WRITE, "%s: cannot be written: %s%s", path, strerror(errno), help);
}

const char *fv_shell_quote(const char *path, char *text, size_t room)
{
	size_t n = 0;
	bool plain =
		*path &&
		!path[strspn(
			path,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789_-./+=@%:,")];
	n += (size_t)snprintf(text, room, "%s%s", plain ? "" : "'", *path == '-' ? "./" : "");
	for (; *path && n + 6 < room; path++)
		n += (size_t)snprintf(text + n, room - n, "%s",
		                      *path == '\'' ? "'\\''" : (char[]){ *path, 0 });
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
