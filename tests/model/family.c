/* SPDX-License-Identifier: Apache-2.0 */
/* The records of all families, and what follows from a record: one of the test's own has every kind
 * of parameter, and ranges that no other has. */
#include "model/model.h"
#include "test.h"
#include <stdlib.h>

/* ------------------------------------------------------------------ every family's record */
static void check_ports(const fv_family *f, const void *config)
{
	for (int i = 0; f->in[i].name; i++)
		check(fv_port_channels(&f->in[i], config) > 0 || fv_port_missing(&f->in[i], config),
		      "%s: input %s has no channels", f->name,
		      f->in[i].name);
	for (int k = 0; k < 2; k++)
		for (const fv_port *p = k ? f->out : f->in; p->name; p++)
			check(p->kind != FV_PORT_IMAGE || p->low < p->high, "%s: %s has no range",
			      f->name, p->name);
	int image = fv_port_find(f->in, FV_PORT_IMAGE), marks = fv_port_find(f->in, FV_PORT_MARKS);
	check((f->use == FV_GENERATES) == (fv_port_find(f->in, FV_PORT_NOISE) == 0),
	      "%s: what generates begins with noise", f->name);
	check((f->use == FV_GENERATES) == !!f->floats, "%s: what generates says its floats", f->name);
	check(f->use == FV_GENERATES || (image >= 0 && f->in[image].channels == 3),
	      "%s: sees no picture", f->name);
	check((marks >= 0) == !!f->strokes, "%s: marks without strokes, or strokes without", f->name);
	check(f->use == FV_LOOKS || f->out[0].kind == FV_PORT_IMAGE, "%s: makes no picture", f->name);
}

static void check_record(fv_context *c, const fv_family *f)
{
	fv_err err = { 0 };
	fv_graph *g = NULL;
	fv_store *s = NULL;
	fv_node *in[FV_PORTS] = { NULL }, *out[FV_PORTS] = { NULL };
	void *config = calloc(1, f->bytes), *again = calloc(1, f->bytes);
	fv_family_preset(f, config);
	check(!fv_family_check(&err, f, config), "%s: its presets: %s", f->name, err.text);
	json_t *j = fv_family_json(f, config);
	check(j && !fv_family_read(&err, f, j, again) && !memcmp(config, again, f->bytes),
	      "%s: written and read it differs: %s", f->name, err.text);
	check_ports(f, config);
	if (!fv_store_new(&err, c, &s) && !fv_graph_new(&err, c, &g)) {
		fv_scope scope = { .g = g, .store = s, .prefix = "", .create = true };
		int64_t side = fv_port_side(&f->in[0], config, 1);
		fv_family_build(&scope, f, config, side, side, in, out);
		for (int i = 0; f->out[i].name; i++)
			check(!g->err.status && out[i], "%s: output %s: %s", f->name, f->out[i].name,
			      g->err.text);
	}
	json_decref(j);
	fv_graph_free(g);
	fv_store_free(s);
	free(config);
	free(again);
}

/* ------------------------------------------------------------------ one of the test's own */
typedef struct {
	int whole, ints, floats, list[3];
	double part, parts[2];
	bool truth;
	enum { FIRST, SECOND, THIRD } word;
} config;

static const char *const words[] = { "first", "second", "third", NULL };
static const fv_parameter parameters[] = {
	{ .name = "whole", .type = FV_PARAMETER_INT, .at = offsetof(config, whole), .low = -2,
	  .high = 9, .preset = { 3 }, .help = "a whole one" },
	{ .name = "part", .type = FV_PARAMETER_FLOAT, .at = offsetof(config, part), .low = 0.5,
	  .high = 2, .preset = { 1.5 }, .help = "a part" },
	{ .name = "truth", .type = FV_PARAMETER_BOOL, .at = offsetof(config, truth), .preset = { 1 },
	  .optional = true, .help = "a truth" },
	{ .name = "word", .type = FV_PARAMETER_WORD, .at = offsetof(config, word), .words = words,
	  .preset = { THIRD }, .optional = true, .help = "a word" },
	{ .name = "list", .type = FV_PARAMETER_INTS, .at = offsetof(config, list),
	  .count_at = offsetof(config, ints), .most = 3, .low = 1, .high = 5, .preset = { 4, 2 },
	  .presets = 2, .help = "some whole ones" },
	{ .name = "parts", .type = FV_PARAMETER_FLOATS, .at = offsetof(config, parts),
	  .count_at = offsetof(config, floats), .most = 2, .low = 0, .high = 1, .preset = { 0.25 },
	  .presets = 1, .help = "some parts" },
	{ 0 },
};

