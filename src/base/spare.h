/* SPDX-License-Identifier: Apache-2.0 */
/* Large memory that is kept for who wants as much next: painting many pictures of many sizes one
 * would otherwise spend a fifth of the time on pages that the system clears. */
#ifndef FV_SPARE_H
#define FV_SPARE_H
#include "base/base.h"

typedef struct fv_spare fv_spare;

/* Until fv_spare_keep nothing is kept: memory is the C library's. NULL: out of memory. */
fv_spare *fv_spare_new(void);
/* From now on large memory is taken from a place of `most` bytes, as long as there is room, and
 * what is freed there is kept for the next. Once. */
void fv_spare_keep(fv_spare *s, size_t most);
size_t fv_spare_bytes(fv_spare *s);             /* kept, and used by nobody; of NULL none */
/* For fv_context_options; until fv_spare_free. Any thread. */
fv_allocator fv_spare_allocator(fv_spare *s);
void fv_spare_free(fv_spare *s);                /* when all that came from it is freed */
#endif
