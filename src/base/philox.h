/* SPDX-License-Identifier: Apache-2.0 */
/* Philox-4x32-10: random numbers as a pure function of key and counter.
 * Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011). */
#ifndef FV_PHILOX_H
#define FV_PHILOX_H
#include "base/hash.h"
#include <string.h>

typedef struct { uint32_t v[4]; } fv_philox;

static inline fv_philox fv_philox_at(uint64_t key, uint64_t counter_hi, uint64_t counter_lo)
{
	uint32_t c0 = (uint32_t)counter_lo, c1 = (uint32_t)(counter_lo >> 32);
	uint32_t c2 = (uint32_t)counter_hi, c3 = (uint32_t)(counter_hi >> 32);
	uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
	for (int i = 0; i < 10; i++) {
		uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
		uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c1 = (uint32_t)p1, c3 = (uint32_t)p0, c0 = n0, c2 = n2;
		k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
	}
	return (fv_philox){ { c0, c1, c2, c3 } };
}

/* [0, 1) with 24 bits: exact in float. */
static inline double fv_unit(uint32_t v) { return (double)(v >> 8) * (1.0 / 16777216.0); }

/* A purpose ("noise", "crop") as a number. */
static inline uint64_t fv_purpose(const char *name)
{
	return fv_hash_mix(FV_HASH, name, strlen(name));
}
#endif
