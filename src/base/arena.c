/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: the context's allocator, and arenas (a list of blocks that die together). */
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK (64 << 10)

typedef struct block {
	struct block *next;
	size_t used, size;              /* of the bytes behind this header */
} block;

struct fv_arena {
	fv_context *context;
	block *blocks;                  /* the newest first */
};

/* The header takes one whole alignment unit, so that what follows is aligned. */
_Static_assert(sizeof(block) <= FV_ALIGN, "a block's header fits in one alignment unit");

static size_t round_up(size_t n) { return (n + FV_ALIGN - 1) & ~(size_t)(FV_ALIGN - 1); }

void *fv_alloc_rough(fv_context *c, size_t bytes)
{
	return bytes > SIZE_MAX / 2 ? NULL
	                            : c->allocator.alloc(c->allocator.user,
	                                                 round_up(bytes ? bytes : 1), FV_ALIGN);
}

void *fv_alloc(fv_context *c, size_t bytes)
{
	void *p = fv_alloc_rough(c, bytes);
	if (p)
		memset(p, 0, round_up(bytes ? bytes : 1));
	return p;
}

void fv_free(fv_context *c, void *p)
{
	if (p)
		c->allocator.free(c->allocator.user, p);
}

fv_arena *fv_arena_new(fv_context *c)
{
	fv_arena *a = fv_alloc(c, sizeof *a);
	if (a)
		a->context = c;
	return a;
}

void *fv_arena_get(fv_arena *a, size_t bytes)
{
	if (bytes > SIZE_MAX / 2)
		return NULL;
	size_t n = round_up(bytes ? bytes : 1);
	block *b = a->blocks;
	if (!b || b->size - b->used < n) {
		size_t size = n > BLOCK / 4 ? n : BLOCK;
		b = fv_alloc(a->context, FV_ALIGN + size);
		if (!b)
			return NULL;
		b->size = size;
		/* A large piece gets a block of its own behind the open one, whose rest stays in
		 * use. */
		if (n > BLOCK / 4 && a->blocks) {
			b->next = a->blocks->next;
			a->blocks->next = b;
		} else {
			b->next = a->blocks;
			a->blocks = b;
		}
	}
	void *p = (char *)b + FV_ALIGN + b->used;
	b->used += n;
	return p;
}

bool fv_arena_reserve(fv_arena *a, size_t bytes)
{
	if (bytes > SIZE_MAX / 2)
		return false;
	block *b = fv_alloc(a->context, FV_ALIGN + round_up(bytes));
	if (!b)
		return false;
	b->size = round_up(bytes);
	b->next = a->blocks;
	a->blocks = b;
	return true;
}

char *fv_arena_text(fv_arena *a, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *p = n < 0 ? NULL : fv_arena_get(a, (size_t)n + 1);
	if (p) {
		va_start(ap, format);
		vsnprintf(p, (size_t)n + 1, format, ap);
		va_end(ap);
	}
	return p;
}

void fv_arena_free(fv_arena *a)
{
	if (!a)
		return;
	for (block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		fv_free(a->context, b);
	}
	fv_free(a->context, a);
}
