/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors: what opens is written and opens again, to the same entries. */
#include "fuzz.h"
#include "model/safetensors.h"
#include <stdio.h>
#include <string.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed)
{
	return fuzz_mutate_safetensors(data, bytes, most, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	fv_safetensors a, b;
	fv_err err = { 0 };
	fv_context *c = fuzz_context();
	if (fv_safetensors_open(&err, c, fuzz_file("a.safetensors", data, bytes), &a)) {
		fuzz_sentence(&err);
		return 0;
	}
	char again[400];
	snprintf(again, sizeof again, "%s/b.safetensors", fuzz_folder());
	if (!fv_safetensors_write(&err, c, again, a.entry, a.count, json_object_get(a.header, "__metadata__"), NULL, NULL)) {
		fuzz_must(!fv_safetensors_open(&err, c, again, &b), "what was written opens");
		fuzz_must(a.count == b.count, "as many entries");
		for (int i = 0; i < a.count; i++) {
			const fv_tensor *x = &a.entry[i].tensor, *y = &b.entry[i].tensor;
			fuzz_must(!strcmp(a.entry[i].name, b.entry[i].name) && x->type == y->type && fv_elements(x->shape) == fv_elements(y->shape), "the same entries");
			fuzz_must(!memcmp(x->data, y->data, (size_t)fv_tensor_bytes(x->type, x->shape)), "the same values");
		}
		fv_safetensors_close(&b);
	}
	fv_safetensors_close(&a);
	return 0;
}
