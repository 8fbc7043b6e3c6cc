/* SPDX-License-Identifier: Apache-2.0 */
/* A model's fields and weights, then a picture of 9x5 pixels by it when it is small. */
#include "fuzz.h"
#include "model/model.h"
#include <stdlib.h>
#include <string.h>

/* The network's fields are JSON in a text of the header: safetensors.c's mutator enters them. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed)
{
	return fuzz_mutate_safetensors(data, bytes, most, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	fv_model *m = NULL;
	fv_err err = { 0 };
	if (fv_model_open(&err, fuzz_context(), fuzz_file("model.safetensors", data, bytes), &m)) {
		fuzz_sentence(&err);
		return 0;
	}
	int64_t weights = 0;
	for (fv_variable *v = m->store->first; v; v = v->next)
		weights += fv_elements(v->shape);
	uint8_t pixels[9 * 5 * 3] = { 1, 2, 3 };
	fv_pixels p = { 9, 5, 3, 8, 27, pixels };
	static unsigned turn;
	/* Painting takes a hundred times as long as reading. */
	fv_pixels each[2];
	fv_description *d = NULL;
	const bool makes = m->family->use == FV_GENERATES;
	if (fv_model_describe(&err, m, &d))
		fuzz_sentence(&err);
	fv_description_free(d);
	if (makes && fv_generate_size(&err, m, &each[0]))
		fuzz_sentence(&err);
	else if (makes && weights < 6000 && each->height * each->stride_bytes < 5000) {
		each[0].data = malloc((size_t)(each->height * each->stride_bytes));
		each[1] = each[0];
		if (fv_generate(&err, m, NULL, 2, each))
			fuzz_sentence(&err);
		free(each[0].data);
	} else if (weights < 6000 && !makes && turn++ % 16 == 0 && fv_paint(&err, m, &p, NULL, &p))
		fuzz_sentence(&err);
	fv_model_free(m);
	return 0;
}
