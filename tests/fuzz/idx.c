/* SPDX-License-Identifier: Apache-2.0 */
/* idx files, gzipped or not. */
#include "fuzz.h"
#include "train/mnist.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	fv_digits d = { 0 };
	fv_err err = { 0 };
	if (fv_digits_open(&err, fuzz_context(), fuzz_file("idx", data, bytes), &d)) {
		fuzz_sentence(&err);
		return 0;
	}
	float *batch = malloc((size_t)(d.height * d.width) * 8 * sizeof *batch);
	fv_digits_take(&d, 1, 3, 8, batch);
	for (int64_t i = 0; i < 8 * d.height * d.width; i++)
		fuzz_must(batch[i] >= 0 && batch[i] <= 1, "greys are in [0,1]");
	free(batch);
	fv_digits_close(&d);
	return 0;
}
