/* SPDX-License-Identifier: Apache-2.0 */
/* library STROKENET DENSE NETWORK: what the shared library does beside painting, by fauve.h alone: descriptions, pictures from noise,
 * sheets, figures. */
#include "fauve/fauve.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static fv_context *context;
static fv_err err;

static fv_model *open_model(const char *path)
{
	fv_model *m = NULL;
	check(!fv_model_open(&err, context, path, &m), "%s", err.text);
	return m;
}

static const char *value(const fv_named *list, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			return list[i].value;
	return "";
}

static void describe(const char *strokes, const char *digits)
{
	fv_description *d = NULL;
	fv_model *m = open_model(strokes);
	check(m && !fv_model_describe(&err, m, &d), "%s", err.text);
	fv_model_free(m);
	if (!d)
		return;
	check(!strcmp(d->family, "strokenet") && d->use == FV_PAINTS, "family %s, use %d", d->family, d->use);
	check(!strcmp(value(d->parameter, d->parameters, "width"), "8") && !strcmp(value(d->parameter, d->parameters, "brush"), "[8.0,4.0,2.0]") &&
	      !strcmp(value(d->parameter, d->parameters, "affine"), "true"), "parameters, of %d", d->parameters);
	check(d->inputs == 2 && d->outputs == 1 && d->input[0].kind == FV_PORT_IMAGE && d->input[0].channels == 3 && d->input[0].low == -1 &&
	      d->input[1].kind == FV_PORT_MARKS && d->input[0].multiple == 16, "ports: %d, %d", d->inputs, d->outputs);
	check(!strcmp(value(d->fact, d->facts, "program"), fv_version()) && !*value(d->fact, d->facts, "network"), "facts, of %d", d->facts);
	check(d->json[0] == '{' && strstr(d->json, "\"use\":\"paints\"") && strstr(d->json, "\"metadata\":{"), "as JSON: %.200s", d->json);
	fv_description_free(d);
	d = NULL;
	m = open_model(digits);
	check(m && !fv_model_describe(&err, m, &d) && d->use == FV_GENERATES && d->input[0].kind == FV_PORT_NOISE && d->input[0].channels == 8,
	      "dense: %s", err.text);
	fv_description_free(d);
	fv_model_free(m);
}

static void generate(const char *strokes, const char *digits)
{
	fv_model *m = open_model(digits), *painter = open_model(strokes);
	fv_pixels each, out[3];
	uint8_t memory[3][8 * 10];
	memset(memory, 7, sizeof memory);
	check(!fv_generate_size(&err, m, &each) && each.width == 8 && each.height == 8 && each.channels == 1 && each.bits == 8 && !each.data,
	      "size: %s", err.text);
	for (int i = 0; i < 3; i++)
		out[i] = (fv_pixels){ 8, 8, 1, 8, 10, memory[i] };
	check(!fv_generate(&err, m, NULL, 2, out) && !fv_generate(&err, m, NULL, 1, out + 2), "%s", err.text);
	check(!memcmp(memory[0], memory[2], sizeof memory[0]) && memcmp(memory[0], memory[1], sizeof memory[0]), "the first of two is the one");
	check(memory[0][8] == 7 && memory[0][9] == 7, "between rows nothing is written");
	fv_generate_options o = FV_GENERATE_DEFAULTS;
	o.seed = 1;
	check(!fv_generate(&err, m, &o, 1, out) && memcmp(memory[0], memory[2], sizeof memory[0]), "another seed, the same picture");
	o.seed = 0, o.stops = 2;
	check(!fv_generate(&err, m, &o, 2, out) &&
	      !memcmp(memory[0], memory[2], sizeof memory[0]), "a walk begins elsewhere: %s", err.text);
	check(fv_generate(&err, m, &o, 1, out) == FV_E_ARGUMENT &&
	      strstr(err.text, "walk"), "a walk of one: %s", err.text);
	o.stops = 0, o.label = 1;
	check(fv_generate(&err, m, &o, 1, out) == FV_E_ARGUMENT &&
	      strstr(err.text, "no labels"), "a label: %s", err.text);
	/* What an older caller knows of the options. */
	o.size = offsetof(fv_generate_options, label);
	check(!fv_generate(&err, m, &o, 1, out), "%s", err.text);
	out[0].channels = 3;
	check(fv_generate(&err, m, NULL, 1, out) == FV_E_SHAPE && strstr(err.text, "8x8"), "%s", err.text);
	check(fv_generate(&err, m, NULL, 0, out) == FV_E_ARGUMENT, "no pictures");
	check(fv_generate_size(&err, painter, &each) == FV_E_ARGUMENT && fv_generate(&err, painter, NULL, 1, out) == FV_E_ARGUMENT, "%s", err.text);
	fv_model_free(m);
	fv_model_free(painter);
}