static fv_status even(fv_err *err, const void *v)
{
	return ((const config *)v)->whole == 8 ? fv_fail(err, FV_E_FORMAT, "not eight") : FV_OK;
}

/* What it is shown, times weights of one. */
static void build(const fv_scope *s, const void *v, fv_node *const *in, fv_node **out)
{
	fv_node *one = fv_param(s, FV_SHAPE(3), FV_INIT_ONE, 0, "one"),
		*zero = fv_param(s, FV_SHAPE(3), FV_INIT_ZERO, 0, "zero");
	out[0] = fv_affine(s->g, in[0], one, zero);
}

static const fv_family toy = {
	.name = "toy", .use = FV_PAINTS, .bytes = sizeof(config), .parameter = parameters,
	.check = even, .build = build,
	.in = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels = 3, .low = 0, .high = 1,
	          .multiple = 8, .least = 24 } },
	.out = { { .name = "painting", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1, .high = 3 } },
};

static void read_values(void)
{
	static const struct { const char *text, *words; } wrong[] = {
		{ "{}", "'whole' is not there: a whole one: a whole number from -2 to 9" },
		{ "{\"whole\":10}", "'whole' is 10" },
		{ "{\"whole\":3.0}", "'whole' is 3.0" },
		{ "{\"whole\":9223372036854775807}", "'whole' is 9223372036854775807" },
		{ "{\"whole\":\"3\"}", "'whole' is \"3\"" },
		{ "{\"whole\":\"123456789 123456789 123456789 123456789 123456789 123456789\"}", "or long" },
		{ "{\"whole\":3}", "'part'" },
		{ "{\"whole\":3,\"part\":0.4}", "'part' is 0.4" },
		{ "{\"whole\":3,\"part\":1,\"truth\":1}", "'truth' is 1: a truth: true or false" },
		{ "{\"whole\":3,\"part\":1,\"word\":\"fifth\"}", "first, second or third" },
		{ "{\"whole\":3,\"part\":1,\"word\":1}", "'word' is 1" },
		{ "{\"whole\":3,\"part\":1,\"list\":[]}", "a list of 1 to 3 whole numbers from 1 to 5" },
		{ "{\"whole\":3,\"part\":1,\"list\":[1,2,3,4]}", "'list' is [1,2,3,4]" },
		{ "{\"whole\":3,\"part\":1,\"list\":[1,6]}", "'list'" },
		{ "{\"whole\":3,\"part\":1,\"list\":[1],\"parts\":0.5}", "'parts' is 0.5" },
		{ "{\"whole\":3,\"part\":1,\"list\":[1],\"parts\":[0.5,\"1\"]}", "'parts'" },
		{ "{\"whole\":8,\"part\":1,\"list\":[1],\"parts\":[1]}", "not eight" },
	};
	config v;
	for (size_t i = 0; i < FV_COUNT(wrong); i++) {
		fv_err err = { 0 };
		json_t *j = json_loads(wrong[i].text, 0, NULL);
		check(fv_family_read(&err, &toy, j, &v) == FV_E_FORMAT && strstr(err.text, wrong[i].words),
		      "%s: no word of '%s' in: %s", wrong[i].text, wrong[i].words, err.text);
		json_decref(j);
	}
	json_t *j = json_loads("{\"whole\":-2,\"part\":2,\"list\":[5],\"parts\":[0,1]}", 0, NULL);
	fv_err err = { 0 };
	memset(&v, 1, sizeof v);
	check(!fv_family_read(&err, &toy, j, &v) && v.whole == -2 && v.part == 2 && !v.truth &&
	              v.word == FIRST && v.ints == 1 && v.list[0] == 5 && v.floats == 2,
	      "values at the ends: %s", err.text);
	json_decref(j);
}

