/* SPDX-License-Identifier: Apache-2.0 */
#include "model/safetensors.h"
#include "base/file.h"
#include "base/json.h"
#include <stdlib.h>

/* The header's grammar: an object of objects, each of a type, a shape and two offsets. */
#define DEPTH 3
#define VALUES 20  /* of an entry, names included */
#define TEXTS 1000 /* names and texts of the metadata */

static const struct { const char *name; fv_type type; } types[] = {
	{ "F32", FV_F32 }, { "F64", FV_F64 }, { "BF16", FV_BF16 }, { "F16", FV_F16 }, { "I32", FV_I32 }, { "U8", FV_U8 },
};

static bool type_of(const char *name, fv_type *type)
{
	for (size_t i = 0; name && i < FV_COUNT(types); i++)
		if (!strcmp(types[i].name, name)) {
			*type = types[i].type;
			return true;
		}
	return false;
}

static const char *name_of(fv_type t)
{
	for (size_t i = 0; i < FV_COUNT(types); i++)
		if (types[i].type == t)
			return types[i].name;
	return "F32";
}

static fv_status bad(fv_err *err, const char *path, const char *what, const char *name)
{
	return fv_fail(err, FV_E_FORMAT, "%s: not a sound safetensors file: %s%s%s; fetch or make it again", path, what, name ? " of " : "",
	               name ? name : "");
}

static fv_status read_entry(fv_err *err, const char *path, const char *name, json_t *j, char *data, int64_t bytes, fv_entry *e)
{
	json_t *shape = json_object_get(j, "shape"), *offsets = json_object_get(j, "data_offsets");
	int64_t elements = 1, d[FV_RANK] = { 0 }, length;
	size_t rank = json_array_size(shape);
	e->name = name;
	if (!json_is_object(j) || json_object_size(j) != 3 || !type_of(json_string_value(json_object_get(j, "dtype")), &e->tensor.type))
		return bad(err, path, "unknown type", name);
	if (!json_is_array(shape) || rank > FV_RANK)
		return bad(err, path, "the shape", name);
	for (size_t i = 0; i < rank; i++) {
		json_t *v = json_array_get(shape, i);
		d[i] = json_is_integer(v) ? json_integer_value(v) : -1;
		if (d[i] < 1 || !fv_mul_size(elements, d[i], &elements))
			return bad(err, path, "the shape", name);
	}
	e->tensor.shape = fv_shape_of((int)rank, d);
	json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
	if (!json_is_array(offsets) || json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last))
		return bad(err, path, "the place", name);
	int64_t from = json_integer_value(first), to = json_integer_value(last);
	if (from < 0 || to < from)
		return bad(err, path, "the place", name);
	if (to > bytes)
		return fv_fail(err, FV_E_FORMAT, "%s: %s ends at byte %" PRId64 " of the values, but there are %" PRId64 "; the file may be cut off: "
		               "fetch it again", path, name, to, bytes);
	if (!fv_mul_size(elements, fv_type_bytes(e->tensor.type), &length) || to - from != length)
		return bad(err, path, "the shape and length", name);
	e->tensor.data = data + from;
	return FV_OK;
}

static int by_place(const void *a, const void *b)
{
	const char *x = ((const fv_entry *)a)->tensor.data, *y = ((const fv_entry *)b)->tensor.data;
	return (x > y) - (x < y);
}

/* The header's text as JSON, once it is known how much will come of it. */
static fv_status read_header(fv_err *err, const char *path, size_t bytes, fv_safetensors *f)
{
	const int64_t *limit = f->context->limit;
	json_error_t je;
	if (bytes > (uint64_t)limit[FV_LIMIT_HEADER])
		return fv_over_limit(err, limit, FV_LIMIT_HEADER, path, (double)bytes);
	fv_json_size s = fv_json_measure(f->bytes + 8, bytes);
	if (s.objects - 2 > limit[FV_LIMIT_TENSORS])
		return fv_over_limit(err, limit, FV_LIMIT_TENSORS, path, (double)(s.objects - 2));
	if (s.depth > DEPTH || s.values > VALUES * limit[FV_LIMIT_TENSORS] + TEXTS)
		return bad(err, path, "the header says more than a list of tensors does", NULL);
	f->header = json_loadb(f->bytes + 8, bytes, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(f->header))
		return bad(err, path, f->header ? "the header is no object" : je.text, NULL);
	return FV_OK;
}

/* Values that lie anywhere are copied to where their type may be read. */
static fv_status align(fv_err *err, const char *path, fv_safetensors *f)
{
	size_t all = 0;
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < f->count; i++) {
			fv_tensor *t = &f->entry[i].tensor;
			size_t bytes = (size_t)fv_tensor_bytes(t->type, t->shape);
			if ((uintptr_t)t->data % (size_t)fv_type_bytes(t->type) == 0)
				continue;
			if (f->moved)
				t->data = memcpy(f->moved + all, t->data, bytes);
			all += (bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
		}
		if (!pass && all && !(f->moved = fv_alloc_rough(f->context, all)))
			return fv_fail_memory(err, path, all);
		all = 0;
	}
	return FV_OK;
}

