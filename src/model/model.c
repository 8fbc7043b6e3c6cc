/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a model file: metadata says which network; building it once proves that the weights fit. */
#include "model/model.h"
#include "base/json.h"
#include "model/weights.h"
#include <stdio.h>
#include <stdlib.h>

#define FORMAT 1                        /* of the metadata; a file made for a newer reader is refused */

json_t *fv_strokenet_json(const fv_strokenet *c)
{
	json_t *brush = json_array();
	for (int i = 0; i < c->brushes; i++)
		json_array_append_new(brush, json_real(c->brush[i]));
	return json_pack("{s:i, s:i, s:i, s:i, s:b, s:s, s:o, s:f, s:f}", "width", c->width, "blocks", c->blocks, "marks", c->marks, "stem", c->stem, "affine", c->affine,
	                 "medium", fv_medium_name[c->medium], "brush", brush, "length", c->length, "bristle", c->bristle);
}

json_t *fv_resnet_json(const fv_resnet *c) { return json_pack("{s:i, s:i}", "width", c->width, "blocks", c->blocks); }

json_t *fv_dense_json(const fv_dense *c)
{
	json_t *hidden = json_array();
	for (int i = 0; i < c->layers; i++)
		json_array_append_new(hidden, json_integer(c->hidden[i]));
	return json_pack("{s:i, s:o, s:i}", "noise", c->noise, "hidden", hidden, "out", c->out);
}

json_t *fv_palette_json(uint8_t (*colour)[3], int count)
{
	char text[6 * FV_PALETTE_MOST + 1] = "";
	for (int i = 0; i < count && i < FV_PALETTE_MOST; i++)
		snprintf(text + 6 * i, 7, "%02x%02x%02x", colour[i][0], colour[i][1], colour[i][2]);
	return json_string(text);
}

static int whole(json_t *j, const char *key)
{
	json_t *v = json_object_get(j, key);
	json_int_t i = json_is_integer(v) ? json_integer_value(v) : -1;
	return i < 0 || i > 1 << 20 ? -1 : (int)i;
}

static fv_status read_strokenet(fv_err *err, json_t *j, fv_model *m)
{
	json_t *brush = json_object_get(j, "brush");
	if (!brush && json_object_get(j, "stroke"))
		return fv_fail(err, FV_E_FORMAT, "it was made by an early fauve, which painted with streaks and not with dabs; train it anew");
	json_t *affine = json_object_get(j, "affine");
	if (affine && !json_is_boolean(affine))
		return fv_fail(err, FV_E_FORMAT, "strokenet: 'affine' is neither true nor false");
	m->strokenet = (fv_strokenet){ .width = whole(j, "width"), .blocks = whole(j, "blocks"), .marks = whole(j, "marks"), .stem = whole(j, "stem"),
	                               .affine = json_is_true(affine), .brushes = (int)fv_min((int64_t)json_array_size(brush), FV_STROKE_BRUSHES + 1),
	                               .length = json_number_value(json_object_get(j, "length")), .bristle = json_number_value(json_object_get(j, "bristle")) };
	for (int i = 0; i < m->strokenet.brushes && i < FV_STROKE_BRUSHES; i++)
		m->strokenet.brush[i] = json_number_value(json_array_get(brush, (size_t)i));
	json_t *named = json_object_get(j, "medium");
	const char *medium = json_string_value(named);
	m->strokenet.medium = named ? FV_MEDIA : FV_MEDIUM_OIL;         /* a model from before prints names none */
	for (int i = 0; i < FV_MEDIA && medium; i++)
		if (!strcmp(medium, fv_medium_name[i]))
			m->strokenet.medium = (fv_medium)i;
	return fv_strokenet_check(err, &m->strokenet);
}

static fv_status read_resnet(fv_err *err, json_t *j, fv_model *m)
{
	m->resnet = (fv_resnet){ whole(j, "width"), whole(j, "blocks") };
	return fv_resnet_check(err, &m->resnet);
}