static void sheets(void)
{
	static uint8_t grey[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } }, big[400][300][3];
	static uint16_t deep[1][2][4] = { { { 0x1234, 0x5678, 0x9abc, 0 }, { 0xffff, 0, 0x0100, 0 } } };
	const fv_pixels p[] = { { 3, 2, 1, 8, 3, grey }, { 2, 1, 4, 16, 16, deep }, { 3, 2, 1, 8, 3, grey } };
	fv_pixels sheet = { 0 }, large = { 300, 400, 3, 8, 900, big }, many[6];
	uint8_t out[8][40];
	fv_sheet_options o = FV_SHEET_DEFAULTS;
	check(!fv_sheet_size(&err, p, 3, NULL, &sheet) && sheet.width == 10 && sheet.height == 8 && sheet.channels == 3 && sheet.stride_bytes == 30,
	      "sheet: %dx%d %s", (int)sheet.width, (int)sheet.height, err.text);
	memset(out, 9, sizeof out);
	sheet.data = out, sheet.stride_bytes = 40;
	check(!fv_sheet_draw(&err, context, p, 3, NULL, &sheet), "%s", err.text);
	check(out[1][0] == 4 && out[1][3] == 5 && out[1][8] == 6 && out[1][9] == 255 && out[0][21] == 0x12 && out[0][23] == 0x9a &&
	      out[0][24] == 0xff && out[0][26] == 1 && out[1][21] == 255 && out[6][0] == 1 && out[7][29] == 255 && out[7][30] == 9, "cells are elsewhere");
	sheet.width = 11;
	check(fv_sheet_draw(&err, context, p, 3, NULL, &sheet) == FV_E_SHAPE, "another size");
	check(fv_sheet_size(&err, p, 0, NULL, &sheet) == FV_E_ARGUMENT, "a sheet of nothing");
	/* Too large: cells shrink, all by the same. */
	memset(big, 100, sizeof big);
	for (int i = 0; i < 6; i++)
		many[i] = large;
	many[1].width = 150, many[1].stride_bytes = 900;
	o.columns = 3, o.max_side = 200, o.max_pixels = 20000;
	check(!fv_sheet_size(&err, many, 6, &o, &sheet) && sheet.width <= 200 && sheet.height <= 200 && sheet.width * sheet.height <= 20000 &&
	      sheet.width * sheet.height > 15000, "shrunk: %dx%d %s", (int)sheet.width, (int)sheet.height, err.text);
	uint8_t *data = calloc(1, (size_t)(sheet.stride_bytes * sheet.height));
	sheet.data = data;
	check(data && !fv_sheet_draw(&err, context, many, 6, &o, &sheet) && data[0] == 100 && data[3 * (sheet.width - 1)] == 100 &&
	      data[sheet.stride_bytes * sheet.height - 1] == 100 && data[3 * (sheet.width / 3 - 4)] == 100 && data[3 * (sheet.width / 3 * 2 - 8)] == 255,
	      "shrunk pictures are elsewhere: %s", err.text);
	free(data);
	o.max_side = 6;
	check(fv_sheet_size(&err, many, 6, &o, &sheet) == FV_E_LIMIT && strstr(err.text, "fewer"), "%s", err.text);
}

static int told;
static void tell(void *user, const char *what, double done) { told += *what && done >= 0 && done <= 1.0001 && user == &told; }

static const fv_figure *figure(const fv_evaluation *v, const char *set, const char *name)
{
	static const fv_figure none = { "", "", NAN, -1 };
	for (int i = 0; v && i < v->count; i++)
		if (!strcmp(v->figure[i].set, set) && !strcmp(v->figure[i].name, name))
			return &v->figure[i];
	return &none;
}

