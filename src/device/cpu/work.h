/* SPDX-License-Identifier: Apache-2.0 */
/* Making a kernel's work (op/call.h): its scratch part by part, and its own numbers. */
#ifndef FV_WORK_H
#define FV_WORK_H
#include "device/cpu/vec.h"
#include <assert.h>

/* Pieces of scratch of one size: the first begins `at` floats after its beginning, each has `floats`. */
typedef struct { int64_t at, floats; } room;

VEC room room_take(fv_work *w, int64_t pieces, int64_t floats)
{
	room r = { w->scratch / (int64_t)sizeof(float), floats };
	w->scratch += pieces * floats * (int64_t)sizeof(float);
	return r;
}
VEC float *room_at(const fv_call *c, room r, int64_t piece) { return (float *)c->scratch + r.at + piece * r.floats; }

/* What plan found out goes with the work, and run has it again. */
VEC void work_keep(fv_work *w, const void *own, size_t bytes)
{
	assert(bytes <= sizeof w->own);
	memcpy(w->own, own, bytes);
}
VEC void work_own(const fv_call *c, void *own, size_t bytes) { memcpy(own, c->work->own, bytes); }
#endif
