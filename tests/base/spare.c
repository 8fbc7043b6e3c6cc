/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is kept (base/spare.h): pieces do not overlap, what is freed is used again, and what
 * does not fit comes from the C library. */
#include "base/spare.h"
#include "../test.h"
#include <string.h>

#define MB ((size_t)1 << 20)
#define HELD 40

/* Pieces of many sizes come and go; each holds its own number. */
static void churn(fv_allocator al, int rounds)
{
	struct { unsigned char *p; size_t bytes; } held[HELD] = { { NULL, 0 } };
	uint64_t h = 1;
	bool own = true, aligned = true;
	for (int i = 0; i < rounds; i++) {
		h = h * 6364136223846793005u + 1442695040888963407u;
		int k = (int)(h >> 33) % HELD;
		if (held[k].p) {
			own = own && held[k].p[0] == k && held[k].p[held[k].bytes - 1] == k;
			al.free(al.user, held[k].p);
			held[k].p = NULL;
			continue;
		}
		held[k].bytes = 1 + (h >> 20) % (3 * MB);
		held[k].p = al.alloc(al.user, held[k].bytes, FV_ALIGN);
		aligned = aligned && (uintptr_t)held[k].p % FV_ALIGN == 0;
		memset(held[k].p, k, held[k].bytes);
	}
	for (int k = 0; k < HELD; k++)
		if (held[k].p)
			al.free(al.user, held[k].p);
	check(own, "pieces keep what is written into them");
	check(aligned, "pieces are aligned");
}

int main(void)
{
	fv_spare *s = fv_spare_new();
	fv_allocator al = fv_spare_allocator(s);
	void *early = al.alloc(al.user, 2 * MB, FV_ALIGN);
	check(fv_spare_bytes(s) == 0 && fv_spare_bytes(NULL) == 0, "at first nothing is kept");
	fv_spare_keep(s, 32 * MB);
	void *first = al.alloc(al.user, 8 * MB, FV_ALIGN);
	memset(first, 1, 8 * MB);
	al.free(al.user, first);
	check(fv_spare_bytes(s) == 8 * MB, "what is freed is kept");
	void *second = al.alloc(al.user, 5 * MB, FV_ALIGN);
	check(second == first, "and used again by something smaller");
	check(fv_spare_bytes(s) == 3 * MB, "the rest is kept");
	char *large = al.alloc(al.user, 30 * MB, FV_ALIGN);
	check(large && fv_spare_bytes(s) == 0, "what does not fit is had all the same, and nothing "
	      "is kept beside it");
	memset(large, 1, 30 * MB);
	al.free(al.user, large);
	al.free(al.user, second);
	al.free(al.user, early);
	churn(al, 4000);
	check(fv_spare_bytes(s) <= 32 * MB, "no more is kept than was asked for");
	fv_spare_free(s);
	fv_spare_free(NULL);
	return finish("spare");
}
