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

static int64_t packed(const fv_kernel *k, const fv_node *n) { return k->packed ? fv_div_up(k->packed(n), FV_ALIGN) * FV_ALIGN : 0; }

int64_t fv_kernel_room(const fv_kernel *k, const fv_node *n, int threads)
{
	return packed(k, n) + (k->scratch ? k->scratch(n, threads) : 0);
}

void fv_kernel_bind(const fv_kernel *k, fv_call *call, void *memory)
{
	call->packed = memory;
	call->scratch = memory ? (char *)memory + packed(k, call->node) : NULL;
}

void fv_kernel_run(const fv_context *c, const fv_kernel *k, fv_call *call, int first)
{
	int phases = k->phases ? k->phases : 1;
	for (call->phase = first; call->phase < phases; call->phase++)
		fv_team_run(c->team, work, &(job){ k, call }, k->units(call->node, call->phase), k->grain ? k->grain(call->node, call->phase) : 1);
}

fv_status fv_kernel_time(fv_err *err, fv_context *c, const fv_kernel *k, const fv_node *n, int runs, double span, double *seconds)
{
	fv_call call = { .node = n, .threads = c->threads };
	void *block[FV_INPUTS + FV_OUTPUTS + 1] = { 0 };
	size_t bytes = (size_t)fv_max(64, fv_kernel_room(k, n, c->threads));
	int blocks = 0;
	bool there = (block[blocks++] = fv_alloc(c, bytes)) != NULL;
	fv_kernel_bind(k, &call, block[0]);
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
