/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. A target is one file: LLVMFuzzerTestOneInput() feeds one input to one reader and says with
 * fuzz_must() what has to hold for any input. */
#ifndef FUZZ_H
#define FUZZ_H
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
/* libFuzzer's own; replay.c has one that changes nothing. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most);
/* Of targets that have one: mutates what lies behind lengths and sums, and sets these right. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed);

/* Ends the process, as a finding. */
void fuzz_must(bool holds, const char *what);
/* A file of the given name and bytes in a folder of this process, which goes with it. Until the next one of the same name. */
const char *fuzz_file(const char *name, const void *data, size_t bytes);
const char *fuzz_folder(void);
/* One thread, made once. */
fv_context *fuzz_context(void);
/* The message of a call that failed is there, one line, and nothing that drives a terminal. */
void fuzz_sentence(const fv_err *err);

/* A JSON text with one value changed for another that a reader may not expect, or one key away or twice; a text that is no JSON, and
 * one time in eight any: by LLVMFuzzerMutate. Texts that are JSON themselves are entered. Returns the new length. */
size_t fuzz_mutate_json(uint8_t *text, size_t bytes, size_t most, unsigned seed);

/* The same for the header of a safetensors file, or for its values; the length before the header is right seven times in eight. */
size_t fuzz_mutate_safetensors(uint8_t *data, size_t bytes, size_t most, unsigned seed);

/* Inputs of several parts: each two bytes of length, the last takes the rest. */
typedef struct { const uint8_t *data; size_t bytes; } fuzz_part;
void fuzz_split(const uint8_t *data, size_t bytes, fuzz_part *part, int parts);
/* Mutates one of them, as JSON those whose bit in `json` is set. */
size_t fuzz_mutate_part(uint8_t *data, size_t bytes, size_t most, unsigned seed, int parts, unsigned json);
#endif
