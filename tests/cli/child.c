/* SPDX-License-Identifier: Apache-2.0 */
/* child FAUVE DATA: decoding in a process of its own gives what decoding here gives; what it cannot do; what is said when it dies, lies in
 * wait or cannot be had; what a file may claim. */
#define _GNU_SOURCE
#include "base/base.h"
#include "picture/child.h"
#include "test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/fauve-child-XXXXXX";

/* The processes whose parent that is. */
static int children(pid_t of, pid_t *list, int room)
{
	int n = 0;
	char name[300];
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && (e = readdir(d)) && n < room;) {
		int pid = atoi(e->d_name), parent;
		snprintf(name, sizeof name, "/proc/%d/stat", pid);
		FILE *f = pid ? fopen(name, "r") : NULL;
		if (f && fscanf(f, "%*d (%*[^)]) %*c %d", &parent) == 1 && parent == of)
			list[n++] = pid;
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return n;
}

/* The one process whose parent that is. One that ends is a child until its parent has reaped it: it
 * is waited for. */
static pid_t only_child(pid_t of)
{
	pid_t list[8];
	int n = children(of, list, 8);
	for (int i = 0; n > 1 && i < 500; i++) {
		usleep(10000);
		n = children(of, list, 8);
	}
	return n == 1 ? list[0] : 0;
}

typedef struct {
	int blow;                       /* a signal for the worker while it waits for an answer */
	const char *why;                /* what speaks against the picture */
	double until;                   /* wait no longer; 0: wait */
} asked;

static fv_status fits(fv_err *err, void *user, const fv_pixels *size, int64_t decoding)
{
	const asked *q = user;
	pid_t server = q->blow ? only_child(getpid()) : 0, worker = server ? only_child(server) : 0;
	if (q->blow && check(worker > 1, "no worker is seen"))
		kill(worker, q->blow);
	return q->why ? fv_fail(err, FV_E_MEMORY, "%s", q->why) : FV_OK;
}

static bool cancelled(void *user)
{
	const asked *q = user;
	return q->until > 0 && fv_now() > q->until;
}

/* What reading comes to; nothing is kept. */
static fv_status reading(const char *name, asked *q, fv_read_options o, fv_err *err)
{
	fv_picture *p = NULL;
	*err = (fv_err){ 0 };
	o.fits = fits;
	o.cancelled = cancelled;
	o.user = q;
	fv_status st = fv_picture_read(err, name, &o, &p, NULL);
	if (!st)
		fv_picture_free(p);
	return st;
}

/* ---- the same as here */
static void same(const char *name, const char *fauve)
{
	fv_err err = { 0 }, warning;
	fv_picture *a = NULL, *b = NULL;
	fv_pixels x = { 0 }, y = { 0 };
	const fv_read_options facts = { .facts = true };
	fv_picture_sandbox(FV_SANDBOX_OFF, NULL);
	fv_status st = fv_picture_read(&err, name, &facts, &a, &warning);
	st = st ? st : fv_picture_shrink(&err, name, 50, &x, NULL);
	fv_picture_sandbox(FV_SANDBOX_ALL, fauve);
	st = st ? st : fv_picture_read(&err, name, &facts, &b, &warning);
	st = st ? st : fv_picture_shrink(&err, name, 50, &y, NULL);
	if (!check(!st, "%s", err.text))
		return;
	fv_pixels p = a->pixels, q = b->pixels;
	check(b->mapped && !a->mapped, "%s: not by a child", name);
	check(p.width == q.width && p.height == q.height && p.channels == q.channels && p.bits == q.bits &&
	      !memcmp(p.data, q.data, (size_t)(p.height * p.stride_bytes)), "%s: other pixels", name);
	check(x.width == y.width && x.height == y.height && !memcmp(x.data, y.data, (size_t)(x.height * x.stride_bytes)), "%s: other small pixels", name);
	check(a->resolution[0] == b->resolution[0] && a->profile.bytes == b->profile.bytes && a->exif.bytes == b->exif.bytes, "%s: other metadata", name);
	json_t *j = fv_picture_about(a), *k = fv_picture_about(b);
	check(j && json_equal(j, k), "%s: says other things of itself", name);
	json_decref(j);
	json_decref(k);
	free(x.data);
	free(y.data);
	fv_picture_free(a);
	fv_picture_free(b);
}

