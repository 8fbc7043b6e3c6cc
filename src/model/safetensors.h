/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors: eight bytes of header length, a JSON header, raw values.
 *
 * A reader trusts nothing: the header's grammar, every name, type, shape and offset is checked against the file's
 * length and the limits (base/limits.h) before anything is made from it. */
#ifndef FV_SAFETENSORS_H
#define FV_SAFETENSORS_H
#include "graph/tensor.h"
#include <jansson.h>

typedef struct {
	const char *name;               /* borrowed from the file */
	fv_tensor tensor;               /* data within the file's memory, aligned to its type; shape as in the file, not yet permuted */
} fv_entry;

typedef struct {
	fv_context *context;
	char *bytes;
	size_t size;
	json_t *header;
	char *moved;                    /* values that do not lie at a multiple of their size in the file; NULL: all do */
	fv_entry *entry;                /* by offset */
	int count;
} fv_safetensors;

fv_status fv_safetensors_open(fv_err *err, fv_context *c, const char *path, fv_safetensors *out);
void fv_safetensors_close(fv_safetensors *f);
/* A text of __metadata__, or NULL. */
const char *fv_safetensors_text(const fv_safetensors *f, const char *key);

/* Says where entry i's values lie, until it is asked for the next. */
typedef fv_status (*fv_entry_values)(fv_err *err, void *user, int i, const void **values);
/* Writes entries one after the other; metadata: an object of texts, or NULL. The same input gives the same bytes. values: asked for each
 * entry's; NULL: they lie where its tensor says. */
fv_status fv_safetensors_write(fv_err *err, fv_context *c, const char *path, const fv_entry *entry, int count, json_t *metadata, fv_entry_values values,
                               void *user);
#endif
