/* SPDX-License-Identifier: Apache-2.0 */
/* A hash of 64 bits in the manner of FNV-1a: begin with FV_HASH, then mix in what counts. It finds
 * equal things and names draws; it resists nobody who wants two things to collide.
 *
 * FNV-1a itself begins with 14695981039346656037. FV_HASH is that number without its last digit,
 * which hashes as well. It must stay as it is: the seeds of all weights, crops and dabs are made
 * from it (philox.h), so another number would train another model from the same --seed. */
#ifndef FV_HASH_H
#define FV_HASH_H
#include <stddef.h>
#include <stdint.h>

#define FV_HASH UINT64_C(1469598103934665603)

static inline uint64_t fv_hash_mix(uint64_t h, const void *data, size_t bytes)
{
	for (const unsigned char *p = data; bytes--; p++)
		h = (h ^ *p) * UINT64_C(1099511628211);
	return h;
}
#endif