static void evaluate(const char *network)
{
	enum { N = 3, W = 120, H = 90 };
	static uint8_t data[3][N][H][W][3];
	fv_pixels p[3][N];
	fv_model *small = open_model(network);
	fv_evaluator_options o = FV_EVALUATOR_DEFAULTS;
	fv_evaluator *e = NULL;
	fv_evaluation *v = NULL;
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < N; i++) {
			for (int j = 0; j < H * W * 3; j++)
				(&data[k][i][0][0][0])[j] = (uint8_t)((j / 3 % W * (k + 2) + j / (3 * W) * (i + 3)) / (k + 1) + j % 3 * 30 + (j * 2654435761u >> 27));
			p[k][i] = (fv_pixels){ W, H, 3, 8, 3 * W, data[k][i] };
		}
	o.network = (const fv_model *const *)&small;
	o.networks = 1;
	o.most = 2;
	o.progress = tell, o.user = &told;
	check(!fv_evaluator_new(&err, context, &o, &e) && !fv_evaluator_add(&err, e, FV_SET_PAINTINGS, p[0], N, true) &&
	      !fv_evaluator_add(&err, e, FV_SET_REAL, p[1], 1, true) && !fv_evaluator_add(&err, e, FV_SET_REAL, p[1] + 1, 2, false), "%s", err.text);
	for (int twice = 0; twice < 2; twice++) {
		fv_evaluation_free(v);
		v = NULL;
		check(!fv_evaluator_measure(&err, e, p[2], p[1], N, &v), "%s", err.text);
		check(figure(v, "painted", "swd")->n == N && figure(v, "painted", "swd")->value > 0 && figure(v, "identity", "ssim")->value == 1 &&
		      figure(v, "real", "chroma")->n == 3 && isnan(figure(v, "real", "ssim")->value), "patches and pixels, of %d figures", v ? v->count : 0);
		check(figure(v, "painted", "hand")->n == 2 && isfinite(figure(v, "painted", "hand")->value) && figure(v, "real", "hand")->n == 1 &&
		      figure(v, "paintings", "coh2")->n == N && isnan(figure(v, "painted", "second_hand")->value) && figure(v, "bands", "coh2_off")->n == 2,
		      "strokes, of %d figures", v ? v->count : 0);
		const fv_figure *far = figure(v, "painted", "feature_frechet");
		check(far->n == N && far->value > 0 && isfinite(far->value) &&
		      figure(v, "painted", "feature_paintings")->value == N &&
		      isnan(figure(v, "painted", "feature_kid")->value) &&
		      figure(v, "bands", "feature_frechet")->value > 0 &&
		      figure(v, "real", "feature_frechet")->n == 3 &&
		      figure(v, "paintings", "feature_frechet")->n == N / 2 &&
		      figure(v, "painted", "lpips")->n == -1, "points, of %d figures",
		      v ? v->count : 0);
	}
	check(told > 5, "told %d times", told);
	fv_evaluation_free(v);
	v = NULL;
	/* Pictures of nothing have no photographs. */
	check(!fv_evaluator_measure(&err, e, NULL, p[1], N, &v), "%s", err.text);
	check(figure(v, "painted", "swd")->value > 0 && isnan(figure(v, "painted", "ssim")->value) &&
	      isfinite(figure(v, "painted", "hand")->value) &&
	      isnan(figure(v, "painted", "content")->value) &&
	      figure(v, "painted", "feature_frechet")->value > 0 &&
	      figure(v, "identity", "swd")->n == -1, "without photographs, of %d figures",
	      v ? v->count : 0);
	fv_evaluation_free(v);
	v = NULL;
	fv_pixels odd = p[1][0];
	odd.channels = 4, odd.stride_bytes = 4 * W;
	check(fv_evaluator_measure(&err, e, p[2], &odd, 1, &v) == FV_E_SHAPE && strstr(err.text, "4 channels"), "%s", err.text);
	fv_evaluator_free(e);
	e = NULL;
	/* Whole pictures alone; of four and more there is KID. */
	o.strokes = false;
	fv_pixels six[2 * N];
	for (int i = 0; i < 2 * N; i++)
		six[i] = p[i / N][i % N];
	check(!fv_evaluator_new(&err, context, &o, &e) &&
	      !fv_evaluator_add(&err, e, FV_SET_PAINTINGS, six, 2 * N, true) &&
	      !fv_evaluator_measure(&err, e, NULL, six, 2 * N, &v), "%s", err.text);
	const fv_figure *kid = figure(v, "painted", "feature_kid");
	check(kid->n == 2 * N && isfinite(kid->value) && figure(v, "painted", "hand")->n == -1 &&
	      fabs(figure(v, "painted", "feature_frechet")->value) < 1e-3,
	      "KID %g of %d, and the same set is %g away", kid->value, kid->n,
	      figure(v, "painted", "feature_frechet")->value);
	fv_evaluation_free(v);
	v = NULL;
	fv_evaluator_free(e);
	e = NULL;
	o.lpips = "no such file";
	check(fv_evaluator_new(&err, context, &o, &e) == FV_E_READ &&
	      strstr(err.text, "no such file"), "%s", err.text);
	o.lpips = NULL;
	o.networks = 0;
	check(!fv_evaluator_new(&err, context, &o, &e) && fv_evaluator_measure(&err, e, p[2], p[1], N, &v) == FV_E_ARGUMENT, "no paintings: %s", err.text);
	fv_evaluator_free(e);
	fv_model_free(small);
}

int main(int argc, char **argv)
{
	if (argc != 4 || fv_context_new(&err, NULL, &context))
		return 2;
	describe(argv[1], argv[2]);
	generate(argv[1], argv[2]);
	sheets();
	evaluate(argv[3]);
	fv_context_free(context);
	return finish("library");
}