/* ---- what goes wrong */
static void mishaps(const char *fauve, const char *webp)
{
	fv_err err;
	const int how[] = { SIGSEGV, SIGABRT, SIGKILL };
	fv_picture_sandbox(FV_SANDBOX_AUTO, fauve);
	for (size_t i = 0; i < FV_COUNT(how); i++)
		check(reading(webp, &(asked){ .blow = how[i] }, (fv_read_options){ 0 }, &err) == FV_E_FORMAT && strstr(err.text, "crashed"), "a decoder dies of %d: %s", how[i], err.text);
	check(reading(webp, &(asked){ .why = "no room" }, (fv_read_options){ 0 }, &err) == FV_E_MEMORY && !strcmp(err.text, "no room"), "refused: %s", err.text);
	check(reading(webp, &(asked){ 0 }, (fv_read_options){ .max_memory = 1000 }, &err) == FV_E_MEMORY, "a thousand bytes: %s", err.text);
	double begun = fv_now();
	check(reading(webp, &(asked){ .blow = SIGSTOP, .until = begun + 0.2 }, (fv_read_options){ 0 }, &err) == FV_E_CANCELLED && fv_now() - begun < 5,
	      "a decoder that stands still: %s", err.text);
	pid_t server = only_child(getpid());
	check(server > 1 && !kill(server, SIGKILL), "no server");
	check(!reading(webp, &(asked){ 0 }, (fv_read_options){ 0 }, &err), "after its end: %s", err.text);
	check(only_child(getpid()) != server, "the server is not a new one");
	fv_child_end();
	check(!only_child(getpid()), "the server stays");
	/* From here on there is none. */
	fv_picture_sandbox(FV_SANDBOX_ALL, "/nonexistent");
	check(reading(webp, &(asked){ 0 }, (fv_read_options){ 0 }, &err) == FV_E_INTERNAL && strstr(err.text, "--sandbox all"), "nowhere: %s", err.text);
	fv_picture_sandbox(FV_SANDBOX_AUTO, "/nonexistent");
	check(!reading(webp, &(asked){ 0 }, (fv_read_options){ 0 }, &err), "here instead: %s", err.text);
	check(fv_sandbox_missing(), "nobody says that it is missing");
}

/* ---- a decoder that has been taken over */
enum { TRUTH, NO_SIZE, MAGIC, ZERO, NEGATIVE, HUGE, CHANNELS, BITS, TWICE, OTHER_SIZE, OTHER_CHANNELS, BLOBS, SHORT, STATUS, TEXT, NOT_A_NUMBER, LIES };

