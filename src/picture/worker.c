/* SPDX-License-Identifier: Apache-2.0 */
/* The process that decodes for fauve (child.h): a server, which never looks at a picture, and a
 * worker for each. */
#define _GNU_SOURCE
#include "picture/child.h"
#include "base/base.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_FD, MEMORY_FD, SOCKET_FD, FDS };

typedef struct {
	int fd[FDS];
	int64_t width, height;          /* as main knows it; 0: not said yet */
	int64_t spooled;                /* bytes that main has for it in a file */
	double begun;                   /* bytes of addresses before decoding; 0: unknown */
	double most;                    /* beside these, while it decodes */
	bool spools;
} worker;

#define HEADER 1e9                      /* bytes of addresses to read a header with */
/* beside twice what decoding is expected to take: stacks, gaps */
#define SPARE 128e6

static void lower(int what, double soft, double hard)
{
	struct rlimit l;
	if (getrlimit(what, &l))
		return;
	if (hard < (double)l.rlim_max)
		l.rlim_max = (rlim_t)hard;
	l.rlim_cur = soft < (double)l.rlim_max ? (rlim_t)soft : l.rlim_max;
	setrlimit(what, &l);
}

static void put(int fd, const void *data, size_t bytes)
{
	for (size_t n = 0; n < bytes;) {
		ssize_t put = write(fd, (const char *)data + n, bytes - n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			_exit(1);               /* nobody waits for it any more */
		n += (size_t)put;
	}
}

/* Asked once. Main says yes, or hangs up. */
static fv_status fits(fv_err *err, void *user, const fv_pixels *size, int64_t decoding)
{
	worker *w = user;
	char yes;
	fv_child_record r = { .magic = FV_CHILD_MAGIC, .kind = FV_CHILD_SIZE, .width = size->width,
	                      .height = size->height, .channels = size->channels,
	                      .bits = size->bits, .decoding = decoding };
	put(w->fd[SOCKET_FD], &r, sizeof r);
	while (read(w->fd[SOCKET_FD], &yes, 1) != 1)
		if (errno != EINTR)
			_exit(1);
	w->width = size->width;
	w->height = size->height;
	w->spooled = size->height * size->width * size->channels * size->bits / 8;
	/* What is mapped of the output's disk takes addresses, no memory. */
	const double spooled = w->begun + w->most + (double)w->spooled;
	if (w->begun > 0 && w->spools)
		lower(RLIMIT_AS, spooled, spooled);
	else if (w->begun > 0)
		lower(RLIMIT_AS,
		      w->begun +
		              2 * (double)(size->width * size->height * FV_CHILD_PIXEL + decoding) +
		              SPARE,
		      INFINITY);
	return FV_OK;
}

static fv_status place(fv_err *err, fv_source *s, fv_picture *p)
{
	worker *w = s->user;
	fv_pixels *v = &p->pixels;
	int64_t bytes = v->height * v->stride_bytes;
	if (bytes > (s->spool ? w->spooled : w->width * w->height * FV_CHILD_PIXEL))
		return fv_fail(err, FV_E_FORMAT, ": its size changes");
	void *data = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd[MEMORY_FD],
	                  0);
	if (data == MAP_FAILED)
		return fv_fail_memory(err, s->path, (size_t)bytes);
	v->data = data;
	p->mapped = (size_t)bytes;
	return FV_OK;
}

/* What is decoded is in the file, and what was read of the other is not read again. */
static void passed(fv_source *s, fv_picture *p, int64_t rows)
{
	worker *w = s->user;
	const fv_child_record r = { .magic = FV_CHILD_MAGIC, .kind = FV_CHILD_ROWS,
	                            .height = rows };
	fv_drop_pages(p->pixels.data, (size_t)(rows * p->pixels.stride_bytes));
	fv_drop_pages(s->data, s->bytes);
	put(w->fd[SOCKET_FD], &r, sizeof r);
}

/* Memory: enough for a header, until the size is known; and never more than what there is, the file
 * and twice what main allows, but for what is mapped of the output's disk. */
static void limit(const fv_child_request *q, worker *w)
{
	const double seconds = q->spool ? FV_CHILD_CPU * FV_CHILD_SPOOL : FV_CHILD_CPU;
	lower(RLIMIT_CPU, seconds, seconds);
	lower(RLIMIT_CORE, 0, 0);
	lower(RLIMIT_FSIZE, 0, 0);
	lower(RLIMIT_NOFILE, 16, 16);
	w->begun = fv_memory("/proc/self/status", "VmSize");
	w->most = (double)q->bytes + 2 * (double)q->memory + SPARE;
	w->spools = q->spool;
	if (w->begun > 0)
		lower(RLIMIT_AS, w->begun + (double)q->bytes + HEADER,
		      w->begun + w->most + (w->spools ? (double)q->max_pixels * FV_CHILD_PIXEL : 0));
}

