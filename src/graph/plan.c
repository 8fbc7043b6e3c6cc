/* SPDX-License-Identifier: Apache-2.0 */
/* A plan: passes, memory, kernels; then an array of bound calls. */
#include "graph/plan.h"
#include "graph/pass.h"
#include <stdio.h>

typedef struct {
	fv_call call;
	const fv_kernel *kernel;        /* NULL: the reference */
	void *kept;                     /* weights in the kernel's order; NULL: made anew each time */
	bool ready;                     /* they are made */
	const void *fed;                /* a random node's value given by hand */
	double seconds;                 /* spent, when profiled */
} step;

struct fv_plan {
	fv_context *context;
	fv_graph *graph;
	fv_arena *arena;                /* of the plan's own lists */
	fv_plan_options options;
	fv_place *place;
	char *memory, *scratch;
	int64_t memory_bytes, scratch_bytes, kept_bytes;
	step *steps;
	int count;
	int *step_of;                   /* node id > step, or -1 */
	bool shared;                    /* memory and scratch belong to options.share */
	bool updates;                   /* writes variables: may not stop half way */
	fv_key key;
	double seconds;
	int runs;
};

/* A read of a version that has been overwritten by the time it is used would see the wrong weights. */
static fv_status check_versions(fv_err *err, const fv_graph *g)
{
	for (int i = 0; i < g->nodes; i++)
		for (int j = 0; j < g->node[i]->inputs; j++) {
			const fv_node *r = g->node[i]->in[j];
			while (r && r->op->view)
				r = r->in[0];
			if (!r || r->op != &fv_op_read)
				continue;
			for (int k = r->id + 1; k < i; k++)
				/* adam, average and assign begin with the variable that they write */
				if (fv_updates(g->node[k]) && g->node[k]->attr.variable.p == r->attr.variable.p)
					return fv_fail(err, FV_E_INTERNAL, "%s reads %s after its update", g->node[i]->op->name,
					               r->attr.variable.p->name);
		}
	return FV_OK;
}
_Static_assert(offsetof(fv_adam_attr, p) == offsetof(fv_variable_attr, p), "updates begin with their variable");

static fv_status rewrite(fv_err *err, fv_graph *g, uint32_t passes)
{
	static const struct { uint32_t bit; fv_status (*run)(fv_err *, fv_graph *); } list[] = {
		{ FV_PASS_FOLD, fv_pass_fold }, { FV_PASS_SHARE, fv_pass_share }, { FV_PASS_DROP, fv_pass_drop },
		{ FV_PASS_FUSE, fv_pass_fuse }, { FV_PASS_NORM, fv_pass_norm }, { FV_PASS_DROP, fv_pass_drop },
	};
	for (size_t i = 0; i < FV_COUNT(list); i++) {
		fv_status st = passes & list[i].bit ? list[i].run(err, g) : FV_OK;
		if (st)
			return st;
	}
	return FV_OK;
}

static fv_tensor tensor(const fv_plan *p, const fv_node *n, int part)
{
	fv_place at = p->place[2 * n->id + part];
	return (fv_tensor){ part ? n->type1 : n->type, part ? n->shape1 : n->shape,
	                    at.kind == FV_AT_ARENA ? p->memory + at.offset : at.data };
}

static const fv_kernel *choose(const fv_plan *p, const fv_node *n)
{
	return p->options.reference ? NULL : p->options.timed ? fv_kernel_choose_timed(p->context, n, p->options.most) : fv_kernel_choose(p->context, n);
}

static int64_t scratch_of(const fv_plan *p, const fv_kernel *k, const fv_node *n)
{
	return k ? fv_kernel_room(k, n, p->context->threads) : n->op->reference_scratch ? n->op->reference_scratch(n) : 0;
}

/* Lists and places of the program as it now stands. */
static fv_status place(fv_err *err, fv_plan *p, uint32_t passes)
{
	size_t nodes = (size_t)p->graph->nodes;
	p->place = fv_arena_get(p->arena, 2 * nodes * sizeof *p->place);
	p->steps = fv_arena_get(p->arena, nodes * sizeof *p->steps);
	p->step_of = fv_arena_get(p->arena, nodes * sizeof *p->step_of);
	if (!p->place || !p->steps || !p->step_of)
		return fv_fail_memory(err, "plan", nodes * sizeof *p->steps);
	return fv_place_values(err, p->graph, passes, p->place, &p->memory_bytes);
}

