/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a model file: metadata says which network; building it once proves that the weights fit. */
#include "model/model.h"
#include "base/json.h"
#include "model/weights.h"
#include <stdio.h>
#include <stdlib.h>

#define FORMAT 1                        /* of the metadata; a file made for a newer reader is refused */

json_t *fv_colours_json(uint8_t (*colour)[3], int count)
{
	char text[6 * FV_PALETTE_MOST + 1] = "";
	for (int i = 0; i < count && i < FV_PALETTE_MOST; i++)
		snprintf(text + 6 * i, 7, "%02x%02x%02x", colour[i][0], colour[i][1], colour[i][2]);
	return json_string(text);
}

/* Appends the network to a graph that nobody runs: a weight that is missing or has another shape is found here. */
static fv_status prove(fv_err *err, fv_model *m)
{
	fv_graph *g;
	fv_status st = fv_graph_new(err, m->context, &g);
	if (st)
		return st;
	fv_scope s = { .g = g, .store = m->store, .prefix = "" };
	int64_t side = fv_port_side(&m->family->in[0], m->config, 32);
	fv_family_build(&s, m->family, m->config, side, side, (fv_node *[FV_PORTS]){ NULL }, (fv_node *[FV_PORTS]){ NULL });
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
	json_int_t reader = json_integer_value(json_object_get(m->about, "reader"));
	if (reader < 1 || reader > 1 << 20 || !family || !json_is_object(network))
		return fv_fail(err, FV_E_FORMAT, "its metadata names no network");
	if (reader > FORMAT)
		return fv_fail(err, FV_E_FORMAT, "it was made for a newer fauve (format %d, this one reads %d): update fauve", (int)reader, FORMAT);
	static const char *const texts[] = { "program", "title", "data", "licence", "date" };
	for (size_t i = 0; i < FV_COUNT(texts); i++) {
		json_t *t = json_object_get(m->about, texts[i]);
		if (t && !json_is_string(t))
			return fv_fail(err, FV_E_FORMAT, "'%s' in its metadata is no text", texts[i]);
	}
	fv_status st = fv_family_find(err, family, network, &m->family);
	if (st)
		return st;
	if (!(m->config = fv_alloc(m->context, m->family->bytes)))
		return fv_fail_memory(err, "its network", m->family->bytes);
	return fv_family_read(err, m->family, network, m->config);
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
	if (!st && !(st = fv_weights_make(&e, "weights", &f, true, m->store)))
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
	fv_free(m->context, m->config);
	fv_free(m->context, m);
}

fv_status fv_model_write(fv_err *err, fv_context *c, const char *path, fv_store *store, const char *prefix, const fv_family *family,
                         const void *config, json_t *about)
{
	int n = fv_params(store, prefix, NULL);
	fv_variable **v = fv_alloc(c, ((size_t)n + 1) * 2 * sizeof *v);
	const char **name = (const char **)(v + n);
	if (!v)
		return fv_fail_memory(err, path, (size_t)n * 2 * sizeof *v);
	fv_params(store, prefix, v);
	for (int i = 0; i < n; i++)
		name[i] = v[i]->name + strlen(prefix);
	json_t *all = json_pack("{s:i, s:i, s:s, s:s, s:o}", "format", FORMAT, "reader", 1, "program", FV_VERSION, "family", family->name,
	                        "network", fv_family_json(family, config));
	if (all && about)
		json_object_update(all, about);
	char *text = all ? json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_t *metadata = text ? json_pack("{s:s, s:s}", "fauve", text, "format", "pt") : NULL;
	fv_status st = metadata ? fv_weights_write(err, c, path, v, name, n, true, family->stored, metadata) : fv_fail(err, FV_E_MEMORY, "%s: no memory", path);
	json_decref(metadata);
	json_decref(all);
	free(text);
	fv_free(c, v);
	return st;
}
