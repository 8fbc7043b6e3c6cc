/* SPDX-License-Identifier: Apache-2.0 */
/* One stretch of addresses; pieces of it in order. A new piece takes the lowest gap that is large
 * enough, so what is in memory stays below the most that was ever in use at once, whatever the
 * pieces' sizes. */
#define _GNU_SOURCE
#include "base/spare.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE ((size_t)1 << 20)         /* bytes; below, the C library keeps memory itself */
#define GRAIN ((size_t)64 << 10)        /* pieces begin at multiples of it */
#define PIECES 256

typedef struct { size_t begin, end; } piece;

struct fv_spare {
	pthread_mutex_t lock;
	char *place;                    /* NULL: there is none */
	size_t bytes, touched;          /* of it; all beyond was never written */
	int count;
	piece piece[PIECES];            /* in use */
};

static size_t used(const fv_spare *s)
{
	size_t all = 0;
	for (int i = 0; i < s->count; i++)
		all += s->piece[i].end - s->piece[i].begin;
	return all;
}

/* What nobody uses goes back to the system. */
static void release(fv_spare *s)
{
	size_t at = 0;
	for (int i = 0; i <= s->count; i++) {
		size_t end = i < s->count ? s->piece[i].begin : s->touched;
		if (end > at)
			madvise(s->place + at, end - at, MADV_DONTNEED);
		at = i < s->count ? s->piece[i].end : at;
	}
	s->touched = s->count ? s->piece[s->count - 1].end : 0;
}

/* NULL: it has no room. */
static void *take_here(fv_spare *s, size_t bytes)
{
	size_t at = 0;
	int i = 0;
	if (!s->place || s->count == PIECES || bytes > s->bytes)
		return NULL;
	bytes = (bytes + GRAIN - 1) / GRAIN * GRAIN;
	while (i < s->count && s->piece[i].begin - at < bytes)
		at = s->piece[i++].end;
	if (i == s->count && s->bytes - at < bytes)
		return NULL;
	memmove(&s->piece[i + 1], &s->piece[i], (size_t)(s->count - i) * sizeof *s->piece);
	s->piece[i] = (piece){ at, at + bytes };
	s->count++;
	s->touched = at + bytes > s->touched ? at + bytes : s->touched;
	return s->place + at;
}

static void *take(void *user, size_t bytes, size_t align)
{
	fv_spare *s = user;
	if (bytes < LARGE || align > GRAIN)
		return fv_allocator_plain.alloc(NULL, bytes, align);
	pthread_mutex_lock(&s->lock);
	void *memory = take_here(s, bytes);
	/* Who needs more than there is room for needs what is kept, too. */
	if (!memory && s->place)
		release(s);
	pthread_mutex_unlock(&s->lock);
	return memory ? memory : fv_allocator_plain.alloc(NULL, bytes, align);
}

static void give(void *user, void *memory)
{
	fv_spare *s = user;
	char *p = memory;
	if (!s->place || p < s->place || p >= s->place + s->bytes) {
		fv_allocator_plain.free(NULL, memory);
		return;
	}
	pthread_mutex_lock(&s->lock);
	int i = 0;
	while (s->place + s->piece[i].begin != p)
		i++;
	s->count--;
	memmove(&s->piece[i], &s->piece[i + 1], (size_t)(s->count - i) * sizeof *s->piece);
	pthread_mutex_unlock(&s->lock);
}

fv_spare *fv_spare_new(void)
{
	fv_spare *s = calloc(1, sizeof *s);
	if (s && pthread_mutex_init(&s->lock, NULL)) {
		free(s);
		return NULL;
	}
	return s;
}

void fv_spare_keep(fv_spare *s, size_t most)
{
	pthread_mutex_lock(&s->lock);
	if (!s->place) {
		void *place = mmap(NULL, most, PROT_READ | PROT_WRITE,
		                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
#ifdef MADV_HUGEPAGE
		if (place != MAP_FAILED)
			madvise(place, most, MADV_HUGEPAGE);
#endif
		s->place = place == MAP_FAILED ? NULL : place;
		s->bytes = most;
	}
	pthread_mutex_unlock(&s->lock);
}

size_t fv_spare_bytes(fv_spare *s)
{
	if (!s)
		return 0;
	pthread_mutex_lock(&s->lock);
	size_t bytes = s->touched - used(s);
	pthread_mutex_unlock(&s->lock);
	return bytes;
}

fv_allocator fv_spare_allocator(fv_spare *s) { return (fv_allocator){ take, give, s }; }

void fv_spare_free(fv_spare *s)
{
	if (!s)
		return;
	if (s->place)
		munmap(s->place, s->bytes);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
