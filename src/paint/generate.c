/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures from noise. */
#include "paint/generate.h"
#include "graph/plan.h"

fv_status fv_generate(fv_err *err, const fv_model *m, int64_t count, uint64_t seed, uint8_t *out)
{
	if (!strcmp(m->family, "vgg"))
		return fv_fail(err, FV_E_ARGUMENT, "a network of family %s judges pictures and makes none; see `fauve eval`", m->family);
	if (strcmp(m->family, "dense"))
		return fv_fail(err, FV_E_ARGUMENT, "a model of family %s paints photographs and makes nothing from noise; see `fauve apply`", m->family);
	if (count < 1 || count > 1000000)
		return fv_fail(err, FV_E_ARGUMENT, "%" PRId64 " pictures: between 1 and 1000000 can be made at once", count);
	fv_graph *g = NULL;
	fv_plan *plan = NULL;
	fv_status st = fv_graph_new(err, m->context, &g);
	if (st)
		return st;
	fv_scope s = { .g = g, .store = m->store, .prefix = "" };
	fv_node *z = fv_random(g, FV_NORMAL, "noise", FV_F32, FV_SHAPE(count, m->dense.noise), 0, 1);
	fv_node *y = fv_dense_generator(&s, &m->dense, z);
	fv_output(g, y);
	if ((st = fv_plan_new(err, m->context, g, NULL, &plan)))
		goto done;
	if ((st = fv_plan_run(err, plan, (fv_key){ .seed = seed })))
		goto done;
	const float *v = fv_plan_data(plan, y);
	for (int64_t i = 0; i < count * m->dense.out; i++)
		out[i] = (uint8_t)(v[i] > 0 ? v[i] < 1 ? v[i] * 255 + 0.5f : 255 : 0);
done:
	fv_plan_free(plan);
	fv_graph_free(g);
	return st;
}
