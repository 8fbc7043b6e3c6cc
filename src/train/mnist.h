/* SPDX-License-Identifier: Apache-2.0 */
/* Small grey pictures, all in memory: MNIST's idx files (also gzipped), or a folder's pictures reduced to 28x28. */
#ifndef FV_MNIST_H
#define FV_MNIST_H
#include "base/file.h"
#include "train/feed.h"

bool fv_digits_in(const char *path);    /* is it a folder with such a file in it? */
/* The pictures to learn from in a folder, or the picture itself. Beside an idx file there are none:
 * what lies there too is named and left out. */
fv_status fv_digits_pictures(fv_err *err, fv_context *c, const char *path, fv_names *out);

typedef struct {
	fv_context *context;
	int64_t count, height, width;
	uint8_t *pixels;
} fv_digits;
/* path: an idx3 file, or a folder with train-images-idx3-ubyte or .gz in it. FV_E_READ, FV_E_FORMAT. */
fv_status fv_digits_open(fv_err *err, fv_context *c, const char *path, fv_digits *out);
fv_status fv_digits_decode(fv_err *err, fv_context *c, const char *const *path, int count, fv_decode decode, void *user, fv_digits *out);
/* The labels that lie beside the pictures of fv_digits_open, their path with `labels` for `images`
 * and `idx1` for `idx3`: as many bytes, and one more than the largest. NULL and 0: there are none.
 * FV_E_READ, FV_E_FORMAT. */
fv_status fv_digits_labels(fv_err *err, fv_context *c, const char *path, int64_t count,
			   uint8_t **label, int *labels);
void fv_digits_close(fv_digits *d);
/* Batch `index`, a pure function of seed and index: drawn with replacement, batch,height*width in [0,1]. */
void fv_digits_take(const fv_digits *d, uint64_t seed, int64_t index, int64_t batch, float *to);
/* Which of them sample `sample` is. */
int64_t fv_digits_drawn(const fv_digits *d, uint64_t seed, int64_t sample);
#endif
