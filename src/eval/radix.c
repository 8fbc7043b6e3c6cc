/* SPDX-License-Identifier: Apache-2.0 */
/* Floats in order by three counting passes over 11 bits of a key that grows with the float: five
 * times as fast as qsort for the millions of values here.
 *
 * device/cpu/sort_radix.c is another one. It is a kernel, built for each instruction set and bound
 * to a graph's node; it carries each value's number along and holds -0 and 0 for equal, where the
 * figures here depend on the order of all bits. */
#include "eval/metric.h"
#include <string.h>

#define DIGITS 2048

typedef uint32_t __attribute__((may_alias)) word;

static uint32_t key_of(uint32_t bits)
{
	return bits ^ ((uint32_t)((int32_t)bits >> 31) | 0x80000000u);
}
static uint32_t bits_of(uint32_t key) { return key ^ (((key >> 31) - 1) | 0x80000000u); }

/* How many have each digit, then where each digit's first one goes. */
static void count(const word *key, int64_t n, uint32_t at[3][DIGITS])
{
	memset(at, 0, 3 * sizeof *at);
	for (int64_t i = 0; i < n; i++) {
		at[0][key[i] % DIGITS]++;
		at[1][key[i] / DIGITS % DIGITS]++;
		at[2][key[i] / DIGITS / DIGITS]++;
	}
	for (int pass = 0; pass < 3; pass++)
		for (uint32_t d = 0, sum = 0; d < DIGITS; d++) {
			uint32_t here = at[pass][d];
			at[pass][d] = sum;
			sum += here;
		}
}

void fv_radix_floats(float *v, float *room, int64_t n)
{
	uint32_t at[3][DIGITS];
	word *from = (word *)v, *to = (word *)room;
	for (int64_t i = 0; i < n; i++)
		from[i] = key_of(from[i]);
	count(from, n, at);
	for (int pass = 0; pass < 3; pass++) {
		for (int64_t i = 0; i < n; i++)
			to[at[pass][from[i] >> 11 * pass & (DIGITS - 1)]++] = from[i];
		word *swap = from;
		from = to;
		to = swap;
	}
	for (int64_t i = 0; i < n; i++)                 /* the third pass ended in room */
		to[i] = bits_of(from[i]);
}

void fv_radix_order(const float *v, uint32_t *order, uint32_t *room, int64_t n)
{
	uint32_t at[3][DIGITS], *key = room, *one = room + n, *two = room + 2 * n;
	memcpy(key, v, (size_t)n * sizeof *key);
	for (int64_t i = 0; i < n; i++)
		key[i] = key_of(key[i]);
	count(key, n, at);
	for (int64_t i = 0; i < n; i++)
		one[at[0][key[i] % DIGITS]++] = (uint32_t)i;
	for (int64_t i = 0; i < n; i++)
		two[at[1][key[one[i]] / DIGITS % DIGITS]++] = one[i];
	for (int64_t i = 0; i < n; i++)
		order[at[2][key[two[i]] / DIGITS / DIGITS]++] = two[i];
}
