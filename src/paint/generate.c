/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures from noise. */
#include "device/program.h"
#include "model/model.h"
#include "op/draw.h"
#include <math.h>

#define FLOATS (16 << 20)               /* between layers at once: more is made in goes */

/* Pictures made at once. Of the network alone: the first of many are what a few would be. */
static int64_t at_once(const fv_model *m)
{
	return fv_max(1, FLOATS / m->family->floats(m->config));
}

static const fv_port *port_of(const fv_model *m, fv_port_kind kind)
{
	const int i = fv_port_find(m->family->in, kind);
	return i < 0 || fv_port_missing(&m->family->in[i], m->config) ? NULL : &m->family->in[i];
}

static fv_status build(fv_err *err, const fv_model *m, int64_t batch, fv_graph **g, fv_node **y)
{
	const fv_family *f = m->family;
	fv_node *in[FV_PORTS] = { NULL }, *out[FV_PORTS] = { NULL };
	fv_status st = fv_family_must(err, f, FV_GENERATES);
	if (st || (st = fv_graph_new(err, m->context, g)))
		return st;
	fv_scope s = { .g = *g, .store = m->store, .prefix = "" };
	for (int i = 0; f->in[i].name; i++) {
		const fv_port *p = &f->in[i];
		const fv_shape shape = FV_SHAPE(batch, fv_port_channels(p, m->config));
		if (p->kind == FV_PORT_NOISE)
			in[i] = fv_random(*g, FV_NORMAL, p->name, FV_F32, shape, 0, 1);
		else if (p == port_of(m, FV_PORT_LABEL))
			in[i] = fv_input(*g, p->name, FV_F32, shape);
	}
	fv_family_build(&s, f, m->config, 0, 0, in, out);
	fv_output(*g, out[0], "%s", f->out[0].name);
	*y = out[0];
	return (*g)->err.status ? fv_fail(err, (*g)->err.status, "%s", (*g)->err.text) : FV_OK;
}

/* ------------------------------------------------------------------ what goes in */
/* Between two stops of a walk, at the share t of the way. */
typedef struct { int64_t from, to; double t; } place;

static place place_of(const fv_generate_options *o, int64_t count, int64_t picture)
{
	const double at = (double)picture * (double)o->stops / (double)count;
	const int64_t from = fv_min((int64_t)at, o->stops - 1);
	return (place){ from, (from + 1) % o->stops, at - (double)from };
}

/* The noise of an ordinary picture. */
static void noise_of(const fv_model *m, const fv_port *p, uint64_t seed, int64_t picture, int64_t n,
                     double *z)
{
	const int64_t row = picture % at_once(m);
	const fv_key key = { .seed = seed, .step = (uint64_t)(picture / at_once(m)) };
	const fv_draw d = fv_draw_of(&key, fv_draw_purpose(p->name));
	for (int64_t k = 0; k < n; k++)
		z[k] = fv_draw_normal(&d, row * n + k);
}

/* Along the great circle from a to b: Shoemake, Animating Rotation with Quaternion Curves, 1985. */
static void between(const double *a, const double *b, double t, int64_t n, float *z)
{
	double aa = 0, bb = 0, ab = 0;
	for (int64_t k = 0; k < n; k++)
		aa += a[k] * a[k], bb += b[k] * b[k], ab += a[k] * b[k];
	const double angle = acos(fmin(1, fmax(-1, ab / sqrt(aa * bb))));
	const bool near = sin(angle) < 1e-6;
	const double of_a = near ? 1 - t : sin((1 - t) * angle) / sin(angle);
	const double of_b = near ? t : sin(t * angle) / sin(angle);
	for (int64_t k = 0; k < n; k++)
		z[k] = (float)(of_a * a[k] + of_b * b[k]);
}