/* What this program is when it is started as a server: reads one request and answers by the lie that the environment names. */
static int liar(void)
{
	enum { W = 8, H = 4 };
	const char *name = getenv("FAUVE_LIE");
	const int lie = name ? atoi(name) : 0;
	fv_child_greeting hello = { FV_CHILD_MAGIC, 1 };
	fv_child_request q;
	union { char room[CMSG_SPACE(3 * sizeof(int))]; struct cmsghdr align; } control;
	struct iovec part = { &q, sizeof q };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room };
	int fd[3];
	char yes;
	if (write(FV_CHILD_FD, &hello, sizeof hello) < 0 || recvmsg(FV_CHILD_FD, &m, 0) != sizeof q || !CMSG_FIRSTHDR(&m))
		return 1;
	memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	fv_child_record r = { .magic = FV_CHILD_MAGIC, .kind = FV_CHILD_SIZE, .width = W, .height = H, .channels = 3, .bits = 8, .decoding = 1000 }, size = r;
	size.magic = lie == MAGIC ? 7 : size.magic;
	size.width = lie == ZERO ? 0 : lie == NEGATIVE ? -W : lie == HUGE ? INT64_MAX / 3 : W;
	size.channels = lie == CHANNELS ? 2000000000 : 3;
	size.bits = lie == BITS ? 9 : 8;
	for (int i = 0; i < (lie == NO_SIZE ? 0 : lie == TWICE ? 2 : 1); i++)
		if (write(fd[2], &size, sizeof size) < 0 || read(fd[2], &yes, 1) != 1)
			return 1;
	r.kind = FV_CHILD_RESULT;
	r.width = lie == OTHER_SIZE ? W + 1 : W;
	r.channels = lie == OTHER_CHANNELS ? 1000 : 3;
	r.blob[FV_BLOB_EXIF] = lie == BLOBS ? UINT64_MAX - 5 : lie == SHORT ? 5000 : 0;
	r.blob[FV_BLOB_PROFILE] = lie == BLOBS ? 10 : 0;
	r.status = lie == STATUS ? 4711 : lie == TEXT ? FV_E_FORMAT : 0;
	memset(r.text, 'x', lie == TEXT ? sizeof r.text : 0);
	r.resolution[0] = lie == NOT_A_NUMBER ? (double)NAN : 1;
	return write(fd[2], &r, sizeof r) < 0;
}

static void lies(const char *self, const char *webp)
{
	char number[20];
	fv_err err;
	fv_child_end();
	fv_picture_sandbox(FV_SANDBOX_AUTO, self);
	for (int i = 0; i < LIES; i++) {
		snprintf(number, sizeof number, "%d", i);
		setenv("FAUVE_LIE", number, 1);
		fv_status st = reading(webp, &(asked){ 0 }, (fv_read_options){ 0 }, &err);
		bool harmless = i == TRUTH || i == NOT_A_NUMBER;
		check(harmless ? !st : st == FV_E_FORMAT || (i == HUGE && st == FV_E_LIMIT), "lie %d: %d, %s", i, st, err.text);
		check(i != TEXT || strlen(err.text) == sizeof err.text - 1, "a text without an end");
		fv_child_end();
	}
	unsetenv("FAUVE_LIE");
}

/* ---- what it cannot do */
static void *thread(void *arg) { return arg; }

static void confined(void)
{
	if (!fv_confine_possible()) {
		printf("no seccomp here\n");
		return;
	}
	int status = 0, pipes[2];
	pid_t parent = getpid(), child = pipe(pipes) ? -1 : fork();
	if (!child) {
		pthread_t t;
		void *got = NULL;
		char *const none[] = { NULL };
		if (!fv_confine())
			_exit(100);
		bool refused[] = {
			open("/dev/null", O_RDONLY) < 0, socket(AF_INET, SOCK_STREAM, 0) < 0, fork() < 0, execve("/bin/true", none, none) < 0, kill(parent, 0) < 0,
			mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED, unlink("/nonexistent") < 0 && errno == EPERM,
			ftruncate(pipes[1], 0) < 0 && errno == EPERM, prlimit(parent, RLIMIT_CORE, NULL, &(struct rlimit){ 0 }) < 0 && errno == EPERM,
			/* But this it can. */
			!pthread_create(&t, NULL, thread, &status) && !pthread_join(t, &got) && got == &status, malloc(100 << 20) != NULL, write(pipes[1], "x", 1) == 1,
		};
		for (size_t i = 0; i < FV_COUNT(refused); i++)
			if (!refused[i])
				_exit(1 + (int)i);
		_exit(0);
	}
	check(child > 0 && waitpid(child, &status, 0) == child && !status, "confined: status %x", (unsigned)status);
}

