/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spare.h"
#include <pthread.h>
#include <stdlib.h>

#define LARGE ((size_t)1 << 20)         /* bytes; below, the C library keeps memory itself */
#define BLOCKS 256                      /* large pieces that are known at once */

typedef struct {
	void *memory;                   /* NULL: a free place in the table */
	size_t bytes;
	bool used;
	uint64_t freed;                 /* when: a count */
} block;

struct fv_spare {
	pthread_mutex_t lock;
	size_t most, used, kept;
	uint64_t count;
	block block[BLOCKS];
};

/* A piece of the C library's for one that is wanted may be somewhat larger, so that the next
 * picture's, which is rarely as large, finds it large enough. */
static size_t with_room(size_t bytes) { return bytes + bytes / 16; }

static void release(fv_spare *p, block *b)
{
	p->kept -= b->bytes;
	fv_allocator_plain.free(NULL, b->memory);
	*b = (block){ 0 };
}

/* The one that has been kept for the longest. false: none is kept. */
static bool release_oldest(fv_spare *p)
{
	block *oldest = NULL;
	for (block *b = p->block; b < p->block + BLOCKS; b++)
		if (b->memory && !b->used && (!oldest || b->freed < oldest->freed))
			oldest = b;
	if (oldest)
		release(p, oldest);
	return oldest;
}

/* Large enough, and not so large that another would miss it. */
static block *find_kept(fv_spare *p, size_t bytes)
{
	block *best = NULL;
	for (block *b = p->block; b < p->block + BLOCKS; b++)
		if (b->memory && !b->used && b->bytes >= bytes && b->bytes / 2 <= bytes &&
		    (!best || b->bytes < best->bytes))
			best = b;
	return best;
}

static block *find_place(fv_spare *p, const void *memory)
{
	for (block *b = p->block; b < p->block + BLOCKS; b++)
		if (b->memory == memory)
			return b;
	return NULL;
}

static void *take_new(fv_spare *p, size_t bytes, size_t align)
{
	bool counted = p->most && bytes >= LARGE;
	size_t wanted = counted ? with_room(bytes) : bytes;
	while (counted && p->used + p->kept + wanted > p->most && release_oldest(p))
		;
	void *memory = fv_allocator_plain.alloc(NULL, wanted, align);
	while (!memory && release_oldest(p))
		memory = fv_allocator_plain.alloc(NULL, wanted, align);
	block *b = memory && counted ? find_place(p, NULL) : NULL;
	if (!b && counted && memory && release_oldest(p))
		b = find_place(p, NULL);
	if (b) {
		*b = (block){ memory, wanted, true, 0 };
		p->used += wanted;
	}
	return memory;
}

static void *take(void *user, size_t bytes, size_t align)
{
	fv_spare *p = user;
	if (bytes < LARGE)
		return fv_allocator_plain.alloc(NULL, bytes, align);
	pthread_mutex_lock(&p->lock);
	block *b = find_kept(p, bytes);
	void *memory = b ? b->memory : take_new(p, bytes, align);
	if (b) {
		b->used = true;
		p->kept -= b->bytes;
		p->used += b->bytes;
	}
	pthread_mutex_unlock(&p->lock);
	return memory;
}

static void give(void *user, void *memory)
{
	fv_spare *p = user;
	pthread_mutex_lock(&p->lock);
	block *b = memory ? find_place(p, memory) : NULL;
	if (b) {
		b->used = false;
		b->freed = ++p->count;
		p->used -= b->bytes;
		p->kept += b->bytes;
		while (p->used + p->kept > p->most && release_oldest(p))
			;
	}
	pthread_mutex_unlock(&p->lock);
	if (!b)
		fv_allocator_plain.free(NULL, memory);
}

fv_spare *fv_spare_new(void)
{
	fv_spare *p = calloc(1, sizeof *p);
	if (p && pthread_mutex_init(&p->lock, NULL)) {
		free(p);
		return NULL;
	}
	return p;
}

void fv_spare_keep(fv_spare *p, size_t most)
{
	pthread_mutex_lock(&p->lock);
	p->most = most;
	pthread_mutex_unlock(&p->lock);
}

size_t fv_spare_kept(fv_spare *p)
{
	if (!p)
		return 0;
	pthread_mutex_lock(&p->lock);
	size_t kept = p->kept;
	pthread_mutex_unlock(&p->lock);
	return kept;
}

fv_allocator fv_spare_allocator(fv_spare *p) { return (fv_allocator){ take, give, p }; }

void fv_spare_free(fv_spare *p)
{
	if (!p)
		return;
	while (release_oldest(p))
		;
	pthread_mutex_destroy(&p->lock);
	free(p);
}
