/* SPDX-License-Identifier: Apache-2.0 */
/* The limits on models and data that come from outside: one table. `fauve doctor` prints it,
 * `--limit NAME=SIZE` raises what is in it, and a sentence that refuses a file names the one in
 * force.
 *
 * To add one: a line here, a line in limits.c. */
#ifndef FV_LIMITS_H
#define FV_LIMITS_H
#include "base/base.h"

typedef enum {
	FV_LIMIT_MODEL,   /* bytes of a file of weights */
	FV_LIMIT_HEADER,  /* bytes of its header */
	FV_LIMIT_TENSORS, /* in it */
	FV_LIMIT_NAME,    /* bytes of a tensor's name; fv_param() has room for so many */
	FV_LIMIT_VALUES,  /* in the JSON of metadata */
	FV_LIMIT_DEPTH,   /* of that */
	FV_LIMIT_TEXT,    /* bytes of one text there; a palette has three thousand */
	FV_LIMIT_DATA,    /* bytes of small grey pictures, unpacked */
	FV_LIMIT_RATIO,   /* bytes that one of a gz file may become, beyond FV_LIMIT_FREE */
	FV_LIMITS,
} fv_limit;
#define FV_LIMIT_FREE (16 << 20)

typedef struct {
	const char *name, *what;
	bool bytes;
	int64_t preset, most; /* as it is without a word; as high as it may be set: the same where
				 it is fixed */
} fv_limit_entry;
extern const fv_limit_entry fv_limit_table[FV_LIMITS];

/* The presets, then what text says: "header=64M,tensors=20000"; NULL or empty: the presets alone.
 * FV_E_ARGUMENT. */
fv_status fv_limits_set(fv_err *err, const char *text, int64_t limit[FV_LIMITS]);
/* FV_E_LIMIT: what is in path is more than is allowed, and how to allow it. */
fv_status fv_over_limit(fv_err *err, const int64_t limit[FV_LIMITS], fv_limit which,
			const char *path, double found);

/* fv_file_map() under a limit. */
fv_status fv_limit_map(fv_err *err, const int64_t limit[FV_LIMITS], fv_limit which,
		       const char *path, const void **data, size_t *bytes);

/* "4096", "500K", "2G" (1024), "2GiB"; false: it is something else. */
bool fv_size_parse(const char *text, double *out);
#endif