static fv_status read_dense(fv_err *err, json_t *j, fv_model *m)
{
	json_t *hidden = json_object_get(j, "hidden");
	size_t n = json_array_size(hidden);
	m->dense = (fv_dense){ .noise = whole(j, "noise"), .out = whole(j, "out"), .layers = (int)n };
	if (n < 1 || n > FV_COUNT(m->dense.hidden) || m->dense.noise < 1 || m->dense.out < 1)
		return fv_fail(err, FV_E_FORMAT, "the network's sizes are out of range");
	for (size_t i = 0; i < n; i++) {
		json_int_t h = json_integer_value(json_array_get(hidden, i));
		if (h < 1 || h > 1 << 20)
			return fv_fail(err, FV_E_FORMAT, "a hidden layer of %" JSON_INTEGER_FORMAT, h);
		m->dense.hidden[i] = (int)h;
	}
	return FV_OK;
}

static fv_status read_vgg(fv_err *err, json_t *j, fv_model *m)
{
	const char *pooling = json_string_value(json_object_get(j, "pooling"));
	int depth = whole(j, "depth"), width = whole(j, "width");
	if (!(depth == 16 && width == 64) && !(depth == 19 && width == 16))
		return fv_fail(err, FV_E_FORMAT, "VGG-%d of width %d is unknown; VGG-16 of width 64 and VGG-19 of width 16 are understood", depth, width);
	if (!pooling || (strcmp(pooling, "max") && strcmp(pooling, "average")))
		return fv_fail(err, FV_E_FORMAT, "pooling '%s' is unknown; max and average are understood", pooling ? pooling : "");
	m->vgg = (fv_vgg){ .small = width == 16, .average = !strcmp(pooling, "average") };
	return FV_OK;
}

/* Appends the network to a graph that nobody runs: a weight that is missing or has another shape is found here. */
static fv_status prove(fv_err *err, fv_model *m)
{
	fv_graph *g;
	fv_status st = fv_graph_new(err, m->context, &g);
	if (st)
		return st;
	fv_scope s = { .g = g, .store = m->store, .prefix = "" };
	fv_node *x = fv_input(g, "x", FV_F32, fv_nhwc(1, 32, 32, 3));
	if (!strcmp(m->family, "strokenet"))
		fv_strokenet_build(&s, &m->strokenet, x, fv_input(g, "z", FV_F32, fv_nhwc(1, 32, 32, FV_STROKE_MARKS)));
	else if (!strcmp(m->family, "resnet"))
		fv_resnet_build(&s, &m->resnet, x);
	else if (!strcmp(m->family, "vgg"))
		fv_vgg_build(&s, &m->vgg, x, FV_VGG_LAYERS - 1, (fv_node *[FV_VGG_LAYERS]){ NULL });
	else
		fv_dense_generator(&s, &m->dense, fv_input(g, "z", FV_F32, FV_SHAPE(1, m->dense.noise)));
	if (g->err.status)
		st = fv_fail(err, g->err.status, "%s", g->err.text);
	fv_graph_free(g);
	return st;
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* A model may have none. */
static fv_status read_palette(fv_err *err, json_t *j, fv_model *m)
{
	const char *text = json_string_value(j);
	size_t n = json_string_length(j);
	if (!j)
		return FV_OK;
	if (!text || n % 6 || n < 6 * FV_PALETTE_LEAST || n > 6 * FV_PALETTE_MOST)
		return fv_fail(err, FV_E_FORMAT, "its palette is no text of %d to %d colours of six hexadecimal digits", FV_PALETTE_LEAST, FV_PALETTE_MOST);
	for (size_t i = 0; i < n; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);
		if (high < 0 || low < 0)
			return fv_fail(err, FV_E_FORMAT, "colour %d of its palette is not six hexadecimal digits", (int)(i / 6) + 1);
		m->palette[i / 6][i / 2 % 3] = (uint8_t)(16 * high + low);
	}
	m->colours = (int)(n / 6);
	return FV_OK;
}

/* A model may have none. */
static fv_status read_relief(fv_err *err, json_t *j, fv_model *m)
{
	for (size_t i = 0; i < FV_RELIEF_BANDS; i++) {
		double gain = m->relief[i] = j ? json_number_value(json_array_get(j, i)) : 1;
		if (!(gain >= 0.25 && gain <= 4) || (j && json_array_size(j) != FV_RELIEF_BANDS))
			return fv_fail(err, FV_E_FORMAT, "its relief is no list of %d numbers from 0.25 to 4", FV_RELIEF_BANDS);
	}
	return FV_OK;
}

