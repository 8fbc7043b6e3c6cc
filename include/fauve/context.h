/* SPDX-License-Identifier: Apache-2.0 */
/** What every call of libfauve needs: statuses, errors, contexts, pixels. fauve.h includes it and
 *  has the rest; the engine, below networks and recipes, includes this alone. */
#ifndef FAUVE_CONTEXT_H
#define FAUVE_CONTEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FV_API __attribute__((visibility("default")))

/** What happened. fv_exit_code() gives the program's exit code for each. */
typedef enum {
	FV_OK = 0,
	FV_E_INTERNAL,  /**< a fault of fauve's own */
	FV_E_ARGUMENT,  /**< wrong use: an option or parameter */
	FV_E_SHAPE,     /**< sizes that do not fit together */
	FV_E_READ,      /**< an input cannot be read */
	FV_E_FORMAT,    /**< an input is not what it claims to be */
	FV_E_LIMIT,     /**< an input is over a limit in force */
	FV_E_WRITE,     /**< an output cannot be written */
	FV_E_MEMORY,    /**< not enough memory */
	FV_E_CANCELLED, /**< stopped by the caller */
	FV_E_PARTIAL,   /**< some of several inputs failed */
} fv_status;

/** The caller's error: the status and one line of text. Zero it or not, as you like; it says
 *  something only after a call that did not return FV_OK. */
typedef struct fv_err {
	fv_status status;
	char text[1000];
} fv_err;

/** 0 done; 1 internal; 2 wrong use; 3 input; 4 output; 5 memory; 6 partial; 130 cancelled. */
FV_API int fv_exit_code(fv_status status);

/** The library's version, "0.1.0". */
FV_API const char *fv_version(void);

/** Where memory comes from. Both are called by the threads that call the library only, never by its
 *  workers; by several at once when several threads use one context. alloc returns memory aligned
 *  to `align` (a power of two) or NULL. */
typedef struct fv_allocator {
	void *(*alloc)(void *user, size_t bytes, size_t align);
	void (*free)(void *user, void *memory);
	void *user;
} fv_allocator;

typedef enum { FV_LOG_ERROR, FV_LOG_WARNING, FV_LOG_INFO, FV_LOG_DEBUG } fv_log_level;

/** Options of a context; zero everything, set size, then what you want. */
typedef struct fv_context_options {
	size_t size;               /**< sizeof(fv_context_options) */
	int threads;               /**< 0: as many as the process may run on */
	const char *isa;           /**< ref, plain, avx2, avx512, amx; NULL: FAUVE_ISA, else all */
	const fv_allocator *allocator; /**< NULL: the C library's */
	void (*log)(void *user, fv_log_level level, const char *text);
	void *log_user;
	bool (*cancelled)(void *user);
	                           /**< asked between units of work; true stops with
	                            *   FV_E_CANCELLED: every call by this context */
	void *cancelled_user;
	bool bf16;                 /**< products of numbers rounded to bf16 where the processor
	                            *   has them: sooner, and off by some 1 % of a value; false:
	                            *   float throughout */
	bool exact;                /**< direct sums only, where fewer products with a little more
	                            *   rounding (Winograd) would be sooner: for number-for-
	                            *   number work */
	const char *cache;         /**< a file, made when it is not there: where two ways to
	                            *   compute are expected to be about as fast, painting times
	                            *   them once and keeps here which was; NULL: nothing is
	                            *   timed. Paintings of different choices differ by rounding */
	const char *limits;        /**< on what files from outside may hold, where other than
	                            *   those that `fauve doctor` prints are wanted:
	                            *   "header=64M,tensors=20000"; NULL: those. Since 0.1 */
} fv_context_options;

typedef struct fv_context fv_context;

/** A context carries threads, instruction set cap, memory, log and cancel. It is made once and
 *  shared by all threads.
 *  @param opt  NULL for defaults
 *  @param out  yours; free with fv_context_free() after everything made with it */
FV_API fv_status fv_context_new(fv_err *err, const fv_context_options *opt, fv_context **out);
FV_API void fv_context_free(fv_context *c);

/** Pixels: interleaved rows, sRGB. A view: it owns nothing. */
typedef struct fv_pixels {
	int64_t width, height;
	int channels;              /**< 3 (RGB) or 4 (RGB and alpha, not premultiplied); 1 (grey)
	                            *   where a call says so */
	int bits;                  /**< 8 (uint8_t) or 16 (uint16_t, host order) a channel */
	int64_t stride_bytes;      /**< from row to row */
	void *data;
} fv_pixels;

#ifdef __cplusplus
}
#endif
#endif
