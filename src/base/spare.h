/* SPDX-License-Identifier: Apache-2.0 */
/* Large memory that is kept for who wants as much next: painting many pictures of many sizes one
 * would otherwise spend a third of the time on pages that the system clears. */
#ifndef FV_SPARE_H
#define FV_SPARE_H
#include "base/base.h"

typedef struct fv_spare fv_spare;

/* Until fv_spare_keep nothing is kept: memory is the C library's. NULL: out of memory. */
fv_spare *fv_spare_new(void);
/* From now on memory that is freed is kept, as long as what is in use and what is kept are no more
 * than `most` bytes together. */
void fv_spare_keep(fv_spare *p, size_t most);
size_t fv_spare_kept(fv_spare *p);                /* bytes that nobody uses; of NULL none */
/* For fv_context_options; until fv_spare_free. Any thread. */
fv_allocator fv_spare_allocator(fv_spare *p);
void fv_spare_free(fv_spare *p);                  /* when all that came from it is freed */
#endif