/* Fewer and fewer values are kept until all fits; what the arena loses in gaps is seen only when it is laid out. */
static fv_status recompute(fv_err *err, fv_plan *p, uint32_t passes)
{
	int64_t scratch = 0;
	for (int i = 0; i < p->graph->nodes; i++)
		scratch = fv_max(scratch, scratch_of(p, choose(p, p->graph->node[i]), p->graph->node[i]));
	int64_t room = p->options.most - scratch, limit = room;
	fv_status st = FV_OK;
	for (int nodes = 0; p->memory_bytes > room && nodes != p->graph->nodes && !st;) {
		nodes = p->graph->nodes;
		if (!(st = fv_pass_recompute(err, p->graph, limit)) && !(st = fv_pass_drop(err, p->graph)))
			st = place(err, p, passes);
		limit -= fv_max(limit / 16, p->memory_bytes - room);
	}
	return st;
}

static fv_status too_much(fv_err *err, const fv_plan *p)
{
	return fv_fail(err, FV_E_LIMIT, "the plan takes %.1f MB, and %.1f MB are allowed", (double)(p->memory_bytes + p->scratch_bytes) / 1e6,
	               (double)p->options.most / 1e6);
}

static fv_status bind(fv_err *err, fv_plan *p)
{
	fv_graph *g = p->graph;
	/* Before kernels are timed, on values as large. */
	if (p->options.most && p->memory_bytes > p->options.most)
		return too_much(err, p);
	for (int i = 0; i < g->nodes; i++) {
		fv_node *n = g->node[i];
		p->step_of[i] = -1;
		p->updates |= fv_updates(n);
		if (n->op->view || !n->op->reference)
			continue;
		step *s = &p->steps[p->count];
		p->step_of[i] = p->count++;
		s->kernel = choose(p, n);
		if (!s->kernel && fv_elements(n->shape) > (1 << 20) && n->type == FV_F32 && !p->options.reference)
			fv_log(p->context, FV_LOG_DEBUG, "%s of %s runs on the slow reference", n->op->name, fv_shape_text(n->shape).s);
		s->call = (fv_call){ .node = n, .key = &p->key, .threads = p->context->threads };
		p->scratch_bytes = fv_max(p->scratch_bytes, scratch_of(p, s->kernel, n));
	}
	if (p->options.most && p->memory_bytes + p->scratch_bytes > p->options.most)
		return too_much(err, p);
	const fv_plan *other = p->options.share;
	p->shared = other && other->memory_bytes >= p->memory_bytes && other->scratch_bytes >= p->scratch_bytes;
	p->memory = p->shared ? other->memory : fv_alloc(p->context, (size_t)p->memory_bytes);
	p->scratch = p->shared ? other->scratch : fv_alloc(p->context, (size_t)p->scratch_bytes);
	if (!p->memory || !p->scratch)
		return fv_fail_memory(err, "plan", (size_t)(p->memory_bytes + p->scratch_bytes));
	for (int i = 0; i < p->count; i++) {
		fv_call *c = &p->steps[i].call;
		for (int j = 0; j < c->node->inputs; j++)
			if (c->node->in[j])
				c->in[j] = tensor(p, c->node->in[j], 0);
		for (int j = 0; j < c->node->outputs; j++)
			c->out[j] = tensor(p, c->node, j);
		c->scratch = p->scratch;
		if (p->steps[i].kernel)
			fv_kernel_bind(p->steps[i].kernel, c, p->scratch);
	}
	return FV_OK;
}

fv_status fv_plan_keep(fv_err *err, fv_plan *p, int64_t most)
{
	for (int i = 0; i < p->count; i++) {
		step *s = &p->steps[i];
		const fv_node *n = s->call.node, *weights = s->kernel && s->kernel->packed ? n->in[1] : NULL;
		while (weights && weights->op->view)
			weights = weights->in[0];
		if (!weights || weights->op != &fv_op_read || s->kept)
			continue;
		int64_t bytes = s->kernel->packed(n);
		if (p->kept_bytes + bytes > most)
			continue;
		if (!(s->kept = fv_alloc(p->context, (size_t)bytes)))
			return fv_fail_memory(err, "packed weights", (size_t)bytes);
		p->kept_bytes += bytes;
		s->call.packed = s->kept;
	}
	return FV_OK;
}

fv_status fv_plan_new(fv_err *err, fv_context *c, fv_graph *g, const fv_plan_options *opt, fv_plan **out)
{
	if (g->err.status)
		return fv_fail(err, g->err.status, "%s", g->err.text);
	fv_arena *a = fv_arena_new(c);
	fv_plan *p = a ? fv_arena_get(a, sizeof *p) : NULL;
	if (!p) {
		fv_arena_free(a);
		return fv_fail_memory(err, "plan", sizeof *p);
	}
	*p = (fv_plan){ .context = c, .graph = g, .arena = a };
	if (opt)
		p->options = *opt;
	uint32_t passes = p->options.passes ? p->options.passes : FV_PASS_ALL;
	fv_status st = rewrite(err, g, passes);
	if (!st)
		st = check_versions(err, g);
	if (!st)
		st = place(err, p, passes);
	if (!st && p->options.recompute && p->options.most)
		st = recompute(err, p, passes);
	if (!st)
		st = bind(err, p);
	if (p->options.timed)
		fv_choices_keep(c);
	if (st) {
		fv_plan_free(p);
		return st;
	}
	*out = p;
	return FV_OK;
}

