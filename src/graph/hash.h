/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, 64 bits: begin with FV_HASH, then mix in what counts. */
#ifndef FV_HASH_H
#define FV_HASH_H
#include <stddef.h>
#include <stdint.h>

#define FV_HASH 1469598103934665603u

static inline uint64_t fv_hash_mix(uint64_t h, const void *data, size_t bytes)
{
	for (const unsigned char *p = data; bytes--; p++)
		h = (h ^ *p) * 1099511628211u;
	return h;
}
#endif
