/* SPDX-License-Identifier: Apache-2.0 */
/* Programs: passes, ports, and the device's code. */
#include "device/device.h"
#include "graph/pass.h"
#include "op/draw.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct { const char *name; uint64_t purpose; const fv_node *node; } port;      /* name NULL: a random fill */

struct fv_program {
	fv_device *device;
	fv_arena *arena;                /* of the lists */
	fv_code *code;
	port *in, *out;
	int ins, outs;
	bool made;                      /* the last run came to its end: there is something to get */
	fv_err err;                     /* of what was put since the last run */
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
	if (g->err.status)
		return fv_fail(err, g->err.status, "%s", g->err.text);
	static const struct { uint32_t bit; fv_status (*run)(fv_err *, fv_graph *); } list[] = {
		{ FV_PASS_FOLD, fv_pass_fold }, { FV_PASS_SHARE, fv_pass_share }, { FV_PASS_DROP, fv_pass_drop },
		{ FV_PASS_FUSE, fv_pass_fuse }, { FV_PASS_NORM, fv_pass_norm }, { FV_PASS_DROP, fv_pass_drop },
	};
	for (size_t i = 0; i < FV_COUNT(list); i++) {
		fv_status st = passes & list[i].bit ? list[i].run(err, g) : FV_OK;
		if (st)
			return st;
	}
	return check_versions(err, g);
}

/* Ports as they are before passes take nodes out of the graph. */
static bool list_ports(fv_program *p, const fv_graph *g)
{
	p->in = fv_arena_get(p->arena, ((size_t)g->nodes + 1) * sizeof *p->in);
	p->out = fv_arena_get(p->arena, ((size_t)g->outputs + 1) * sizeof *p->out);
	if (!p->in || !p->out)
		return false;
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		if (n->op == &fv_op_input)
			p->in[p->ins++] = (port){ n->attr.input.name, 0, n };
		else if (n->op == &fv_op_random)
			p->in[p->ins++] = (port){ NULL, n->attr.random.purpose, n };
	}
	for (int i = 0; i < g->outputs; i++)
		p->out[p->outs++] = (port){ g->output[i].name, 0, g->output[i].node };
	return true;
}

fv_status fv_program_new(fv_err *err, fv_context *c, fv_graph *g, const fv_program_options *opt, fv_program **out)
{
	if (g->err.status)
		return fv_fail(err, g->err.status, "%s", g->err.text);
	fv_program_options o = opt ? *opt : (fv_program_options){ 0 };
	o.passes = o.passes ? o.passes : FV_PASS_ALL;
	fv_arena *a = fv_arena_new(c);
	fv_program *p = a ? fv_arena_get(a, sizeof *p) : NULL;
	if (p)
		*p = (fv_program){ .device = c->device, .arena = a };
	if (!p || !list_ports(p, g)) {
		fv_arena_free(a);
		return fv_fail_memory(err, "program", sizeof *p);
	}
	fv_status st = rewrite(err, g, o.passes);
	if (!st)
		st = p->device->type->compile(err, p->device, g, &o, o.share ? o.share->code : NULL, &p->code);
	if (st) {
		fv_program_free(p);
		return st;
	}
	*out = p;
	return FV_OK;
}

void fv_program_free(fv_program *p)
{
	if (!p)
		return;
	if (p->code)
		p->device->type->drop(p->code);
	fv_arena_free(p->arena);
}

/* ------------------------------------------------------------------ ports */
static const port *find_in(const fv_program *p, const char *name)
{
	for (int i = 0; i < p->ins; i++)
		if (p->in[i].name && !strcmp(p->in[i].name, name))
			return &p->in[i];
	uint64_t purpose = fv_draw_purpose(name);
	for (int i = 0; i < p->ins; i++)
		if (!p->in[i].name && p->in[i].purpose == purpose)
			return &p->in[i];
	return NULL;
}

static const port *find_out(const fv_program *p, const char *name)
{
	for (int i = 0; i < p->outs; i++)
		if (!strcmp(p->out[i].name, name))
			return &p->out[i];
	return NULL;
}

