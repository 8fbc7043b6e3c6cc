/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures from noise. */
#include "paint/generate.h"
#include "device/program.h"

#define FLOATS (16 << 20)               /* between layers at once: what takes more is made in goes */

/* Pictures made at once. Of the network alone: the first of many are what a few would be. */
static int64_t at_once(const fv_model *m) { return fv_max(1, FLOATS / m->family->floats(m->config)); }

int64_t fv_generate_values(const fv_model *m)
{
	return m->family->use == FV_GENERATES ? fv_port_channels(&m->family->out[0], m->config) : 0;
}

/* v, of the port's range, becomes grey; false: there are NaNs in it. */
static bool grey(const fv_port *p, const float *v, int64_t count, uint8_t *out)
{
	if (!fv_all_finite((fv_tensor){ FV_F32, FV_SHAPE(count), (void *)v }))
		return false;
	const float low = (float)p->low, whole = (float)(p->high - p->low);
	for (int64_t i = 0; i < count; i++) {
		float light = (v[i] - low) / whole;
		out[i] = (uint8_t)(light > 0 ? light < 1 ? light * 255 + 0.5f : 255 : 0);
	}
	return true;
}

fv_status fv_generate(fv_err *err, const fv_model *m, int64_t count, uint64_t seed, uint8_t *out)
{
	fv_status st = fv_family_must(err, m->family, FV_GENERATES);
	if (st)
		return st;
	if (count < 1 || count > 1000000)
		return fv_fail(err, FV_E_ARGUMENT, "%" PRId64 " pictures: between 1 and 1000000 can be made at once", count);
	fv_graph *g = NULL;
	fv_program *program = NULL;
	float *made = NULL;
	if ((st = fv_graph_new(err, m->context, &g)))
		return st;
	int64_t batch = fv_min(count, at_once(m)), each = fv_generate_values(m);
	fv_scope s = { .g = g, .store = m->store, .prefix = "" };
	fv_node *in[FV_PORTS] = { NULL }, *y[FV_PORTS] = { NULL };
	for (int i = 0; m->family->in[i].name; i++)
		if (m->family->in[i].kind == FV_PORT_NOISE)
			in[i] = fv_random(g, FV_NORMAL, m->family->in[i].name, FV_F32, FV_SHAPE(batch, fv_port_channels(&m->family->in[i], m->config)), 0, 1);
	fv_family_build(&s, m->family, m->config, 0, 0, in, y);
	fv_output(g, y[0], "%s", m->family->out[0].name);
	st = fv_program_new(err, m->context, g, NULL, &program);
	if (!st && !(made = fv_alloc(m->context, (size_t)(batch * each) * sizeof *made)))
		st = fv_fail_memory(err, "pictures", (size_t)(batch * each) * sizeof *made);
	for (int64_t i = 0; i < count && !st; i += batch) {
		if (!(st = fv_program_run(err, program, (fv_key){ .seed = seed, .step = (uint64_t)(i / batch) })))
			st = fv_program_get(err, program, m->family->out[0].name, made);
		int64_t values = fv_min(batch, count - i) * each;
		if (!st && !grey(&m->family->out[0], made, values, out + i * each))
			st = fv_fail(err, FV_E_FORMAT, "the model makes NaN: its weights are too large "
			             "or damaged; fetch or train it again");
	}
	fv_free(m->context, made);
	fv_program_free(program);
	fv_graph_free(g);
	return st;
}
