/* SPDX-License-Identifier: Apache-2.0 */
/* Variables: their names and shapes lie in an arena, their values in blocks of the device's memory. */
#include "device/device.h"
#include <stdio.h>

#define PIECE (64 << 10)                /* bytes of a block that small variables share */

struct fv_piece {
	fv_block block;
	int64_t used;
	struct fv_piece *next;
};

fv_status fv_store_new(fv_err *err, fv_context *c, fv_store **out)
{
	fv_arena *a = fv_arena_new(c);
	fv_store *s = a ? fv_arena_get(a, sizeof *s) : NULL;
	if (!s) {
		fv_arena_free(a);
		return fv_fail_memory(err, "weights", sizeof *s);
	}
	*s = (fv_store){ .arena = a, .device = c->device, .last = &s->first };
	*out = s;
	return FV_OK;
}

void fv_store_free(fv_store *s)
{
	if (!s)
		return;
	for (struct fv_piece *p = s->pieces; p; p = p->next)
		s->device->type->free(s->device, &p->block);
	fv_arena_free(s->arena);
}

fv_status fv_store_reserve(fv_err *err, fv_store *s, int64_t bytes)
{
	struct fv_piece *p = fv_arena_get(s->arena, sizeof *p);
	fv_status st = p ? s->device->type->alloc(err, s->device, bytes, &p->block) : fv_fail_memory(err, "weights", sizeof *p);
	if (!st) {
		p->next = s->pieces;
		s->pieces = p;
	}
	return st;
}

/* A large variable gets a block of its own behind the open one, whose rest stays in use. */
static bool place(fv_store *s, fv_variable *v)
{
	int64_t bytes = fv_max(1, fv_div_up(fv_variable_bytes(v), FV_ALIGN)) * FV_ALIGN;
	struct fv_piece *open = s->pieces, *p = open;
	if (!p || p->block.bytes - p->used < bytes) {
		if (fv_store_reserve(NULL, s, bytes > PIECE / 4 ? bytes : PIECE))
			return false;
		p = s->pieces;
		if (bytes > PIECE / 4 && open) {
			s->pieces = open;
			p->next = open->next;
			open->next = p;
		}
	}
	v->block = &p->block;
	v->at = p->used;
	p->used += bytes;
	return true;
}

fv_variable *fv_variable_find(const fv_store *s, const char *name)
{
	for (fv_variable *v = s->first; v; v = v->next)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

fv_variable *fv_variable_new(fv_store *s, fv_type type, fv_shape shape, const char *format, ...)
{
	char name[200];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(name, sizeof name, format, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof name || fv_variable_find(s, name))
		return NULL;
	fv_variable *v = fv_arena_get(s->arena, sizeof *v);
	if (!v || !(v->name = fv_arena_text(s->arena, "%s", name)))
		return NULL;
	v->type = type;
	v->shape = shape;
	v->device = s->device;
	if (!place(s, v))
		return NULL;
	*s->last = v;
	s->last = &v->next;
	return v;
}

int64_t fv_store_bytes(const fv_store *s)
{
	int64_t bytes = 0;
	for (const fv_variable *v = s->first; v; v = v->next)
		bytes += fv_variable_bytes(v);
	return bytes;
}

fv_status fv_variable_put_part(fv_err *err, fv_variable *v, int64_t at, int64_t bytes, const void *from)
{
	return v->device->type->put(err, v->device, v->block, v->at + at, bytes, from);
}

fv_status fv_variable_get_part(fv_err *err, const fv_variable *v, int64_t at, int64_t bytes, void *to)
{
	return v->device->type->get(err, v->device, v->block, v->at + at, bytes, to);
}

fv_status fv_variable_put(fv_err *err, fv_variable *v, const void *from) { return fv_variable_put_part(err, v, 0, fv_variable_bytes(v), from); }
fv_status fv_variable_get(fv_err *err, const fv_variable *v, void *to) { return fv_variable_get_part(err, v, 0, fv_variable_bytes(v), to); }
