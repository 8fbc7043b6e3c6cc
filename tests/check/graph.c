/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: passes change nothing but the cost. */
#include "check.h"
#include "train/style_graph.h"
#include <math.h>

static fv_style_config tiny(void)
{
	return (fv_style_config){
		.net = { .width = 8, .blocks = 2, .marks = 4, .stem = 5, .affine = true }, .teacher = { 19, 16, FV_POOL_AVERAGE },
		.pixels = { .width = 8, .scales = 2, .layers = 3 }, .judge = 8, .batch = 2, .size = 64, .directions = 8, .drawn = 4,
		.style = 16, .sizes = 2, .coarse = 1, .content = 2, .content3 = 0.1, .colour = 4, .adv = 0.3, .adv_pixels = 0.15, .judge_rate = 0.5, .beta1 = 0.5, .beta2 = 0.99, .eps = 1e-8,
	};
}

static bool teacher_new(fv_err *err, fv_context *c, const fv_style_config *k, fv_store **out)
{
	fv_graph *g;
	fv_node *map[FV_VGG_LAYERS];
	if (fv_store_new(err, c, out) || fv_graph_new(err, c, &g))
		return false;
	fv_vgg_build(&(fv_scope){ .g = g, .store = *out, .prefix = "", .create = true }, &k->teacher, fv_input(g, "x", FV_F32, fv_nhwc(1, 32, 32, 3)), FV_VGG_LAYERS - 1, map);
	fv_graph_free(g);
	if (fv_teacher_variables(err, *out, k))
		return false;
	for (fv_variable *v = (*out)->first; v; v = v->next)
		if (v->name[0] == 'd' || v->name[0] == 'r') {
			fv_tensor t = variable_values(v);
			for (int64_t i = 0; i < fv_elements(t.shape); i++)
				fv_f32(t)[i] = (float)sin(1.7 * (double)i);
			variable_take(v, t);
		}
	return true;
}

/* Two steps of a tiny style run; returns the losses' sum and, as a sign of all weights, theirs. */
static bool steps(const fv_program_options *opt, fv_context_options o, double *loss, double *weights, int64_t *bytes)
{
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_graph *g = NULL;
	fv_store *store = NULL, *teacher = NULL;
	fv_program *program = NULL;
	fv_style_config config = tiny();
	o.size = sizeof o;
	if (fv_context_new(&err, &o, &c) ||
	    fv_graph_new(&err, c, &g) || fv_store_new(&err, c, &store) || !teacher_new(&err, c, &config, &teacher))
		return false;
	fv_style_graph_build(g, store, teacher, 7, &config, false);
	if (fv_program_new(&err, c, g, opt, &program)) {
		check_true(false, "style graph: %s", err.text);
		return false;
	}
	static const char *const in[] = { "pictures", "marks", "art", "content4", "content3", "target.0", "target.5" };
	for (size_t k = 0; k < FV_COUNT(in); k++) {
		fv_tensor t = port_values(program, in[k]);
		for (int64_t i = 0; i < fv_elements(t.shape); i++)
			fv_f32(t)[i] = (float)sin((0.1 + 0.27 * (double)k) * (double)i);
		port_take(program, in[k], t);
	}
	*loss = *weights = 0;
	for (int i = 0; i < 2; i++) {
		fv_program_put_number(program, "rate", 1e-3);
		fv_program_put_number(program, "step.d", i + 1);
		fv_program_put_number(program, "step.g", i + 1);
		fv_program_put_number(program, "ramp", 1);
		fv_program_put_number(program, "decay", 0.5);
		if (fv_program_run(&err, program, (fv_key){ 1, (uint64_t)i, 0 }))
			return false;
		*loss += fv_program_number(program, "loss.g") + fv_program_number(program, "loss.d");
	}
	for (fv_variable *v = store->first; v; v = v->next) {
		fv_tensor t = variable_values(v);
		for (int64_t i = 0; i < fv_elements(t.shape); i++)
			*weights += fabs(fv_f32(t)[i]);
		free(t.data);
	}
	*bytes = fv_program_bytes(program);
	fv_program_free(program);
	fv_graph_free(g);
	fv_store_free(teacher);
	fv_store_free(store);
	fv_context_free(c);
	return true;
}