/* Noise of n pictures from `first` on, of a walk of `count`. */
static fv_status put_walk(fv_err *err, const fv_model *m, const fv_generate_options *o,
			  int64_t count, int64_t first, int64_t n, fv_program *program)
{
	const fv_port *p = port_of(m, FV_PORT_NOISE);
	const int64_t numbers = fv_port_channels(p, m->config);
	const size_t bytes =
		(size_t)(fv_program_values(program, p->name) + 4 * numbers) * sizeof(float);
	double *a = fv_alloc(m->context, bytes), *b = a + numbers;
	float *z = (float *)(b + numbers);
	if (!a)
		return fv_fail_memory(err, "noise", bytes);
	for (int64_t i = 0; i < n; i++) {
		const place at = place_of(o, count, first + i);
		noise_of(m, p, o->seed, at.from, numbers, a);
		noise_of(m, p, o->seed, at.to, numbers, b);
		between(a, b, at.t, numbers, z + i * numbers);
	}
	fv_program_put(program, p->name, z);
	fv_free(m->context, a);
	return FV_OK;
}

static fv_status put_labels(fv_err *err, const fv_model *m, const fv_generate_options *o,
			    int64_t count, int64_t first, int64_t n, fv_program *program)
{
	const fv_port *p = port_of(m, FV_PORT_LABEL);
	if (!p)
		return FV_OK;
	const int64_t labels = fv_port_channels(p, m->config);
	const size_t bytes = (size_t)fv_program_values(program, p->name) * sizeof(float);
	float *v = fv_alloc(m->context, bytes);
	if (!v)
		return fv_fail_memory(err, "labels", bytes);
	for (int64_t i = 0; i < n; i++) {
		float *row = v + i * labels;
		const place at =
			o->stops ? place_of(o, count, first + i) : (place){ first + i, 0, 0 };
		if (o->label) {
			row[o->label - 1] = 1;
		} else {
			row[at.from % labels] += (float)(1 - at.t);
			row[at.to % labels] += (float)at.t;
		}
	}
	fv_program_put(program, p->name, v);
	fv_free(m->context, v);
	return FV_OK;
}

static fv_status check_options(fv_err *err, const fv_model *m, const fv_generate_options *o,
			       int64_t count)
{
	const fv_port *p = port_of(m, FV_PORT_LABEL);
	const int labels = p ? fv_port_channels(p, m->config) : 0;
	if (count < 1 || count > 1000000)
		return fv_fail(err, FV_E_ARGUMENT,
			       "%" PRId64 " pictures: between 1 and 1000000 can be made at once",
			       count);
	if (o->stops < 0 || o->stops > count)
		return fv_fail(err, FV_E_ARGUMENT,
			       "a walk through %" PRId64 " noises has at least as many pictures, "
			       "not %" PRId64,
			       o->stops, count);
	if (o->label && !labels)
		return fv_fail(err, FV_E_ARGUMENT,
			       "this model knows no labels; one that does is trained on labelled "
			       "pictures with --conditional yes");
	if (o->label < 0 || o->label > labels)
		return fv_fail(err, FV_E_ARGUMENT, "label %d: this model has %d", o->label, labels);
	return FV_OK;
}

/* ------------------------------------------------------------------ what comes out */
/* Values in a row are grey: of so many rows as the model says, or of a square. */
static fv_status size_of(fv_err *err, const fv_model *m, fv_shape s, fv_pixels *out)
{
	const fv_port *p = &m->family->out[0];
	int64_t rows = 0;
	if (p->flat && p->rows_at)
		rows = *(const int *)((const char *)m->config + p->rows_at);
	if (!rows)
		rows = llround(sqrt((double)s.c));
	if (p->flat && s.c % rows)
		return fv_fail(err, FV_E_ARGUMENT,
			       "its %" PRId64 " values are no picture of %" PRId64 " rows", s.c,
			       rows);
	if (p->flat)
		s = fv_nhwc(1, rows, s.c / rows, 1);
	if (s.c != 1 && s.c != 3)
		return fv_fail(
			err, FV_E_ARGUMENT,
			"a model of family %s makes no pictures, grey or in colour, from noise",
			m->family->name);
	*out = (fv_pixels){ s.w, s.h, (int)s.c, 8, s.w * s.c, NULL };
	return FV_OK;
}

