/* SPDX-License-Identifier: Apache-2.0 */
/* A picture as a point: what a frozen network sees of its square, each channel's mean. */
#include "device/program.h"
#include "eval/feature.h"

struct fv_pooled {
	fv_context *context;
	int values;
	fv_graph *graph;
	fv_program *program;
	float *x;
};

fv_status fv_pooled_open(fv_err *err, fv_context *c, const fv_model *network, fv_pooled **out)
{
	fv_node *layer[FV_VGG_LAYERS] = { NULL };
	if (network->family != &fv_family_vgg)
		return fv_fail(err, FV_E_ARGUMENT,
		               "a model of family %s is no feature network; give one of features/",
		               network->family->name);
	fv_pooled *p = fv_alloc(c, sizeof *p);
	if (!p)
		return fv_fail_memory(err, "a feature network", sizeof *p);
	*p = (fv_pooled){ .context = c };
	p->values = (int)fv_vgg_channels(network->config, FV_VGG_LAYERS - 1);
	fv_status st = fv_graph_new(err, c, &p->graph);
	if (!st) {
		const fv_scope s = { .g = p->graph, .store = network->store, .prefix = "" };
		fv_node *x = fv_input(p->graph, "picture", FV_F32, fv_nhwc(1, FV_SIDE, FV_SIDE, 3));
		fv_node *y = fv_vgg_build(&s, network->config, x, FV_VGG_LAYERS - 1, layer);
		fv_output(p->graph, fv_mean(p->graph, y, FV_HW), "point");
		st = fv_program_new(err, c, p->graph, NULL, &p->program);
	}
	if (!st && !(p->x = fv_alloc_rough(c, FV_SQUARE_BYTES * sizeof *p->x)))
		st = fv_fail_memory(err, "a feature network", FV_SQUARE_BYTES * sizeof *p->x);
	if (st)
		fv_pooled_close(p);
	else
		*out = p;
	return st;
}

void fv_pooled_close(fv_pooled *p)
{
	if (!p)
		return;
	fv_program_free(p->program);
	fv_graph_free(p->graph);
	fv_free(p->context, p->x);
	fv_free(p->context, p);
}

int fv_pooled_values(const fv_pooled *p) { return p->values; }

fv_status fv_pooled_of(fv_err *err, fv_pooled *p, const uint8_t *square, float *to)
{
	if (fv_cancelled(p->context))
		return fv_fail(err, FV_E_CANCELLED, "interrupted while measuring");
	for (int i = 0; i < FV_SQUARE_BYTES; i++)
		p->x[i] = (float)square[i] * (2 / 255.0f) - 1;
	fv_program_put(p->program, "picture", p->x);
	fv_status st = fv_program_run(err, p->program, (fv_key){ 0 });
	return st ? st : fv_program_get(err, p->program, "point", to);
}
