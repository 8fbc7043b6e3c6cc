/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply --watch: a folder is looked through again and again; what is new in it is painted
 * once it is whole. Looking works on network drives too, where no events come. */
#define _GNU_SOURCE
#include "cli/apply.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EVERY 500                       /* ms between two looks */
#define LOOK 50                         /* ms: how often Ctrl-C is looked for */

/* A file as it was at the last look. One that is the same at two looks is whole. */
typedef struct {
	char *in;
	off_t bytes;
	ino_t number;
	struct timespec changed;
	bool painted;                   /* as it is, or named as one that cannot be */
} seen;

typedef struct { seen *item; int count; } memory;

static void forget(memory *m)
{
	for (int i = 0; i < m->count; i++)
		free(m->item[i].in);
	free(m->item);
	*m = (memory){ 0 };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const seen *)a)->in, ((const seen *)b)->in);
}

static bool same(const seen *a, const seen *b)
{
	return a->bytes == b->bytes && a->number == b->number &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Is it open for writing somewhere? Asked by a lease, which the system grants only when it is not;
 * where it cannot be asked, nothing speaks for it. */
static bool written(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool yes = fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) && errno == EAGAIN;
	if (fd >= 0 && !yes)
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	if (fd >= 0)
		close(fd);
	return yes;
}

/* Keeps of j what is new and whole. old is what was seen before; new what is there now. */
static fv_status sift(fv_err *err, fv_jobs *j, const memory *old, memory *new)
{
	int kept = 0;
	if (!(new->item = calloc((size_t)j->count + 1, sizeof *new->item)))
		return fv_fail_memory(err, "list of pictures", (size_t)j->count * sizeof(seen));
	for (int i = 0; i < j->count; i++) {
		fv_job job = j->item[i];
		struct stat s;
		seen now = { .in = strdup(job.in) };
		if (!now.in)
			return fv_fail_memory(err, job.in, strlen(job.in));
		if (!stat(job.in, &s))
			now = (seen){ now.in, s.st_size, s.st_ino, s.st_mtim, false };
		const seen *was = old->count ? bsearch(&now, old->item, (size_t)old->count,
		                                       sizeof *old->item, by_name)
		                             : NULL;
		const bool still = was && same(was, &now);
		now.painted = still && was->painted;
		const bool wanted = still && !was->painted && !written(job.in);
		now.painted = now.painted || wanted;
		new->item[new->count++] = now;
		j->item[i] = j->item[kept];
		j->item[kept] = job;
		kept += wanted;
	}
	qsort(new->item, (size_t)new->count, sizeof *new->item, by_name);
	for (int i = kept; i < j->count; i++) {
		free(j->item[i].in);
		free(j->item[i].out);
		free(j->item[i].below);
		free(j->item[i].why);
	}
	j->count = kept;
	return FV_OK;
}

static void rest(void)
{
	for (int i = 0; i < EVERY / LOOK && !fv_interrupted(); i++)
		nanosleep(&(struct timespec){ 0, LOOK * 1000000 }, NULL);
}

fv_status fv_apply_watch(fv_err *err, fv_apply *a)
{
	memory old = { 0 };
	fv_tally t = { .begun = fv_now() };
	fv_status st = FV_OK;
	char *folder = strdup(a->o->watch);
	if (!folder)
		return fv_fail_memory(err, "watch", strlen(a->o->watch));
	fv_say(a->cli, "%s: watching; Ctrl-C ends it", folder);
	while (!st && !fv_interrupted()) {
		fv_jobs j = { .watched = true };
		memory new = { 0 };
		st = fv_is_folder(folder) ? fv_jobs_list(err, a->o, 1, &folder, &j)
		                          : fv_fail(err, FV_E_READ, "%s: is no folder", folder);
		if (!st)
			st = sift(err, &j, &old, &new);
		if (!st && j.count)
			st = fv_apply_many(err, a, &j, &t);
		fv_jobs_free(&j);
		forget(&old);
		old = new;
		if (!st)
			rest();
	}
	forget(&old);
	free(folder);
	if (!st || st == FV_E_CANCELLED)
		st = fv_fail(err, FV_E_CANCELLED, "interrupted; %d pictures were painted, %d could "
		             "not be", t.painted, t.failed);
	return st;
}
