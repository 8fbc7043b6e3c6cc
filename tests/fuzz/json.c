/* SPDX-License-Identifier: Apache-2.0 */
/* Mutations of a JSON text that leave it JSON: bytes that are changed at random rarely come past its parser. */
#include "fuzz.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const odd[] = {
	"null", "true", "[]", "{}", "\"\"", "\"x\"", "0", "-1", "1", "2", "3", "7", "8", "16", "64", "65", "1000", "65536", "1048576", "1048577", "2147483647",
	"2147483648", "-2147483648", "4294967296", "9223372036854775807", "-9223372036854775808", "0.5", "-0.5", "1e-320", "1e308", "-1e308", "1.0",
	"[0]", "[-1,0]", "[1,1,1,1,1,1,1]", "[[[]]]", "{\"a\":1}", "\"\\u001b[2J\"", "\"\\u202e\"", "\"../../x\"", "\"F16\"", "\"F64\"", "\"BF16\"", "\"I32\"", "\"U8\"",
};

static uint64_t state;

static size_t draw(size_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return below ? (size_t)(state >> 33) % below : 0;
}

static json_t *other(json_t *was)
{
	if (json_is_integer(was) && draw(3) == 0) {
		static const json_int_t step[] = { 1, -1, 4, -4, 32, 256 };
		uint64_t v = (uint64_t)json_integer_value(was);
		size_t how = draw(FV_COUNT(step) + 2);
		return json_integer((json_int_t)(how < FV_COUNT(step) ? v + (uint64_t)step[how] : how == FV_COUNT(step) ? 2 * v : 0 - v));
	}
	if (json_is_string(was) && json_string_length(was) < 4000 && draw(2)) {
		uint8_t text[4100];
		size_t n = json_string_length(was);
		memcpy(text, json_string_value(was), n);
		n = *text == '{' ? fuzz_mutate_json(text, n, sizeof text, (unsigned)draw(1 << 30)) : LLVMFuzzerMutate(text, n, sizeof text);
		json_t *j = json_stringn((char *)text, n);      /* NULL: no UTF-8 */
		if (j)
			return j;
	}
	return json_loads(odd[draw(FV_COUNT(odd))], JSON_DECODE_ANY, NULL);
}

static size_t count(const json_t *j)
{
	size_t n = 1, i;
	json_t *v;
	const char *key;
	json_object_foreach((json_t *)j, key, v)
		n += count(v);
	json_array_foreach(j, i, v)
		n += count(v);
	return n;
}

/* Changes the value that is *at places behind this one. */
static void change(json_t *j, size_t *at)
{
	size_t i;
	json_t *v;
	const char *key;
	void *next;
	json_object_foreach_safe(j, next, key, v) {
		if ((*at)-- == 1) {
			size_t how = draw(10);
			char name[80];
			if (how == 0)
				json_object_del(j, key);
			else if (how == 1) {
				snprintf(name, sizeof name, "%.70s%zu", key, draw(3));
				json_object_set(j, name, v);
			} else
				json_object_set_new(j, key, other(v));
			return;
		}
		change(v, at);
		if (!*at)
			return;
	}
	json_array_foreach(j, i, v) {
		if ((*at)-- == 1) {
			size_t how = draw(10);
			if (how == 0)
				json_array_remove(j, i);
			else if (how == 1)
				json_array_insert(j, i, v);
			else
				json_array_set_new(j, i, other(v));
			return;
		}
		change(v, at);
		if (!*at)
			return;
	}
}

size_t fuzz_mutate_json(uint8_t *text, size_t bytes, size_t most, unsigned seed)
{
	state = seed + (uint64_t)1;
	json_t *j = draw(8) ? json_loadb((char *)text, bytes, JSON_ALLOW_NUL, NULL) : NULL;
	size_t n = 0;
	if (j) {
		size_t at = 1 + draw(count(j) - 1);
		change(j, &at);
		n = json_dumpb(j, (char *)text, most, JSON_COMPACT);
		json_decref(j);
	}
	return n && n <= most ? n : LLVMFuzzerMutate(text, bytes, most);
}

size_t fuzz_mutate_safetensors(uint8_t *data, size_t bytes, size_t most, unsigned seed)
{
	uint64_t header = 0;
	if (bytes > 8)
		memcpy(&header, data, 8);
	if (seed % 8 == 0 || bytes < 16 || header > bytes - 8)
		return LLVMFuzzerMutate(data, bytes, most);
	size_t values = bytes - 8 - header;
	if (seed % 8 == 1)
		return 8 + header + LLVMFuzzerMutate(data + 8 + header, values, most - 8 - header);
	uint8_t *kept = malloc(values + 1);
	memcpy(kept, data + 8 + header, values);
	header = fuzz_mutate_json(data + 8, header, most - 8 - values, seed / 8);
	memcpy(data, &header, 8);
	memcpy(data + 8 + header, kept, values);
	free(kept);
	return 8 + header + values;
}
