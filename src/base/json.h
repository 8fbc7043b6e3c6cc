/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from outside. Three bytes of it can become two hundred of memory, so its text is looked
 * over, at memory's speed, before anything is made of it. */
#ifndef FV_JSON_H
#define FV_JSON_H
#include "base/limits.h"
#include <jansson.h>

typedef struct {
	int64_t values; /* at most so many, names included */
	int64_t objects;
	int depth;    /* levels */
	int64_t text; /* bytes of the longest text, as it is written */
} fv_json_size;
fv_json_size fv_json_measure(const char *text, size_t bytes);

/* An object within the limits on values, depth and texts; yours. NULL: err says why, and begins
 * with what (a file, "file: its metadata"). */
json_t *fv_json_read(fv_err *err, const fv_context *c, const char *what, const char *text,
		     size_t bytes);
/* A text that JSON can hold: what is no UTF-8 in it is shown (text.h). NULL: no memory. */
json_t *fv_json_text(const char *text);
#endif
