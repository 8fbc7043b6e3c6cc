/* SPDX-License-Identifier: Apache-2.0 */
/* The process that reads a film (wire.h): it has the file, a socket and memory for frames, and
 * gives up all else before it looks at the first byte. */
#define _GNU_SOURCE
#include "film/serve.h"
#include "picture/confine.h"
#include "picture/picture.h"
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Bytes of addresses beside what is taken at the beginning: an index, decoders' frames. */
#define ROOM ((rlim_t)700 << 20)
#define PIXEL 100                       /* and for a pixel of a frame */

int fv_serve_faults;
char fv_serve_fault[200];

bool fv_wire_put(int fd, const void *data, size_t bytes)
{
	for (size_t n = 0; n < bytes;) {
		ssize_t put = write(fd, (const char *)data + n, bytes - n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		n += (size_t)put;
	}
	return true;
}

void fv_serve_put(const fv_film_record *head, const void *data, const void *more, size_t more_bytes)
{
	fv_film_record r = *head;
	r.magic = FV_FILM_MAGIC;
	r.bytes += (uint32_t)more_bytes;
	if (!fv_wire_put(FV_FILM_SOCKET, &r, sizeof r) ||
	    !fv_wire_put(FV_FILM_SOCKET, data, head->bytes) ||
	    !fv_wire_put(FV_FILM_SOCKET, more, more_bytes))
		_exit(1);
}

void fv_serve_warn(const char *format, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	fv_serve_put(&(fv_film_record){ .kind = FV_FILM_WARNING }, NULL, text, strlen(text));
}

void fv_serve_fail(fv_status st, const char *format, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	fv_serve_put(&(fv_film_record){ .kind = FV_FILM_FAIL, .n = st }, NULL, text, strlen(text));
	_exit(0);
}

const char *fv_serve_why(int averror)
{
	static char text[AV_ERROR_MAX_STRING_SIZE];
	return averror == AVERROR(ENOMEM) ? "it wants more memory than a film should"
	                                  : av_make_error_string(text, sizeof text, averror);
}

/* Only what is said at level ERROR: what is said below that, films do every day. */
static void hear(void *who, int level, const char *format, va_list ap)
{
	if (level > AV_LOG_ERROR)
		return;
	if (!fv_serve_faults++) {
		vsnprintf(fv_serve_fault, sizeof fv_serve_fault, format, ap);
		fv_serve_fault[strcspn(fv_serve_fault, "\n")] = 0;
	}
}

static bool get(void *to, size_t bytes)
{
	for (size_t n = 0; n < bytes;) {
		ssize_t got = read(FV_FILM_SOCKET, (char *)to + n, bytes - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	return true;
}

static void confine(const fv_film_request *q)
{
	struct rlimit l;
	char value[64];
	rlim_t begun = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (f && fgets(value, sizeof value, f))
		begun = (rlim_t)strtoull(value, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
	if (f)
		fclose(f);
	const rlim_t most = begun + ROOM + (rlim_t)FV_FILM_PIXELS * 16;
	if (begun && !getrlimit(RLIMIT_AS, &l) &&
	    (l.rlim_cur == RLIM_INFINITY || l.rlim_cur > most))
		setrlimit(RLIMIT_AS, &(struct rlimit){ most, most });
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 0, 0 });
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 16, 16 });
	if (q->sandbox != FV_SANDBOX_OFF && !fv_confine() && q->sandbox == FV_SANDBOX_ALL)
		fv_serve_fail(FV_E_INTERNAL, ": this system has no seccomp filters, and --sandbox "
		              "all wants films read behind one");
}

int fv_film_serve(void)
{
	fv_film_source s = { .video = -1 };
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	mallopt(M_ARENA_MAX, 2);                /* arenas count as memory, however little of them
	                                         * is used */
	if (!get(&s.q, sizeof s.q) || s.q.magic != FV_FILM_MAGIC) {
		fprintf(stderr, "fauve: this word is for fauve itself, which reads films in a "
		                "process of their own\n");
		return 2;
	}
	av_log_set_callback(hear);
	confine(&s.q);
	fv_source_open(&s);
	fv_source_tell(&s);
	if (s.q.pass == FV_FILM_PACKETS)
		fv_source_packets(&s);
	else
		fv_source_frames(&s);
	fv_serve_put(&(fv_film_record){ .kind = FV_FILM_END, .a = fv_serve_faults }, NULL,
	             fv_serve_fault, strlen(fv_serve_fault));
	_exit(0);
}
