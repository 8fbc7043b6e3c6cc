/* SPDX-License-Identifier: Apache-2.0 */
/* What everything stands on: status, checked sizes, arenas, the context. */
#ifndef FV_BASE_H
#define FV_BASE_H
#include "fauve/context.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>

#define FV_COUNT(a) (sizeof(a) / sizeof *(a))
#define FV_ALIGN 64                     /* every tensor begins on a cache line */

static inline int64_t fv_div_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t fv_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t fv_max(int64_t a, int64_t b) { return a > b ? a : b; }

/* Sets err (when not NULL) and returns status: `return fv_fail(err, FV_E_READ, "%s: ...", path)`.
 * What, where, why, what to do, in one line. */
fv_status fv_fail(fv_err *err, fv_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
fv_status fv_fail_memory(fv_err *err, const char *what, size_t bytes);

/* Checked arithmetic on sizes from outside: false when it does not fit in an int64_t or is
 * negative. */
bool fv_mul_size(int64_t a, int64_t b, int64_t *out);
bool fv_add_size(int64_t a, int64_t b, int64_t *out);

/* ---- instruction sets, smallest first */
enum {
	FV_ISA_REF = 0,                 /* reference kernels only */
	FV_ISA_PLAIN = 1 << 0,          /* 128-bit compiler vectors: any machine */
	FV_ISA_AVX2 = 1 << 1,           /* with FMA and F16C */
	FV_ISA_AVX512 = 1 << 2,         /* F, BW, DQ, VL */
	FV_ISA_BF16 = 1 << 3,           /* AVX512_BF16, where it is faster than float */
	FV_ISA_AMX = 1 << 4,            /* tile, bf16, AVX512_BF16; the kernel has given
	                                 * permission */
};
uint32_t fv_isa_detect(void);                          /* all that this machine has */
/* "ref", "plain", "avx2", "avx512", "amx": a mask of all up to it. 0 and false when unknown. */
bool fv_isa_cap(const char *name, uint32_t *mask);
const char *fv_isa_name(uint32_t mask);                /* the highest in mask */

/* ---- memory. fv_alloc is zeroed and aligned to FV_ALIGN; all of the library's memory comes from
 * it. */
void *fv_alloc(fv_context *c, size_t bytes);
void *fv_alloc_rough(fv_context *c, size_t bytes);     /* not zeroed: for what is large and
                                                        * written before it is read */
void fv_free(fv_context *c, void *p);
extern const fv_allocator fv_allocator_plain;          /* the C library's; user is not looked at */

/* An arena: things that live and die together. Allocations are zeroed, aligned to 64; NULL when out
 * of memory. */
typedef struct fv_arena fv_arena;
fv_arena *fv_arena_new(fv_context *c);                 /* NULL: out of memory */
void *fv_arena_get(fv_arena *a, size_t bytes);
/* One block for the next `bytes` in all, each piece rounded up to FV_ALIGN: large blocks lie in
 * large pages. */
bool fv_arena_reserve(fv_arena *a, size_t bytes);
char *fv_arena_text(fv_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fv_arena_free(fv_arena *a);                       /* NULL is fine */

/* ---- a caller's pixels (pixels.c): FV_E_SHAPE where they are not sound, or not what is understood. who: "the input" */
typedef enum { FV_PIXELS_COLOUR, FV_PIXELS_ANY /* grey too; data may be NULL */, FV_PIXELS_RGB /* 8 bits */ } fv_pixels_kind;
fv_status fv_pixels_check(fv_err *err, const fv_pixels *p, const char *who, fv_pixels_kind kind);

/* ---- context */
typedef struct fv_team fv_team;
typedef struct fv_device fv_device;
struct fv_context {
	fv_allocator allocator;
	int threads;
	uint32_t isa;                   /* what kernels may use: detected and capped */
	bool bf16;                      /* products of rounded numbers are welcome */
	bool exact;                     /* direct sums only */
	int64_t limit[16];              /* on files from outside, by fv_limit (limits.h) */
	char *cache;                    /* file of kernels that were timed (device/cpu/choose.c);
	                                 * NULL: none are */
	void (*log)(void *user, fv_log_level level, const char *text);
	void *log_user;
	bool (*cancelled)(void *user);
	void *cancelled_user;
	fv_team *team;
	fv_device *device;              /* where programs run and variables live
	                                 * (device/device.h) */
	_Atomic uint64_t swept;         /* the folder that writer.c has looked through last */
};
void fv_log(const fv_context *c, fv_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool fv_cancelled(const fv_context *c);

/* ---- the thread team (team.c). fn is called for ranges of [0, units) until all are done, on all threads,
 * `thread` in [0, threads). Units go out one `grain` at a time from a counter: a busy core takes fewer.
 * Returns when all is done. Any thread may call it at any time: while the workers are busy for another caller, it does all
 * units itself as thread 0. */
typedef void (*fv_team_fn)(void *arg, int thread, int64_t first, int64_t last);
fv_status fv_team_new(fv_err *err, fv_context *c, int threads, fv_team **out);
void fv_team_run(fv_team *t, fv_team_fn fn, void *arg, int64_t units, int64_t grain);
void fv_team_free(fv_team *t);

/* ---- the device (src/device): the first of that name. FV_E_ARGUMENT: there is none. */
fv_status fv_device_open(fv_err *err, fv_context *c, const char *name, fv_device **out);
void fv_device_close(fv_device *d);                    /* NULL is fine */

double fv_now(void);                                   /* seconds, monotonic */
#endif
