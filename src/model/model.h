/* SPDX-License-Identifier: Apache-2.0 */
/* An open model: which network, and its weights. */
#ifndef FV_MODEL_H
#define FV_MODEL_H
#include "net/family.h"
#include <jansson.h>

#define FV_PALETTE_LEAST 16
#define FV_PALETTE_MOST 512

#define FV_RELIEF_BANDS 2
struct fv_model {
	fv_context *context;
	fv_store *store;
	const fv_family *family;
	void *config;                   /* the family's own struct: what its record's `bytes` are of */
	int colours;                    /* in its palette; 0: it has none */
	double relief[FV_RELIEF_BANDS]; /* gains of what is fine in a painting (paint/relief.c); 1: none */
	uint8_t palette[FV_PALETTE_MOST][3];    /* sRGB: what the paintings that it learnt from are painted with, seen coarsely */
	json_t *about;                  /* the metadata, whole */
};

/* A palette as it stands in the metadata, under "palette": a text of six hexadecimal digits a colour. NULL: no memory. */
json_t *fv_colours_json(uint8_t (*colour)[3], int count);

/* Writes the variables that begin with prefix, without it, as a model of that family and config; in what type the family says. about: further
 * metadata (an object, borrowed), or NULL. */
fv_status fv_model_write(fv_err *err, fv_context *c, const char *path, fv_store *store, const char *prefix, const fv_family *family,
                         const void *config, json_t *about);
#endif