static fv_status understand(fv_err *err, fv_model *m)
{
	const char *family = json_string_value(json_object_get(m->about, "family"));
	json_t *network = json_object_get(m->about, "network");
	int reader = whole(m->about, "reader");
	if (reader < 1 || !family || !json_is_object(network))
		return fv_fail(err, FV_E_FORMAT, "its metadata names no network");
	if (reader > FORMAT)
		return fv_fail(err, FV_E_FORMAT, "it was made for a newer fauve (format %d, this one reads %d): update fauve", reader, FORMAT);
	static const char *const texts[] = { "program", "title", "data", "licence", "date" };
	for (size_t i = 0; i < FV_COUNT(texts); i++) {
		json_t *t = json_object_get(m->about, texts[i]);
		if (t && !json_is_string(t))
			return fv_fail(err, FV_E_FORMAT, "'%s' in its metadata is no text", texts[i]);
	}
	snprintf(m->family, sizeof m->family, "%s", family);
	if (!strcmp(family, "strokenet"))
		return read_strokenet(err, network, m);
	if (!strcmp(family, "stylenet"))
		return fv_fail(err, FV_E_FORMAT, "it was made by an early fauve (family stylenet), which painted without strokes; train it anew");
	if (!strcmp(family, "resnet"))
		return read_resnet(err, network, m);
	if (!strcmp(family, "dense"))
		return read_dense(err, network, m);
	if (!strcmp(family, "vgg"))
		return read_vgg(err, network, m);
	return fv_fail(err, FV_E_FORMAT, "network family '%s' is unknown to this fauve", m->family);
}

fv_status fv_model_open(fv_err *err, fv_context *c, const char *path, fv_model **out)
{
	fv_err e = { 0 };
	fv_safetensors f = { 0 };
	fv_model *m = NULL;
	fv_status st = fv_safetensors_open(err, c, path, &f);
	if (st)
		return st;
	const char *text = fv_safetensors_text(&f, "fauve");
	if (!text) {
		st = fv_fail(err, FV_E_FORMAT, "%s: holds weights but does not say of which network (no 'fauve' in its metadata)", path);
		goto done;
	}
	if (!(m = fv_alloc(c, sizeof *m))) {
		st = fv_fail_memory(err, path, sizeof *m);
		goto done;
	}
	m->context = c;
	if ((st = fv_store_new(err, c, &m->store)))
		goto done;
	m->about = fv_json_read(&e, c, "its metadata", text, strlen(text));
	st = m->about ? understand(&e, m) : e.status;
	if (!st)
		st = read_palette(&e, json_object_get(m->about, "palette"), m);
	if (!st)
		st = read_relief(&e, json_object_get(m->about, "relief"), m);
	if (!st && !(st = fv_weights_make(&e, "weights", &f, m->store)))
		st = prove(&e, m);
	if (st)
		st = fv_fail(err, st, "%s: %s", path, e.text);
done:
	fv_safetensors_close(&f);
	if (st)
		fv_model_free(m);
	else
		*out = m;
	return st;
}

void fv_model_free(fv_model *m)
{
	if (!m)
		return;
	json_decref(m->about);
	fv_store_free(m->store);
	fv_free(m->context, m);
}

fv_status fv_model_write(fv_err *err, fv_context *c, const char *path, fv_store *store, const char *prefix, const char *family, json_t *network,
                         json_t *about)
{
	fv_variable *v[FV_PARAMS_MAX];
	const char *name[FV_PARAMS_MAX];
	/* A painter's rounding is far below what its precision is. */
	const fv_type as = strcmp(family, "strokenet") ? FV_F32 : FV_F16;
	int n = fv_params(store, prefix, v, FV_PARAMS_MAX);
	for (int i = 0; i < n; i++)
		name[i] = v[i]->name + strlen(prefix);
	json_t *all = json_pack("{s:i, s:i, s:s, s:s, s:O}", "format", FORMAT, "reader", 1, "program", FV_VERSION, "family", family, "network", network);
	if (all && about)
		json_object_update(all, about);
	char *text = all ? json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_t *metadata = text ? json_pack("{s:s, s:s}", "fauve", text, "format", "pt") : NULL;
	fv_status st = metadata ? fv_weights_write(err, c, path, v, name, n, true, as, metadata) : fv_fail(err, FV_E_MEMORY, "%s: no memory", path);
	json_decref(metadata);
	json_decref(all);
	free(text);
	return st;
}
