/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes say where a network's weights live; this file makes them and fills them. */
#include "net/net.h"
#include "base/philox.h"
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Weights are O,KH,KW,I or out,in: the outermost axis is fan_out's. */
static void fans(fv_shape s, double *in, double *out)
{
	double area = s.rank == 4 ? (double)(s.h * s.w) : 1;
	*in = area * (double)s.c;
	*out = area * (double)(s.rank == 4 ? s.n : s.w);
}

static fv_status fill(fv_err *err, fv_context *c, fv_variable *v, fv_init init, double scale, uint64_t seed)
{
	double in, out;
	const fv_tensor t = { v->type, v->shape, fv_alloc_rough(c, (size_t)fv_variable_bytes(v)) };
	if (!t.data)
		return fv_fail_memory(err, v->name, (size_t)fv_variable_bytes(v));
	fans(t.shape, &in, &out);
	double bound = init == FV_INIT_TORCH ? 1 / sqrt(scale) : sqrt(6 / (in + out));
	double deviation = init == FV_INIT_HE ? sqrt(2 / in) : init == FV_INIT_XAVIER ? scale * sqrt(2 / (in + out)) : scale;
	bool normal = init == FV_INIT_NORMAL || init == FV_INIT_NEAR_ONE || init == FV_INIT_HE ||
		      init == FV_INIT_XAVIER;
	uint64_t purpose = fv_purpose(v->name);
	for (int64_t i = 0; i < fv_elements(t.shape); i++) {
		fv_philox r = fv_philox_at(seed, purpose, (uint64_t)i);
		double a = fv_unit(r.v[0]), b = fv_unit(r.v[1]), value = 0;
		if (normal)
			value = (init == FV_INIT_NEAR_ONE) +
			        deviation * sqrt(-2 * log(1 - a)) * cos(6.283185307179586 * b);
		else if (init == FV_INIT_ONE)
			value = 1;
		else if (init == FV_INIT_IDENTITY)
			value = i / t.shape.c == i % t.shape.c;
		else if (init != FV_INIT_ZERO)
			value = bound * (2 * a - 1);
		fv_put(t, i, value);
	}
	fv_status st = fv_variable_put(err, v, t.data);
	fv_free(c, t.data);
	return st;
}

/* The variable of another store that this one begins as; NULL: none of its name and shape. */
static const fv_variable *beginning(const fv_store *s, const fv_variable *v)
{
	const size_t n = strlen(s->initial_prefix);
	const fv_variable *from = fv_variable_find(s->initial, v->name);
	if (!from && !strncmp(v->name, s->initial_prefix, n))
		from = fv_variable_find(s->initial, v->name + n);
	return from && fv_shape_equal(from->shape, v->shape) ? from : NULL;
}

static fv_status begin(fv_err *err, const fv_scope *s, fv_variable *v, fv_init init, double scale)
{
	const fv_variable *from = s->store->initial ? beginning(s->store, v) : NULL;
	if (!from) {
		s->store->drawn++;
		return fill(err, s->g->context, v, init, scale, s->seed);
	}
	s->store->begun++;
	void *values = fv_alloc_rough(s->g->context, (size_t)fv_variable_bytes(v));
	fv_status st = values ? fv_variable_get(err, from, values)
	                      : fv_fail_memory(err, v->name, (size_t)fv_variable_bytes(v));
	st = st ? st : fv_variable_put(err, v, values);
	fv_free(s->g->context, values);
	return st;
}

static void give_role(fv_store *s, fv_variable *v, bool learnt)
{
	v->role = learnt ? FV_ROLE_PARAMETER : FV_ROLE_BUFFER;
	for (int i = 0; i < s->freezes && v->role == FV_ROLE_PARAMETER; i++)
		if (!fnmatch(s->freeze[i], v->name, 0)) {
			v->role = FV_ROLE_FROZEN;
			s->frozen++;
		}
}

static fv_node *get(const fv_scope *s, fv_shape shape, fv_init init, double scale, bool learnt,
                    const char *format, va_list ap)
{
	char name[200];
	int n = snprintf(name, sizeof name, "%s", s->prefix);
	vsnprintf(name + n, sizeof name - (size_t)n, format, ap);
	if (s->g->err.status)
		return NULL;
	fv_variable *v = fv_variable_find(s->store, name);
	if (!v && !s->create)
		return fv_graph_error(s->g, FV_E_FORMAT, "the weight %s is missing", name);
	if (!v) {
		v = fv_variable_new(s->store, FV_F32, shape, "%s", name);
		if (!v)
			return fv_graph_error(s->g, FV_E_MEMORY, "no memory for the weight %s",
			                      name);
		fv_err err;
		if (begin(&err, s, v, init, scale))
			return fv_graph_error(s->g, err.status, "%s", err.text);
	}
	if (!fv_shape_equal(v->shape, shape))
		return fv_graph_error(s->g, FV_E_FORMAT,
		                      "the weight %s is %s, but this network wants %s", name,
		                      fv_shape_text(v->shape).s, fv_shape_text(shape).s);
	if (v->role == FV_ROLE_OTHER)
		give_role(s->store, v, learnt);
	return fv_read(s->g, v);
}

fv_node *fv_param(const fv_scope *s, fv_shape shape, fv_init init, double scale, const char *format,
                  ...)
{
	va_list ap;
	va_start(ap, format);
	fv_node *n = get(s, shape, init, scale, true, format, ap);
	va_end(ap);
	return n;
}

fv_node *fv_buffer(const fv_scope *s, fv_shape shape, fv_init init, double scale,
                   const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fv_node *n = get(s, shape, init, scale, false, format, ap);
	va_end(ap);
	return n;
}

int fv_params(fv_store *store, const char *prefix, fv_variable **list)
{
	int n = 0;
	for (fv_variable *v = store->first; v; v = v->next)
		if (!strncmp(v->name, prefix, strlen(prefix))) {
			if (list)
				list[n] = v;
			n++;
		}
	return n;
}