static fv_status parse(fv_err *err, const char *path, fv_safetensors *f)
{
	uint64_t n = 0;
	if (f->size < 10)
		return fv_fail(err, FV_E_FORMAT, "%s: %zu bytes are too few for a model; it may be cut off: fetch it again", path, f->size);
	for (int i = 7; i >= 0; i--)
		n = n << 8 | (unsigned char)f->bytes[i];
	if (n < 2 || f->bytes[8] != '{')
		return bad(err, path, "no header", NULL);
	if (n > f->size - 8)
		return fv_fail(err, FV_E_FORMAT, "%s: claims a header of %" PRIu64 " bytes, but has %zu; it may be cut off: fetch it again", path, n, f->size - 8);
	fv_status st = read_header(err, path, (size_t)n, f);
	if (st)
		return st;
	json_t *about = json_object_get(f->header, "__metadata__"), *v;
	const char *key;
	if (about && !json_is_object(about))
		return bad(err, path, "the metadata", NULL);
	json_object_foreach(about, key, v)
		if (!json_is_string(v))
			return bad(err, path, "the metadata", NULL);
	size_t count = json_object_size(f->header) - (about != NULL);
	if (count > (size_t)f->context->limit[FV_LIMIT_TENSORS])
		return fv_over_limit(err, f->context->limit, FV_LIMIT_TENSORS, path, (double)count);
	f->entry = fv_alloc(f->context, (count + 1) * sizeof *f->entry);
	if (!f->entry)
		return fv_fail_memory(err, path, count * sizeof *f->entry);
	char *data = f->bytes + 8 + n;
	json_object_foreach(f->header, key, v) {
		if (v == about)
			continue;
		if ((int64_t)strlen(key) > f->context->limit[FV_LIMIT_NAME])
			return fv_over_limit(err, f->context->limit, FV_LIMIT_NAME, path,
					     (double)strlen(key));
		if ((st = read_entry(err, path, key, v, data, (int64_t)(f->size - 8 - n),
				     &f->entry[f->count])))
			return st;
		f->count++;
	}
	qsort(f->entry, (size_t)f->count, sizeof *f->entry, by_place);
	char *at = data;
	for (int i = 0; i < f->count; i++) {
		if (f->entry[i].tensor.data != at)
			return bad(err, path, "holes or overlaps at the place", f->entry[i].name);
		at += fv_tensor_bytes(f->entry[i].tensor.type, f->entry[i].tensor.shape);
	}
	if (at != f->bytes + f->size)
		return bad(err, path, "bytes after the last value", NULL);
	return align(err, path, f);
}

fv_status fv_safetensors_open(fv_err *err, fv_context *c, const char *path, fv_safetensors *out)
{
	fv_safetensors f = { .context = c };
	const void *bytes;
	fv_status st = fv_limit_map(err, c->limit, FV_LIMIT_MODEL, path, &bytes, &f.size);
	if (st)
		return st;
	f.bytes = (char *)bytes;                /* read only; a tensor's data are not const */
	if ((st = parse(err, path, &f))) {
		fv_safetensors_close(&f);
		return st;
	}
	*out = f;
	return FV_OK;
}

void fv_safetensors_close(fv_safetensors *f)
{
	json_decref(f->header);
	if (f->context) {
		fv_free(f->context, f->moved);
		fv_free(f->context, f->entry);
	}
	fv_file_unmap(f->bytes, f->size);
	*f = (fv_safetensors){ 0 };
}

const char *fv_safetensors_text(const fv_safetensors *f, const char *key)
{
	return json_string_value(json_object_get(json_object_get(f->header, "__metadata__"), key));
}

static json_t *header_of(const fv_entry *entry, int count, json_t *metadata)
{
	json_t *header = json_object();
	int64_t at = 0;
	bool ok = header && (!metadata || !json_object_set(header, "__metadata__", metadata));
	for (int i = 0; i < count && ok; i++) {
		fv_shape s = entry[i].tensor.shape;
		json_t *shape = json_array();
		int64_t end = at + fv_tensor_bytes(entry[i].tensor.type, s);
		for (int k = FV_RANK - s.rank; k < FV_RANK; k++)
			ok &= shape && !json_array_append_new(shape, json_integer(s.d[k]));
		json_t *e = json_pack("{s:s, s:o, s:[I, I]}", "dtype", name_of(entry[i].tensor.type), "shape", shape, "data_offsets",
		                      (json_int_t)at, (json_int_t)end);
		ok &= e && !json_object_set_new(header, entry[i].name, e);
		at = end;
	}
	if (ok)
		return header;
	json_decref(header);
	return NULL;
}

fv_status fv_safetensors_write(fv_err *err, fv_context *c, const char *path, const fv_entry *entry, int count, json_t *metadata, fv_entry_values values,
                               void *user)
{
	fv_writer *w = NULL;
	json_t *header = header_of(entry, count, metadata);
	char *text = header ? json_dumps(header, JSON_COMPACT) : NULL, length[8], blanks[8] = "       ";
	json_decref(header);
	if (!text)
		return fv_fail(err, FV_E_MEMORY, "%s: no memory for its header", path);
	/* Blanks behind the header, so that the values begin at a multiple of 8. */
	size_t n = strlen(text), more = (8 - n % 8) % 8;
	for (int i = 0; i < 8; i++)
		length[i] = (char)((n + more) >> (8 * i));
	fv_status st = fv_writer_open(err, c, path, &w);
	if (!st)
		st = fv_writer_put(err, w, length, 8);
	if (!st)
		st = fv_writer_put(err, w, text, n);
	if (!st)
		st = fv_writer_put(err, w, blanks, more);
	for (int i = 0; i < count && !st; i++) {
		const void *data = entry[i].tensor.data;
		if (!values || !(st = values(err, user, i, &data)))
			st = fv_writer_put(err, w, data, (size_t)fv_tensor_bytes(entry[i].tensor.type, entry[i].tensor.shape));
	}
	free(text);
	if (st) {
		fv_writer_abort(w);
		return st;
	}
	return fv_writer_commit(err, w);
}
