/* SPDX-License-Identifier: Apache-2.0 */
#include "model/weights.h"

/* O,KH,KW,I > O,I,KH,KW as indices: element i of the file is element at(i) of the memory. */
static int64_t in_memory(fv_shape file, int64_t i)
{
	int64_t kw = i % file.c, kh = i / file.c % file.w, in = i / (file.c * file.w) % file.h, o = i / (file.c * file.w * file.h);
	return ((o * file.w + kh) * file.c + kw) * file.h + in;
}

static fv_shape file_shape(fv_shape s, bool torch) { return torch && s.rank == 4 ? fv_nhwc(s.n, s.c, s.h, s.w) : s; }

typedef struct {
	fv_variable *const *v;
	const fv_entry *entry;
	bool torch;
	void *raw, *turned;             /* one variable's values as they lie, and as the file has them */
} writing;

static fv_status values(fv_err *err, void *user, int i, const void **out)
{
	const writing *w = user;
	const fv_tensor t = { w->v[i]->type, w->v[i]->shape, w->raw };
	fv_tensor f = w->entry[i].tensor;
	fv_status st = fv_variable_get(err, w->v[i], w->raw);
	*out = w->raw;
	if (st || (f.type == t.type && fv_shape_equal(f.shape, t.shape)))
		return st;
	*out = f.data = w->turned;
	bool turned = w->torch && t.shape.rank == 4;
	for (int64_t k = 0; k < fv_elements(f.shape); k++)
		fv_put(f, k, fv_get(t, turned ? in_memory(f.shape, k) : k));
	return FV_OK;
}

fv_status fv_weights_write(fv_err *err, fv_context *c, const char *path, fv_variable *const *v, const char *const *name, int count,
                           bool torch, fv_type as, json_t *metadata)
{
	fv_arena *a = fv_arena_new(c);
	fv_entry *e = a ? fv_arena_get(a, (size_t)count * sizeof *e) : NULL;
	writing w = { .v = v, .entry = e, .torch = torch };
	int64_t most = 1;
	for (int i = 0; i < count && e; i++) {
		e[i] = (fv_entry){ name ? name[i] : v[i]->name, { as == FV_F16 && v[i]->type == FV_F32 ? FV_F16 : v[i]->type, file_shape(v[i]->shape, torch), NULL } };
		most = fv_max(most, fv_variable_bytes(v[i]));
	}
	bool memory = e && (w.raw = fv_arena_get(a, (size_t)most)) && (w.turned = fv_arena_get(a, (size_t)most));
	fv_status st = memory ? fv_safetensors_write(err, c, path, e, count, metadata, values, &w) : fv_fail_memory(err, path, (size_t)most);
	fv_arena_free(a);
	return st;
}

static fv_status not_finite(fv_err *err, const char *path, const char *name)
{
	return fv_fail(err, FV_E_FORMAT,
		       "%s: %s holds NaN or infinite numbers; fetch or make it again", path, name);
}

/* A file's values to memory. Most files hold floats: a model is open sooner. */
static void take(fv_tensor to, fv_tensor from, bool turned)
{
	int64_t count = fv_elements(from.shape);
	if (from.type != FV_F32) {
		for (int64_t k = 0; k < count; k++)
			fv_put(to, turned ? in_memory(from.shape, k) : k, fv_get(from, k));
		return;
	}
	if (!turned) {
		memcpy(to.data, from.data, (size_t)count * sizeof(float));
		return;
	}
	int64_t in = from.shape.h, taps = from.shape.w * from.shape.c;
	for (int64_t o = 0; o < from.shape.n; o++) {
		const float *f = (const float *)from.data + o * in * taps;
		float *t = fv_f32(to) + o * in * taps;
		for (int64_t k = 0; k < taps; k++)
			for (int64_t i = 0; i < in; i++)
				t[k * in + i] = f[i * taps + k];
	}
}

fv_status fv_weights_make(fv_err *err, const char *path, const fv_safetensors *f, bool torch,
                          fv_store *s)
{
	int64_t all = 0, most = 1;
	for (int i = 0; i < f->count; i++) {
		fv_tensor t = f->entry[i].tensor;
		if (t.type == FV_I32 || t.type == FV_U8)
			return fv_fail(err, FV_E_FORMAT, "%s: %s holds no weights but %s", path,
				       f->entry[i].name, fv_type_name(t.type));
		all += fv_tensor_bytes(FV_F32, t.shape) + FV_ALIGN;
		most = fv_max(most, fv_tensor_bytes(FV_F32, t.shape));
	}
	float *room = fv_alloc_rough(f->context, (size_t)most);
	fv_status st = room ? fv_store_reserve(err, s, all) : fv_fail_memory(err, path, (size_t)most);
	for (int i = 0; i < f->count && !st; i++) {
		fv_tensor t = f->entry[i].tensor;
		bool turned = torch && t.shape.rank == 4;
		fv_shape shape = turned ? fv_nhwc(t.shape.n, t.shape.w, t.shape.c, t.shape.h) : t.shape;
		fv_tensor to = { FV_F32, shape, room };
		fv_variable *v = fv_variable_new(s, FV_F32, shape, "%s", f->entry[i].name);
		take(to, t, turned);
		if (!v)
			st = fv_fail_memory(err, path, (size_t)fv_tensor_bytes(FV_F32, shape));
		else if (!fv_all_finite(to)) /* as floats: what a double holds may be too large
						for one */
			st = not_finite(err, path, v->name);
		else
			st = fv_variable_put(err, v, room);
	}
	fv_free(f->context, room);
	return st;
}

fv_status fv_weights_fill(fv_err *err, const char *path, const fv_safetensors *f, fv_store *s)
{
	int count = 0;
	for (fv_variable *v = s->first; v; v = v->next)
		count++;
	if (count != f->count)
		return fv_fail(err, FV_E_FORMAT, "%s: holds %d arrays, this run %d: it belongs to another run", path, f->count, count);
	for (int i = 0; i < f->count; i++) {                    /* look at all before writing any */
		const fv_variable *v = fv_variable_find(s, f->entry[i].name);
		if (!v || v->type != f->entry[i].tensor.type || !fv_shape_equal(v->shape, f->entry[i].tensor.shape))
			return fv_fail(err, FV_E_FORMAT, "%s: %s does not fit this run; it belongs to another one", path, f->entry[i].name);
		if (!fv_all_finite(f->entry[i].tensor))
			return not_finite(err, path, v->name);
	}
	fv_status st = FV_OK;
	for (int i = 0; i < f->count && !st; i++)
		st = fv_variable_put(err, fv_variable_find(s, f->entry[i].name), f->entry[i].tensor.data);
	return st;
}