void fv_plan_free(fv_plan *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->count; i++)
		fv_free(p->context, p->steps[i].kept);
	if (!p->shared) {
		fv_free(p->context, p->memory);
		fv_free(p->context, p->scratch);
	}
	fv_arena_free(p->arena);
}

void *fv_plan_data(fv_plan *p, const fv_node *n)
{
	n = fv_heir(n);
	return n->id < 0 ? NULL : tensor(p, n, 0).data;
}

fv_status fv_plan_set(fv_err *err, fv_plan *p, const fv_node *n, const void *data)
{
	n = fv_heir(n);
	if (n->id < 0)
		return FV_OK;                                   /* nothing reads it */
	size_t bytes = (size_t)fv_tensor_bytes(n->type, n->shape);
	if (n->op == &fv_op_input) {
		memcpy(fv_plan_data(p, n), data, bytes);
		return FV_OK;
	}
	if (n->op != &fv_op_random)
		return fv_fail(err, FV_E_INTERNAL, "%s is neither an input nor a random fill", n->op->name);
	step *s = &p->steps[p->step_of[n->id]];
	void *copy = s->fed ? (void *)s->fed : fv_arena_get(p->arena, bytes);
	if (!copy)
		return fv_fail_memory(err, "plan", bytes);
	memcpy(copy, data, bytes);
	s->fed = copy;
	return FV_OK;
}

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

static void run(fv_plan *p, step *s)
{
	fv_call *c = &s->call;
	if (s->fed) {
		memcpy(c->out[0].data, s->fed, (size_t)fv_tensor_bytes(c->out[0].type, c->out[0].shape));
		return;
	}
	if (!s->kernel) {
		c->node->op->reference(c);
		return;
	}
	fv_kernel_run(p->context, s->kernel, c, s->ready);
	s->ready = s->kept;
}

fv_status fv_plan_run(fv_err *err, fv_plan *p, fv_key key)
{
	p->key = key;
	double start = p->options.profile ? fv_now() : 0;
	for (int i = 0; i < p->count; i++) {
		if (!p->updates && fv_cancelled(p->context))
			return fv_fail(err, FV_E_CANCELLED, "stopped");
		double before = p->options.profile ? fv_now() : 0;
		run(p, &p->steps[i]);
		if (p->options.profile)
			p->steps[i].seconds += fv_now() - before;
	}
	if (p->options.profile)
		p->seconds += fv_now() - start;
	p->runs++;
	return FV_OK;
}

int64_t fv_plan_bytes(const fv_plan *p) { return p->memory_bytes + p->scratch_bytes + p->kept_bytes; }

static void print_refusals(const fv_plan *p, const fv_node *n, void (*line)(void *, const char *), void *user)
{
	for (const fv_kernel *const *k = fv_kernels; *k; k++) {
		char text[300];
		const char *why = NULL;
		if ((*k)->op != n->op)
			continue;
		if (((*k)->needs & p->context->isa) != (*k)->needs)
			why = "this processor, or the cap on it, does not have its instructions";
		else if ((*k)->supports(n, &why))
			continue;
		snprintf(text, sizeof text, "        not %s: %s", (*k)->name, why ? why : "");
		line(user, text);
	}
}

void fv_plan_print(const fv_plan *p, bool verbose, void (*line)(void *user, const char *text), void *user)
{
	char text[300];
	for (int i = 0; i < p->count; i++) {
		const step *s = &p->steps[i];
		const fv_node *n = s->call.node;
		fv_cost c = fv_node_cost(n);
		char share[32] = "";
		if (p->seconds > 0)
			snprintf(share, sizeof share, "%5.1f %% %8.3f ms", 100 * s->seconds / p->seconds, 1e3 * s->seconds / p->runs);
		snprintf(text, sizeof text, "%-16s %-22s %-20s %7.2f MB %8.3f GFLOP %s %s", n->op->name,
		         s->kernel ? s->kernel->name : "reference", fv_shape_text(n->shape).s,
		         (double)fv_tensor_bytes(n->type, n->shape) / 1e6, c.flops / 1e9, share, n->label ? n->label : "");
		line(user, text);
		if (verbose)
			print_refusals(p, n, line, user);
	}
	snprintf(text, sizeof text, "%d calls, %.1f MB of values, %.1f MB of scratch", p->count, (double)p->memory_bytes / 1e6,
	         (double)p->scratch_bytes / 1e6);
	line(user, text);
}
