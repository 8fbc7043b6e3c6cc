/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow. A failed allocation is remembered: put what you have, look at `failed` once. */
#ifndef FV_PICTURE_BYTES_H
#define FV_PICTURE_BYTES_H
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	uint8_t *data;                  /* free() */
	size_t bytes, room;
	bool failed;
} fv_bytes;

/* Room for n more bytes, zeroed; NULL when out of memory, or when n is 0. */
static inline uint8_t *fv_bytes_more(fv_bytes *b, size_t n)
{
	if (!b->failed && n > b->room - b->bytes) {
		size_t room = 2 * b->room + n;
		uint8_t *more = n < SIZE_MAX / 4 && b->room < SIZE_MAX / 4 ? realloc(b->data, room)
		                                                           : NULL;
		if (more) {
			b->data = more;
			b->room = room;
		} else
			b->failed = true;
	}
	if (b->failed || !n)
		return NULL;
	uint8_t *at = b->data + b->bytes;
	memset(at, 0, n);
	b->bytes += n;
	return at;
}

static inline void fv_bytes_put(fv_bytes *b, const void *data, size_t n)
{
	uint8_t *at = fv_bytes_more(b, n);
	if (at && data)
		memcpy(at, data, n);
}

static inline void fv_bytes_free(fv_bytes *b)
{
	free(b->data);
	*b = (fv_bytes){ 0 };
}

static inline uint32_t fv_get_be(const uint8_t *p, int n)
{
	uint32_t v = 0;
	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint32_t fv_get_le(const uint8_t *p, int n)
{
	uint32_t v = 0;
	for (int i = n; i--;)
		v = v << 8 | p[i];
	return v;
}

static inline void fv_put_be(fv_bytes *b, uint32_t v, int n)
{
	uint8_t *at = fv_bytes_more(b, (size_t)n);
	for (int i = 0; at && i < n; i++)
		at[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static inline void fv_put_le(fv_bytes *b, uint32_t v, int n)
{
	uint8_t *at = fv_bytes_more(b, (size_t)n);
	for (int i = 0; at && i < n; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}
#endif