static void result(fv_source *s, fv_status st, const fv_err *err, const fv_err *warning,
                   const fv_picture *p)
{
	worker *w = s->user;
	char *about = NULL;
	fv_child_record r = { .magic = FV_CHILD_MAGIC, .kind = FV_CHILD_RESULT, .status = st,
	                      .warned = warning->status };
	snprintf(r.text, sizeof r.text, "%s", st ? err->text : "");
	snprintf(r.warning, sizeof r.warning, "%s", warning->status ? warning->text : "");
	if (!st && s->facts) {
		json_t *j = fv_picture_about(p);
		about = json_dumps(j, 0);
		json_decref(j);
	}
	const fv_bytes text = { .data = (uint8_t *)about, .bytes = about ? strlen(about) : 0 };
	const fv_bytes *blob[FV_BLOBS] = { &p->profile, &p->exif, &p->xmp, &p->iptc, &text,
	                                     &p->delays, &p->texts };
	if (!st) {
		r.width = p->pixels.width, r.height = p->pixels.height,
		r.channels = p->pixels.channels, r.bits = p->pixels.bits;
		r.pages = p->pages, r.loop = p->loop, r.left = (int32_t)p->left, r.into_profile = p->into_profile, r.resolution[0] = p->resolution[0],
		r.resolution[1] = p->resolution[1];
		for (int i = 0; i < FV_BLOBS; i++)
			r.blob[i] = blob[i]->bytes;
	}
	put(w->fd[SOCKET_FD], &r, sizeof r);
	for (int i = 0; i < FV_BLOBS && !st; i++)
		put(w->fd[SOCKET_FD], blob[i]->data, blob[i]->bytes);
}

static void work(const fv_child_request *q, worker *w, bool confined)
{
	fv_err err = { 0 }, warning = { 0 };
	fv_picture p = { 0 };
	struct stat info;
	fv_source s = { .path = "", .fd = w->fd[FILE_FD], .bytes = q->bytes,
	                .format = (fv_format)q->format, .format_name = q->format_name,
	                .max_pixels = q->max_pixels, .flat_pixels = q->flat_pixels,
	                .memory = q->memory, .longest = q->longest, .all = q->all,
	                .facts = q->facts, .page = q->page, .bare_tried = q->bare_tried,
	                .spool = q->spool, .believed = q->believed,
	                .passed = q->spool ? passed : NULL, .place = place,
	                .fits = fits, .user = w };
	fv_format_prepare(s.format);
	/* A file that is cut short meanwhile ends this process alone. */
	void *data = fstat(s.fd, &info) || (uint64_t)info.st_size < s.bytes
	                     ? MAP_FAILED
	                     : mmap(NULL, s.bytes, PROT_READ, MAP_PRIVATE, s.fd, 0);
	fv_status st = data == MAP_FAILED ? fv_fail(&err, FV_E_READ, ": cannot be read") : FV_OK;
	s.data = data;
	limit(q, w);
	if (confined && !fv_confine())
		st = fv_fail(&err, FV_E_INTERNAL, ": its decoder cannot be confined");
	if (!st)
		st = fv_decode(&err, &s, &p, &warning);
	result(&s, st, &err, &warning, &p);
}

static bool receive(fv_child_request *q, worker *w)
{
	union { char room[CMSG_SPACE(FDS * sizeof(int))]; struct cmsghdr align; } control;
	struct iovec part = { q, sizeof *q };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
	                    .msg_controllen = sizeof control.room };
	ssize_t got;
	while ((got = recvmsg(FV_CHILD_FD, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR);
	struct cmsghdr *c = got == sizeof *q ? CMSG_FIRSTHDR(&m) : NULL;
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(FDS * sizeof(int)) ||
	    q->magic != FV_CHILD_MAGIC)
		return false;
	*w = (worker){ .width = 0 };
	memcpy(w->fd, CMSG_DATA(c), sizeof w->fd);
	return true;
}

int fv_child_main(void)
{
	fv_child_request q;
	worker w;
	fv_child_greeting hello = { FV_CHILD_MAGIC, fv_confine_possible() };
	int type, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	socklen_t length = sizeof type;
	if (getsockopt(FV_CHILD_FD, SOL_SOCKET, SO_TYPE, &type, &length) || null < 0) {
		fprintf(stderr,
		        "fauve: this word is for fauve itself, which decodes pictures in a process "
		        "of their own\n");
		return 2;
	}
	for (int i = 0; i < FV_CHILD_FD; i++)
		dup2(null, i);
	close_range(FV_CHILD_FD + 1, ~0u, 0);
	/* Ctrl-C is for main; this ends when main does. */
	signal(SIGINT, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	mallopt(M_ARENA_MAX, 1);                /* arenas count as memory, however little of them
	                                         * is used */
	prctl(PR_SET_DUMPABLE, 0);
	if (fv_picture_begin(NULL, "fauve") || fv_vips_ready(NULL))
		return 1;
	put(FV_CHILD_FD, &hello, sizeof hello);
	const pid_t self = getpid();
	while (receive(&q, &w)) {
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != self)
				_exit(1);
			close(FV_CHILD_FD);
			work(&q, &w, hello.confined);
			_exit(0);
		}
		for (int i = 0; i < FDS; i++)
			close(w.fd[i]);
	}
	return 0;
}
