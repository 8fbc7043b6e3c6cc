/* SPDX-License-Identifier: Apache-2.0 */
/* The picture feed: files decoded by background threads, kept as bytes as far as
 * memory goes; batches made ahead of the step.
 *
 * Sample i is a pure function of seed, purpose and i: any number of threads and any restart give the same data. */
#ifndef FV_FEED_H
#define FV_FEED_H
#include "base/base.h"

/* Decodes a file to RGB, 8 bits, longest side at most `longest`; out->data is malloc'ed. Called from several threads. */
typedef fv_status (*fv_decode)(void *user, fv_err *err, const char *path, int64_t longest, fv_pixels *out);

typedef struct {
	const char *purpose;            /* names the draws: "photographs", "paintings" */
	const char *const *path;
	int count;
	fv_decode decode;
	void *user;
	uint64_t seed;
	int64_t batch, size;            /* samples a batch; their side */
	int64_t longest;                /* pictures are reduced to that */
	/* A crop's side is size times z, z log-uniform in [zoom_low, zoom_high]; with `longer`, of the picture as if its longer side had
	 * that many pixels, so that strokes have one size whatever the reproduction; then no picture is enlarged: what is blurred teaches blur. */
	double zoom_low, zoom_high;
	int64_t longer;
	int64_t most;                   /* bytes of decoded pictures that are held, the others are
	                                 * decoded again when a sample is cut of them; 0: all */
} fv_feed_options;

typedef struct fv_feed fv_feed;
/* Waits until every file was looked at; broken ones are logged by name and left out. FV_E_READ when none is left. */
fv_status fv_feed_open(fv_err *err, fv_context *c, const fv_feed_options *opt, fv_feed **out);
void fv_feed_close(fv_feed *f);
/* "189 pictures, 320x240 to 640x640, 2 broken" */
const char *fv_feed_found(const fv_feed *f);
/* Bytes of the pictures that it holds, and how many it does not hold. */
int64_t fv_feed_bytes(const fv_feed *f, int *others);
/* Batch `index`: batch,size,size,3 floats in [-1,1]. The one after the last call's is usually ready. */
void fv_feed_take(fv_feed *f, int64_t index, float *to);
/* Which of the files sample `sample` is cut of: its place in fv_feed_options.path. */
int fv_feed_file(const fv_feed *f, int64_t sample);
#endif
