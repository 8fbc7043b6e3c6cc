/* SPDX-License-Identifier: Apache-2.0 */
/* One kernel: its memory, its phases on the context's threads, its time. */
#include "device/cpu/plan.h"
#include <math.h>

typedef struct { const fv_kernel *kernel; const fv_call *call; } job;

static void work(void *arg, int thread, int64_t first, int64_t last)
{
	const job *j = arg;
	j->kernel->run(j->call, thread, first, last);
}

const char *fv_kernel_plan(const fv_kernel *k, const fv_node *n, int threads, fv_work *w)
{
	*w = (fv_work){ .phases = 1, .units = { 1, 1, 1 }, .grain = { 1, 1, 1 } };
	return k->plan(n, threads, w);
}

static int64_t packed(const fv_work *w) { return fv_div_up(w->packed, FV_ALIGN) * FV_ALIGN; }

int64_t fv_kernel_room(const fv_work *w) { return packed(w) + w->scratch; }

void fv_kernel_bind(const fv_work *w, fv_call *call, void *memory)
{
	call->work = w;
	call->packed = memory;
	call->scratch = memory ? (char *)memory + packed(w) : NULL;
}

void fv_kernel_run(const fv_context *c, const fv_kernel *k, fv_call *call, int first)
{
	const fv_work *w = call->work;
	for (call->phase = first; call->phase < w->phases; call->phase++)
		fv_team_run(c->team, work, &(job){ k, call }, w->units[call->phase], w->grain[call->phase]);
}

fv_status fv_kernel_time(fv_err *err, fv_context *c, const fv_kernel *k, const fv_node *n, int runs, double span, double *seconds)
{
	fv_call call = { .node = n, .threads = c->threads };
	fv_work w;
	fv_kernel_plan(k, n, c->threads, &w);
	void *block[FV_INPUTS + FV_OUTPUTS + 1] = { 0 };
	size_t bytes = (size_t)fv_max(64, fv_kernel_room(&w));
	int blocks = 0;
	bool there = (block[blocks++] = fv_alloc(c, bytes)) != NULL;
	fv_kernel_bind(&w, &call, block[0]);
	for (int i = 0; i < n->inputs && there; i++) {
		if (!n->in[i])
			continue;
		call.in[i] = (fv_tensor){ n->in[i]->type, n->in[i]->shape, fv_alloc(c, bytes = (size_t)fv_tensor_bytes(n->in[i]->type, n->in[i]->shape)) };
		there = (block[blocks++] = call.in[i].data) != NULL;
		for (int64_t j = 0; there && j < fv_elements(call.in[i].shape); j++)
			((float *)call.in[i].data)[j] = (float)(j * 37 % 101) / 50 - 1;
	}
	for (int i = 0; i < n->outputs && there; i++) {
		call.out[i] = (fv_tensor){ i ? n->type1 : n->type, i ? n->shape1 : n->shape, NULL };
		call.out[i].data = block[blocks++] = fv_alloc(c, bytes = (size_t)fv_tensor_bytes(call.out[i].type, call.out[i].shape));
		there = call.out[i].data != NULL;
	}
	if (there) {
		*seconds = INFINITY;
		fv_kernel_run(c, k, &call, 0);             /* the first touches memory for the first time */
		double start = fv_now();
		for (int r = 0; r < runs || fv_now() - start < span; r++) {
			double t = fv_now();
			fv_kernel_run(c, k, &call, 0);
			*seconds = fmin(*seconds, fv_now() - t);
		}
	}
	for (int i = 0; i < blocks; i++)
		fv_free(c, block[i]);
	return there ? FV_OK : fv_fail_memory(err, k->name, bytes);
}