/* A painter in small: 7x7, halved, a residual block, doubled; `seen`: the block's first norm is read by others too. Returns what it
 * paints; which convolutions measure and which read through a norm. */
enum { PAINTED = 32 * 48 * 3 };
static bool paint(uint32_t passes, int64_t pictures, bool seen, float *painted, int *measure, int *through)
{
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_graph *g = NULL;
	fv_program *program = NULL;
	const fv_conv_attr half = { .stride = 2, .groups = 1, .top = 1, .bottom = 1, .left = 1, .right = 1, .h = 32, .w = 48 };
	if (fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2 }, &c) || fv_graph_new(&err, c, &g))
		return false;
	fv_node *x = fv_random(g, FV_NORMAL, "x", FV_F32, fv_nhwc(pictures, 32, 48, 6), 1, 2), *w[6];
	const fv_shape of[] = { fv_nhwc(40, 7, 7, 6), fv_nhwc(80, 3, 3, 40), fv_nhwc(80, 3, 3, 80), fv_nhwc(80, 3, 3, 80), fv_nhwc(80, 3, 3, 40), fv_nhwc(3, 7, 7, 40) };
	for (int i = 0; i < 6; i++) {
		char name[] = "w0";
		name[1] = (char)('0' + i);
		w[i] = fv_random(g, FV_NORMAL, name, FV_F32, of[i], 0, 0.1);
	}
	fv_node *h = fv_relu(g, fv_normalise(g, fv_conv2d(g, x, w[0], NULL, fv_conv_same(7, FV_PAD_REFLECT)), FV_HW, 1e-5));
	h = fv_relu(g, fv_normalise(g, fv_conv2d(g, h, w[1], NULL, half), FV_HW, 1e-5));
	fv_node *a = fv_lrelu(g, fv_normalise(g, fv_conv2d(g, h, w[2], NULL, fv_conv_same(3, FV_PAD_REFLECT)), FV_HW, 1e-5), 0.2);
	h = fv_add(g, h, fv_normalise(g, fv_conv2d(g, a, w[3], NULL, fv_conv_same(3, FV_PAD_ZERO)), FV_HW, 1e-5));
	h = fv_relu(g, fv_normalise(g, fv_conv2d_dx(g, h, w[4], half), FV_HW, 1e-5));
	h = fv_conv2d(g, h, w[5], NULL, fv_conv_same(7, FV_PAD_REFLECT));
	fv_output(g, h, "painted");
	if (seen)
		fv_output(g, a, "a");
	bool ok = !fv_program_new(&err, c, g, &(fv_program_options){ .passes = passes }, &program) && !fv_program_run(&err, program, (fv_key){ 1, 2, 0 });
	check_true(ok, "a painter in small: %s", err.text);
	fv_tensor made = ok ? port_values(program, "painted") : (fv_tensor){ 0 };
	if (ok)
		memcpy(painted, made.data, PAINTED * sizeof *painted);
	free(made.data);
	*measure = *through = 0;
	for (int i = 0; i < g->nodes && ok; i++)
		if (g->node[i]->op == &fv_op_conv2d || g->node[i]->op == &fv_op_conv2d_dx)
			*measure += g->node[i]->attr.out.stats, *through += g->node[i]->attr.in.stats;
	fv_program_free(program);
	fv_graph_free(g);
	fv_context_free(c);
	return ok;
}

