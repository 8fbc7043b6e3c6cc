/* SPDX-License-Identifier: Apache-2.0 */
/* Main's side of decoding in a child process (child.h). What comes back is foreign data: every
 * number is checked, every text cut. */
#define _GNU_SOURCE
#include "picture/child.h"
#include "base/base.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOBS_MAX ((uint64_t)64 << 20)  /* bytes of profile and metadata */
#define LOOK 50                         /* milliseconds between looks at whether to stop */
#define START 20                        /* seconds that a server has to start */

extern char **environ;

static struct {
	pthread_mutex_t lock;
	fv_sandbox mode;
	const char *program, *why;      /* why: it cannot be had */
	pid_t pid;
	int socket;
	int number;                     /* of servers that were started */
	bool confined;
} server = { .lock = PTHREAD_MUTEX_INITIALIZER, .mode = FV_SANDBOX_OFF, .socket = -1 };

void fv_picture_sandbox(fv_sandbox mode, const char *program)
{
	server.mode = mode;
	server.program = program;
}

bool fv_sandbox_all(void) { return server.mode == FV_SANDBOX_ALL; }

/* The lock is held. */
static void stop(void)
{
	if (server.socket < 0)
		return;
	close(server.socket);
	kill(server.pid, SIGKILL);              /* its workers die with it */
	while (waitpid(server.pid, NULL, 0) < 0 && errno == EINTR);
	server.socket = -1;
}

void fv_child_end(void)
{
	pthread_mutex_lock(&server.lock);
	stop();
	pthread_mutex_unlock(&server.lock);
}

/* Exactly so many bytes: 1; 0: the other end hung up or time is over; -1: cancelled. */
static int get(int fd, void *to, size_t bytes, double until, const fv_source *s)
{
	for (size_t n = 0; n < bytes;) {
		struct pollfd p = { fd, POLLIN, 0 };
		if (s && fv_source_cancelled(s))
			return -1;
		if (fv_now() > until)
			return 0;
		if (poll(&p, 1, LOOK) <= 0)
			continue;
		ssize_t got = read(fd, (char *)to + n, bytes - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		n += (size_t)got;
	}
	return 1;
}

/* The lock is held. NULL: a server waits. */
static const char *start(void)
{
	int pair[2];
	fv_child_greeting hello;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	char *const words[] = { (char *)(uintptr_t) "fauve", (char *)(uintptr_t)FV_CHILD_WORD,
		                NULL };
	if (server.socket >= 0 || server.why)
		return server.why;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return server.why = "there are no sockets for it";
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&how);
	posix_spawn_file_actions_adddup2(&files, pair[1], FV_CHILD_FD);
	/* A group of its own: Ctrl-C is not for it. */
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
	int failed = posix_spawn(&server.pid, server.program, &files, &how, words, environ);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	close(pair[1]);
	if (failed) {
		close(pair[0]);
		return server.why = "the program cannot be started anew";
	}
	server.socket = pair[0];
	server.number++;
	if (get(server.socket, &hello, sizeof hello, fv_now() + START, NULL) < 1 ||
	    hello.magic != FV_CHILD_MAGIC) {
		stop();
		return server.why = "the process that decodes does not start";
	}
	server.confined = hello.confined == 1;
	return NULL;
}

const char *fv_sandbox_missing(void)
{
	pthread_mutex_lock(&server.lock);
	const char *why = server.mode == FV_SANDBOX_OFF || !server.program ? "it is switched off"
	                                                                   : start();
	if (!why && !server.confined)
		why = "this system has no seccomp filters";
	pthread_mutex_unlock(&server.lock);
	return why;
}