/* ---- what may be claimed */
static void claims(const char *fauve, const char *data)
{
	static const struct { const char *name, *says; fv_status st; } list[] = {
		{ "bomb_268MP.webp", "in 38 bytes", FV_E_LIMIT }, { "bomb_418MP.tif", "in 9070 bytes", FV_E_LIMIT }, { "flat_50MP.webp", "its memory", FV_E_MEMORY },
	};
	char name[1000];
	fv_err err;
	for (int mode = 0; mode < 2; mode++)
		for (size_t i = 0; i < FV_COUNT(list); i++) {
			fv_picture_sandbox(mode ? FV_SANDBOX_OFF : FV_SANDBOX_AUTO, fauve);
			snprintf(name, sizeof name, "%s/%s", data, list[i].name);
			double begun = fv_now();
			fv_status st = reading(name, &(asked){ .why = "all is well but its memory" }, (fv_read_options){ 0 }, &err);
			check(st == list[i].st && strstr(err.text, list[i].says), "%s: %d, %s", list[i].name, st, err.text);
			check(fv_now() - begun < 10, "%s: refused after %.1f s", list[i].name, fv_now() - begun);
			/* Who names a limit is believed to mean it: then memory speaks against it. */
			check(reading(name, &(asked){ .why = "too large" }, (fv_read_options){ .max_pixels = (int64_t)1 << 30 }, &err) == FV_E_MEMORY, "%s, allowed: %s", list[i].name,
			      err.text);
		}
}

/* ---- what is no file */
/* No longest side: the picture's own size. */
static void whole(const char *name, int64_t width, int64_t height)
{
	fv_pixels x;
	fv_err err;
	if (!check(!fv_picture_shrink(&err, name, 0, &x, NULL), "%s", err.text))
		return;
	check(x.width == width && x.height == height, "%s: %dx%d of its pixels", name, (int)x.width,
	      (int)x.height);
	free(x.data);
}

static void no_files(void)
{
	char name[300];
	fv_err err;
	snprintf(name, sizeof name, "%s/fifo.jpg", folder);
	check(!mkfifo(name, 0600) && reading(name, &(asked){ 0 }, (fv_read_options){ 0 }, &err) == FV_E_READ, "a fifo: %s", err.text);
	unlink(name);
	check(reading("/dev/zero", &(asked){ 0 }, (fv_read_options){ 0 }, &err) == FV_E_READ, "a device: %s", err.text);
	check(reading(folder, &(asked){ 0 }, (fv_read_options){ 0 }, &err) == FV_E_READ, "a folder: %s", err.text);
}

int main(int argc, char **argv)
{
	static const char *const ending[] = { "png", "jpg", "webp", "tif" };
	enum { W = 90, H = 70 };
	static uint16_t wide[H][W][4];
	static uint8_t narrow[H][W][3];
	char name[4][300];
	fv_context *c = NULL;
	fv_err err;
	if (argc == 2 && !strcmp(argv[1], FV_CHILD_WORD))
		return liar();
	if (argc < 3 || !mkdtemp(folder) || fv_picture_begin(&err, argv[0]) || fv_context_new(&err, NULL, &c))
		return 1;
	confined();
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			for (int k = 0; k < 4; k++) {
				wide[y][x][k] = (uint16_t)(x * 700 + y * 131 + k * 9000);
				narrow[y][x][k % 3] = (uint8_t)(x * 2 + y + k * 40);
			}
	const fv_pixels deep = { W, H, 4, 16, sizeof wide[0], wide }, plain = { W, H, 3, 8, sizeof narrow[0], narrow };
	for (int i = 0; i < 4; i++) {
		snprintf(name[i], sizeof name[i], "%s/a.%s", folder, ending[i]);
		if (check(!fv_pixels_write(&err, c, i ? &plain : &deep, name[i], NULL), "%s", err.text))
			same(name[i], argv[1]), whole(name[i], W, H);
	}
	claims(argv[1], argv[2]);
	no_files();
	lies("/proc/self/exe", name[2]);
	/* What was ended may begin again. */
	fv_picture_end();
	if (check(!fv_picture_begin(&err, argv[0]), "%s", err.text))
		same(name[2], argv[1]);
	mishaps(argv[1], name[2]);
	for (int i = 0; i < 4; i++)
		unlink(name[i]);
	rmdir(folder);
	fv_picture_end();
	fv_context_free(c);
	return finish("child");
}