static void check_norm_pass(void)
{
	static float with[PAINTED], without[PAINTED];
	int measure, through;
	double off = 0, square = 0;
	if (!paint(FV_PASS_ALL, 1, false, with, &measure, &through) || !paint(FV_PASS_ALL & ~(uint32_t)FV_PASS_NORM, 1, false, without, &(int){ 0 }, &(int){ 0 }))
		return;
	for (int i = 0; i < PAINTED; i++) {
		off += (with[i] - without[i]) * (double)(with[i] - without[i]) / PAINTED;
		square += (double)without[i] * without[i] / PAINTED;
	}
	check_true(off < 25e-12 * square, "norms in convolutions: off by %.2g of the rms", sqrt(off / square));
	/* That at stride 2 where its kernel can, which is the best with some instruction sets only. */
	check_true(measure == 5 && through >= 2 && through <= 3, "5 convolutions could measure, %d do; 2 or 3 could read through a norm, %d do", measure, through);
	int most = through;
	if (paint(FV_PASS_ALL, 1, true, with, &measure, &through))
		check_true(measure == 5 && through == most - 1, "a norm that is wanted stays: %d read through one", through);
	if (paint(FV_PASS_ALL, 2, false, with, &measure, &through))
		check_true(measure == 0 && through == 0, "of two pictures none is measured: %d, %d", measure, through);
}

void check_graph(void)
{
	check_norm_pass();
	double loss[8], weights[8];
	int64_t bytes[8];
	const fv_program_options plain = { .passes = FV_PASS_DROP }, all = { 0 }, reference = { .reference = true };
	const fv_context_options one = { .threads = 1 }, three = { .threads = 3 }, exact = { .threads = 2, .exact = true }, bf16 = { .threads = 1, .bf16 = true };
	bool ok = steps(&all, one, &loss[0], &weights[0], &bytes[0]) && steps(&all, three, &loss[1], &weights[1], &bytes[1]) &&
	          steps(&plain, one, &loss[2], &weights[2], &bytes[2]) && steps(&reference, one, &loss[3], &weights[3], &bytes[3]) &&
	          steps(&all, exact, &loss[4], &weights[4], &bytes[4]);
	check_true(ok, "style graph: a step could not be run");
	if (!ok)
		return;
	check_true(isfinite(loss[0]) && loss[0] > 0, "style graph: the losses are %g", loss[0]);
	check_true(loss[0] == loss[1] && weights[0] == weights[1], "style graph: 1 thread %.17g, 3 threads %.17g", loss[0], loss[1]);
	check_true(fabs(loss[0] - loss[2]) < 1e-4 * loss[0], "style graph: with passes %.9g, without %.9g", loss[0], loss[2]);
	check_true(fabs(loss[0] - loss[3]) < 1e-4 * loss[0], "style graph: fast %.9g, reference %.9g", loss[0], loss[3]);
	check_true(fabs(loss[0] - loss[4]) < 1e-4 * loss[0], "style graph: Winograd %.9g, exact %.9g", loss[0], loss[4]);
	check_true(2 * bytes[0] < bytes[2], "the plan takes %" PRId64 " bytes, without passes %" PRId64, bytes[0], bytes[2]);
	/* Less memory: in float by making values again, to the same bits; in bf16 by rounding what is kept, too. */
	ok = steps(&(fv_program_options){ .recompute = true, .most = bytes[0] * 9 / 10 }, one, &loss[5], &weights[5], &bytes[5]) &&
	     steps(&all, bf16, &loss[6], &weights[6], &bytes[6]) &&
	     steps(&(fv_program_options){ .recompute = true, .most = bytes[6] * 60 / 100 }, bf16, &loss[7], &weights[7], &bytes[7]);
	check_true(ok, "style graph: a step could not be run in less memory");
	if (!ok)
		return;
	check_true(loss[0] == loss[5] && weights[0] == weights[5], "style graph: %.17g, in less memory %.17g", loss[0], loss[5]);
	check_true(loss[6] != loss[7] && fabs(loss[6] - loss[7]) < 0.02 * loss[6], "style graph in bf16: %.9g, in less memory %.9g", loss[6], loss[7]);
}