static bool send_request(int to, const fv_child_request *q, const int fd[3])
{
	union { char room[CMSG_SPACE(3 * sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
	struct iovec part = { (void *)(uintptr_t)q, sizeof *q };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
	                    .msg_controllen = sizeof control.room };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(3 * sizeof(int));
	memcpy(CMSG_DATA(c), fd, 3 * sizeof(int));
	ssize_t sent;
	while ((sent = sendmsg(to, &m, MSG_NOSIGNAL)) < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof *q;
}

/* A request on its way: *from, the worker's socket; *number, of its server. NULL or why not. */
static const char *ask(const fv_source *s, int memory, int *from, int *number)
{
	fv_child_request q = {.magic = FV_CHILD_MAGIC,
			      .format = (int32_t)s->format,
			      .bytes = s->bytes,
			      .max_pixels = s->max_pixels,
			      .flat_pixels = s->flat_pixels,
			      .memory = s->memory,
			      .longest = s->longest,
			      .all = s->all,
			      .facts = s->facts,
			      .bare_tried = s->bare_tried,
			      .page = s->page};
	int pair[2];
	snprintf(q.format_name, sizeof q.format_name, "%s", s->format_name);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return "there are no sockets for it";
	pthread_mutex_lock(&server.lock);
	const char *why = start();
	if (!why && !server.confined && server.mode == FV_SANDBOX_ALL)
		why = "this system has no seccomp filters";
	if (!why && !send_request(server.socket, &q, (int[]){ s->fd, memory, pair[1] })) {
		stop();                         /* somebody ended it: once more */
		if (!(why = start()) &&
		    !send_request(server.socket, &q, (int[]){ s->fd, memory, pair[1] }))
			why = "the process that decodes ends";
	}
	*number = server.number;
	pthread_mutex_unlock(&server.lock);
	close(pair[1]);
	*from = pair[0];
	if (why)
		close(pair[0]);
	return why;
}

static fv_status nonsense(fv_err *err, const fv_source *s)
{
	return fv_fail(
		err, FV_E_FORMAT,
		"%s: this %s cannot be decoded: its decoder answers nonsense; fetch it again",
		s->path, s->format_name);
}

/* The size is one that may be, and main wants it: the memory grows to it, and stays so. */
static fv_status accept_size(fv_err *err, const fv_source *s, const fv_child_record *r, int memory,
                             int from)
{
	if (r->width < 1 || r->height < 1 || (r->channels != 3 && r->channels != 4) ||
	    (r->bits != 8 && r->bits != 16) || r->decoding < 0 || r->decoding > INT64_MAX / 4)
		return nonsense(err, s);
	fv_status st = fv_limits_check(err, s, r->width, r->height);
	if (st)
		return st;
	const fv_pixels size = {
		r->width, r->height, r->channels, r->bits, r->width * r->channels * r->bits / 8,
		NULL
	};
	if (s->fits && (st = s->fits(err, s->user, &size, r->decoding)))
		return st;
	if (ftruncate(memory, r->width * r->height * FV_CHILD_PIXEL) ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fv_fail_memory(err, s->path,
		                      (size_t)(r->width * r->height * FV_CHILD_PIXEL));
	(void)!send(from, "y", 1, MSG_NOSIGNAL);                /* a worker that is gone is seen
	                                                         * at the next read */
	return FV_OK;
}

static bool known(int32_t status)
{
	return status == FV_E_FORMAT || status == FV_E_LIMIT || status == FV_E_MEMORY ||
	       status == FV_E_READ || status == FV_E_INTERNAL;
}

static fv_status accept_result(fv_err *err, const fv_source *s, fv_child_record *r,
                               const fv_child_record *size, int memory, int from, fv_picture *p,
                               fv_err *warning)
{
	r->text[sizeof r->text - 1] = r->warning[sizeof r->warning - 1] = 0;
	if (r->status)
		return known(r->status)
		               ? fv_fail(err, (fv_status)r->status, "%s%s", s->path, r->text)
		               : nonsense(err, s);
	/* It may have been turned since; and of a JPEG of which little is wanted less is
	 * decoded. */
	bool same = (r->width == size->width && r->height == size->height) ||
	            (r->width == size->height && r->height == size->width) ||
	            (s->longest && r->width <= size->width && r->height <= size->height);
	uint64_t all = 0;
	if (!same || r->width < 1 || r->height < 1 || (r->channels != 3 && r->channels != 4) ||
	    (r->bits != 8 && r->bits != 16))
		return nonsense(err, s);
	for (int i = 0; i < FV_BLOBS; i++) {
		if (r->blob[i] > BLOBS_MAX - all)
			return nonsense(err, s);
		all += r->blob[i];
	}
	char *about = NULL;
	fv_bytes text = { 0 };
	fv_bytes *blob[FV_BLOBS] = {&p->profile, &p->exif,   &p->xmp,  &p->iptc,
				    &text,       &p->delays, &p->texts};
	fv_status st = FV_OK;
	for (int i = 0; i < FV_BLOBS && !st; i++) {
		uint8_t *to = r->blob[i] ? fv_bytes_more(blob[i], (size_t)r->blob[i]) : NULL;
		if (r->blob[i] && !to)
			st = fv_fail_memory(err, s->path, (size_t)r->blob[i]);
		else if (to && get(from, to, (size_t)r->blob[i], fv_now() + FV_CHILD_WAIT, s) < 1)
			st = fv_source_cancelled(s)
			             ? fv_fail(err, FV_E_CANCELLED, "%s: stopped", s->path)
			             : nonsense(err, s);
	}
	if (!st && !fv_texts_sound(&p->texts))
		st = nonsense(err, s);
	if (!st && s->facts &&
	    !(about = strndup((const char *)(text.data ? text.data : (uint8_t *)""), text.bytes)))
		st = fv_fail_memory(err, s->path, text.bytes);
	fv_bytes_free(&text);
	p->about = about;
	if (st)
		return st;
	const int64_t stride = r->width * r->channels * r->bits / 8;
	void *data = mmap(NULL, (size_t)(r->height * stride), PROT_READ | PROT_WRITE, MAP_SHARED,
	                  memory, 0);
	if (data == MAP_FAILED)
		return fv_fail_memory(err, s->path, (size_t)(r->height * stride));
	p->pixels = (fv_pixels){ r->width, r->height, r->channels, r->bits, stride, data };
	p->mapped = (size_t)(r->height * stride);
	p->pages = r->pages > 1 ? r->pages : 1;
	p->loop = r->loop;
	p->left = (unsigned)r->left;
	p->into_profile = r->into_profile && p->profile.bytes;
	for (int i = 0; i < 2; i++)
		p->resolution[i] = isfinite(r->resolution[i]) && r->resolution[i] > 0 &&
		                                   r->resolution[i] < 1e6
		                           ? r->resolution[i]
		                           : 72 / 25.4;
	if (r->warned)
		fv_fail(warning, FV_E_FORMAT, "%s%s", s->path, r->warning);
	return FV_OK;
}

/* Did the server end, rather than a worker alone? It is looked for a while: its sockets close
 * before it can be waited for. */
static bool gone(int number)
{
	bool yes = false;
	for (int i = 0; i < 5 && !yes; i++) {
		if (i)
			nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
		pthread_mutex_lock(&server.lock);
		yes = number != server.number || server.socket < 0;
		if (!yes && waitpid(server.pid, NULL, WNOHANG) == server.pid) {
			close(server.socket);
			server.socket = -1;
			yes = true;
		}
		pthread_mutex_unlock(&server.lock);
	}
	return yes;
}

/* *lost: the server ended, by another picture that took too long or by somebody's hand. */
static fv_status listen_to(fv_err *err, const fv_source *s, int from, int memory, int number,
                           fv_picture *p, fv_err *warning, bool *lost)
{
	fv_child_record r, size = { 0 };
	double until = fv_now() + FV_CHILD_WAIT;
	for (;;) {
		int got = get(from, &r, sizeof r, until, s);
		if (got < 0)
			return fv_fail(err, FV_E_CANCELLED, "%s: stopped", s->path);
		if (!got && fv_now() > until) {
			fv_child_end();
			return fv_fail(
				err, FV_E_LIMIT,
				"%s: this %s is not decoded after %d s; save it anew, or smaller",
				s->path, s->format_name, FV_CHILD_WAIT);
		}
		if (!got) {
			*lost = gone(number);
			return fv_fail(
				err, FV_E_FORMAT,
				"%s: this %s cannot be decoded: its decoder crashed, or took too "
				"much memory or time; fetch it again, or save it anew",
				s->path, s->format_name);
		}
		/* A failure may come before the size is known, pixels may not. */
		if (r.magic == FV_CHILD_MAGIC && r.kind == FV_CHILD_RESULT &&
		    (size.width || r.status))
			return accept_result(err, s, &r, &size, memory, from, p, warning);
		if (r.magic != FV_CHILD_MAGIC || r.kind != FV_CHILD_SIZE || size.width)
			return nonsense(err, s);
		fv_status st = accept_size(err, s, &r, memory, from);
		if (st)
			return st;
		size = r;
	}
}

fv_status fv_child_decode(fv_err *err, fv_source *s, fv_picture *p, fv_err *warning, bool *ran)
{
	fv_status st = FV_OK;
	bool lost = true;
	*ran = false;
	if (server.mode == FV_SANDBOX_OFF || !server.program)
		return FV_OK;
	for (int i = 0; i < 2 && lost; i++) {
		int from, number, memory = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		const char *why = memory < 0 ? "there is no shared memory for it"
		                             : ask(s, memory, &from, &number);
		lost = false;
		if (!why) {
			*ran = true;
			st = listen_to(err, s, from, memory, number, p, warning, &lost);
			close(from);
		} else if (server.mode == FV_SANDBOX_ALL)
			st = fv_fail(
				err, FV_E_INTERNAL,
				"--sandbox all: pictures cannot be decoded in a process of their "
				"own: %s; allow decoding here with --sandbox auto",
				why);
		if (memory >= 0)
			close(memory);
		if (st && lost)
			fv_picture_forget(p);
	}
	return st;
}