static void write_values(void)
{
	config v = { 0 };
	fv_err err = { 0 };
	fv_family_preset(&toy, &v);
	json_t *j = fv_family_json(&toy, &v);
	char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
	check(!strcmp(text, "{\"list\":[4,2],\"part\":1.5,\"parts\":[0.25],\"truth\":true,"
	                    "\"whole\":3,\"word\":\"third\"}"), "written: %s", text);
	free(text);
	json_decref(j);
	v.ints = 4;
	check(fv_family_check(&err, &toy, &v) == FV_E_FORMAT && strstr(err.text, "'list' is a list of 4"),
	      "a list that is too long: %s", err.text);
	v.ints = 2, v.part = 3;
	check(fv_family_check(&err, &toy, &v) == FV_E_FORMAT && strstr(err.text, "'part' is 3"),
	      "a number out of its range: %s", err.text);
	v.part = 1, v.word = 3;
	check(fv_family_check(&err, &toy, &v) == FV_E_FORMAT, "a word that there is not");
	v.word = FIRST, v.whole = 8;
	check(fv_family_check(&err, &toy, &v) == FV_E_FORMAT, "what the table cannot say");
}

/* It shows [0,1] in [-1,3]: black is a quarter of the way up, white half of it. */
static void paint(fv_context *c)
{
	enum { W = 30, H = 10 };
	uint8_t from[H * W * 3], to[H * W * 3] = { 0 };
	config v = { 0 };
	fv_err err = { 0 };
	fv_graph *g = NULL;
	fv_model m = { .context = c, .family = &toy, .config = &v, .relief = { 1, 1 } };
	for (size_t i = 0; i < sizeof from; i++)
		from[i] = (uint8_t)(i * 7);
	fv_family_preset(&toy, &v);
	if (!check(!fv_store_new(&err, c, &m.store) && !fv_graph_new(&err, c, &g), "%s", err.text))
		return;
	fv_scope s = { .g = g, .store = m.store, .prefix = "", .create = true };
	fv_node *in[FV_PORTS] = { NULL }, *out[FV_PORTS] = { NULL };
	fv_family_build(&s, &toy, &v, 24, 24, in, out);
	const fv_pixels a = { W, H, 3, 8, 3 * W, from };
	fv_pixels b = { W, H, 3, 8, 3 * W, to };
	check(!fv_paint(&err, &m, &a, NULL, &b), "painting: %s", err.text);
	int off = 0;
	for (size_t i = 0; i < sizeof from; i++)
		off = (int)fv_max(off, abs(to[i] - (from[i] + 255) / 4));
	check(off <= 1, "its colours are off by %d", off);
	fv_graph_free(g);
	fv_store_free(m.store);
}

static void find(void)
{
	static const struct { const char *name, *network, *words; } file[] = {
		{ "strokenet", "{\"brush\":[8],\"stroke\":[3]}", NULL },
		{ "strokenet", "{\"width\":8,\"stroke\":[3]}", "streaks and not with dabs" },
		{ "stylenet", "{\"width\":8}", "(family stylenet), which painted without strokes" },
		{ "strokene", "{}", "'strokene' is unknown" },
		{ "", "{}", "'' is unknown" },
	};
	for (size_t i = 0; i < FV_COUNT(file); i++) {
		fv_err err = { 0 };
		const fv_family *f = NULL;
		json_t *j = json_loads(file[i].network, 0, NULL);
		fv_status st = fv_family_find(&err, file[i].name, j, &f);
		check(file[i].words ? st == FV_E_FORMAT && strstr(err.text, file[i].words)
		                    : !st && f == &fv_family_strokenet,
		      "a file of family %s: %s", file[i].name, err.text);
		json_decref(j);
	}
}

int main(void)
{
	fv_context *c = NULL;
	fv_err err = { 0 };
	if (!check(!fv_context_new(&err, NULL, &c), "%s", err.text))
		return finish("family");
	for (const fv_family *const *f = fv_families; *f; f++)
		check_record(c, *f);
	check_record(c, &toy);
	find();
	read_values();
	write_values();
	paint(c);
	fv_context_free(c);
	return finish("family");
}
