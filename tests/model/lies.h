/* SPDX-License-Identifier: Apache-2.0 */
/* Model files made from a good one: its header as JSON, to be changed, and its values. */
#ifndef LIES_H
#define LIES_H
#include "model/model.h"
#include "test.h"

typedef struct {
	json_t *header;
	char *values;
	size_t bytes;
} sound;
extern const sound *base;
extern fv_context *context;
extern char path[64];

/* The header's text, filled up with blanks so that the values begin at a multiple of eight and
 * `off` bytes. */
void put(const char *header, const void *values, size_t bytes, int off);
void put_json(json_t *header); /* taken; with the base's values */
/* path is refused with this status, within a second or so, in a sentence with these words. */
void refused(const char *what, fv_status st, const char *words);
void opens(const char *what);

void metadata(void); /* metadata.c */
#endif