bool fv_program_port(const fv_program *p, const char *name, fv_type *type, fv_shape *shape)
{
	const port *o = find_in(p, name);
	if (!o && !(o = find_out(p, name)))
		return false;
	*type = o->node->type, *shape = o->node->shape;
	return true;
}

int64_t fv_program_values(const fv_program *p, const char *name)
{
	fv_type type;
	fv_shape shape;
	return fv_program_port(p, name, &type, &shape) ? fv_elements(shape) : 0;
}

void fv_program_put_part(fv_program *p, const char *name, int64_t part, int64_t parts, const void *from)
{
	const port *o = find_in(p, name);
	if (p->err.status)
		return;
	if (!o) {
		fv_fail(&p->err, FV_E_INTERNAL, "the program has no port '%s' to put into", name);
		return;
	}
	const fv_node *n = fv_replacement(o->node);
	int64_t bytes = fv_tensor_bytes(n->type, n->shape) / parts;
	if (n->id >= 0)                                 /* something reads it */
		p->device->type->write(&p->err, p->code, n, part * bytes, bytes, from);
}

void fv_program_put(fv_program *p, const char *name, const void *from) { fv_program_put_part(p, name, 0, 1, from); }

static bool is_number(const port *o) { return o->node->type == FV_F32 && fv_elements(o->node->shape) == 1; }

void fv_program_put_number(fv_program *p, const char *name, double v)
{
	const port *o = find_in(p, name);
	if (o && !is_number(o) && !p->err.status)
		fv_fail(&p->err, FV_E_INTERNAL, "the program's port '%s' is no number but %s %s", name, fv_type_name(o->node->type), fv_shape_text(o->node->shape).s);
	else
		fv_program_put(p, name, &(float){ (float)v });
}

fv_status fv_program_get(fv_err *err, fv_program *p, const char *name, void *to)
{
	const port *o = find_out(p, name);
	if (!o)
		return fv_fail(err, FV_E_INTERNAL, "the program has no port '%s' to get from", name);
	if (!p->made)
		return fv_fail(err, FV_E_INTERNAL, "the program has not run: '%s' is not made yet", name);
	const fv_node *n = fv_replacement(o->node);
	return p->device->type->read(err, p->code, n, 0, fv_tensor_bytes(n->type, n->shape), to);
}

double fv_program_number(fv_program *p, const char *name)
{
	const port *o = find_out(p, name);
	float v;
	return o && is_number(o) && !fv_program_get(NULL, p, name, &v) ? v : NAN;
}

/* ------------------------------------------------------------------ the device's part */
fv_status fv_program_run(fv_err *err, fv_program *p, fv_key key)
{
	fv_err put = p->err;
	p->err = (fv_err){ 0 };
	fv_status st = put.status ? fv_fail(err, put.status, "%s", put.text) : p->device->type->run(err, p->code, key);
	p->made = !st;
	return st;
}

fv_status fv_program_prepack(fv_err *err, fv_program *p, int64_t most) { return p->device->type->prepack(err, p->code, most); }

int64_t fv_program_bytes(const fv_program *p) { return p ? p->device->type->bytes(p->code) : 0; }

void fv_program_print(const fv_program *p, bool verbose, void (*line)(void *user, const char *text), void *user)
{
	p->device->type->times(p->code, verbose, line, user);
}

bool fv_device_same_kernel(const fv_context *c, const fv_node *was, const fv_node *n) { return c->device->type->same_kernel(c->device, was, n); }

fv_status fv_device_race(fv_err *err, fv_context *c, const fv_node *n, double span, fv_race_line line, void *user)
{
	return c->device->type->race(err, c->device, n, span, line, user);
}

fv_status fv_device_open(fv_err *err, fv_context *c, const char *name, fv_device **out)
{
	for (const fv_device_type *const *t = fv_device_types; *t; t++)
		if (!strcmp((*t)->name, name))
			return (*t)->open(err, c, 0, out);
	return fv_fail(err, FV_E_ARGUMENT, "device '%s' is unknown to this fauve", name);
}

void fv_device_close(fv_device *d)
{
	if (d)
		d->type->close(d);
}