fv_status fv_generate_size(fv_err *err, const fv_model *m, fv_pixels *out)
{
	fv_graph *g = NULL;
	fv_node *y;
	fv_status st = build(err, m, 1, &g, &y);
	if (!st)
		st = size_of(err, m, y->shape, out);
	fv_graph_free(g);
	return st;
}

/* v, of the port's range, becomes light. */
static void store(const fv_port *p, const float *v, const fv_pixels *out)
{
	const float low = (float)p->low, whole = (float)(p->high - p->low);
	for (int64_t y = 0; y < out->height; y++)
		for (int64_t x = 0; x < out->width * out->channels; x++) {
			float light = (*v++ - low) / whole;
			((uint8_t *)out->data + y * out->stride_bytes)[x] = (uint8_t)(light > 0
			                                                              ? light < 1
			        ? light * 255 + 0.5f : 255 : 0);
		}
}

static fv_status check(fv_err *err, const fv_pixels *each, int64_t count, const fv_pixels *out)
{
	for (int64_t i = 0; i < count; i++)
		if (!out[i].data || out[i].width != each->width || out[i].height != each->height ||
		    out[i].channels != each->channels || out[i].bits != each->bits ||
		    out[i].stride_bytes < each->stride_bytes)
			return fv_fail(err, FV_E_SHAPE,
				       "this model makes pictures of %" PRId64 "x%" PRId64
				       " pixels, %d channels of "
				       "8 bits; picture %" PRId64 " is to be another",
				       each->width, each->height, each->channels, i + 1);
	return FV_OK;
}

fv_status fv_generate(fv_err *err, const fv_model *m, const fv_generate_options *opt, int64_t count,
                      const fv_pixels *out)
{
	fv_generate_options o = FV_GENERATE_DEFAULTS;
	fv_graph *g = NULL;
	fv_node *y;
	fv_program *p = NULL;
	fv_pixels each = { 0 };
	float *v = NULL;
	if (opt)
		memcpy(&o, opt, opt->size < sizeof o ? opt->size : sizeof o);
	fv_status st = fv_family_must(err, m->family, FV_GENERATES);
	if (st || (st = check_options(err, m, &o, count)))
		return st;
	int64_t batch = fv_min(count, at_once(m));
	if (!(st = build(err, m, batch, &g, &y)) && !(st = size_of(err, m, y->shape, &each)) &&
	    !(st = check(err, &each, count, out)))
		st = fv_program_new(err, m->context, g, NULL, &p);
	const int64_t values = st ? 0 : each.height * each.stride_bytes;
	if (!st && !(v = fv_alloc_rough(m->context, (size_t)(batch * values) * sizeof *v)))
		st = fv_fail_memory(err, "pictures", (size_t)(batch * values) * sizeof *v);
	for (int64_t i = 0; i < count && !st; i += batch) {
		const int64_t n = fv_min(batch, count - i);
		if ((o.stops && (st = put_walk(err, m, &o, count, i, n, p))) ||
		    (st = put_labels(err, m, &o, count, i, n, p)) ||
		    (st = fv_program_run(err, p, (fv_key){ .seed = o.seed,
		                                           .step = (uint64_t)(i / batch) })) ||
		    (st = fv_program_get(err, p, m->family->out[0].name, v)))
			break;
		if (!fv_all_finite((fv_tensor){ FV_F32, FV_SHAPE(n * values), v }))
			st = fv_fail(err, FV_E_FORMAT,
			             "the model makes NaN: its weights are too large "
			             "or damaged; fetch or train it again");
		for (int64_t k = 0; k < n && !st; k++)
			store(&m->family->out[0], v + k * values, &out[i + k]);
	}
	fv_free(m->context, v);
	fv_program_free(p);
	fv_graph_free(g);
	return st;
}
