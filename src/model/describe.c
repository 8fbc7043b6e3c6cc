/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of an open model, in words: from its family's record and its file's metadata. */
#include "model/model.h"
#include <stdlib.h>

#define SHORT (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10))

typedef struct { fv_description d; fv_arena *arena; } description;

static const char *const uses[] = { [FV_PAINTS] = "paints", [FV_GENERATES] = "generates",
                                    [FV_LOOKS] = "looks" };
static const char *const kinds[] = {
	[FV_PORT_IMAGE] = "image", [FV_PORT_NOISE] = "noise", [FV_PORT_MARKS] = "marks",
	[FV_PORT_LABEL] = "label", [FV_PORT_MASK] = "mask", [FV_PORT_MAP] = "map",
};

/* An object's entries as text, but those of `without`; NULL: no memory. */
static const fv_named *named(fv_arena *a, json_t *object, const char *const *without, int *count)
{
	fv_named *list = fv_arena_get(a, (json_object_size(object) + 1) * sizeof *list);
	const char *name;
	json_t *v;
	json_object_foreach(object, name, v) {
		bool out = false;
		for (const char *const *w = without; w && *w; w++)
			out |= !strcmp(*w, name);
		if (out || !list)
			continue;
		char *text = json_is_string(v) ? NULL : json_dumps(v, SHORT);
		const char *value = json_is_string(v) ? json_string_value(v) : text;
		list[*count].name = fv_arena_text(a, "%s", name);
		list[*count].value = value ? fv_arena_text(a, "%s", value) : NULL;
		free(text);
		if (!list[*count].name || !list[*count].value)
			return NULL;
		++*count;
	}
	return list;
}

static const fv_model_port *ports(fv_arena *a, const fv_port *p, const void *config, json_t *list,
                                  int *count)
{
	fv_model_port *out = fv_arena_get(a, FV_PORTS * sizeof *out);
	for (; out && p->name; p++) {
		if (fv_port_missing(p, config))
			continue;
		fv_model_port v = { p->name, p->kind, 0, p->low, p->high, 1, 1 };
		v.channels = p->kind == FV_PORT_MAP ? 0 : fv_port_channels(p, config);
		v.multiple = fv_port_multiple(p, config);
		v.least = fv_port_least(p, config);
		json_t *j = json_pack("{s:s, s:s, s:i, s:f, s:f, s:i, s:i}", "name", v.name, "kind",
		                      kinds[v.kind], "channels", v.channels, "low", v.low, "high", v.high,
		                      "multiple", v.multiple, "least", v.least);
		if (json_array_append_new(list, j))
			return NULL;
		out[(*count)++] = v;
	}
	return out;
}

/* The names of its labels: the file's, or their numbers. NULL: no memory. */
static const char *const *labels(fv_arena *a, const fv_description *d, json_t *about, int *count)
{
	json_t *names = json_object_get(about, "labels");
	for (int i = 0; i < d->inputs; i++)
		if (d->input[i].kind == FV_PORT_LABEL)
			*count = d->input[i].channels;
	const char **list = fv_arena_get(a, (size_t)(*count + 1) * sizeof *list);
	for (int i = 0; i < *count && list; i++) {
		const char *name = json_string_value(json_array_get(names, (size_t)i));
		list[i] = name ? fv_arena_text(a, "%s", name) : fv_arena_text(a, "%d", i);
		if (!list[i])
			return NULL;
	}
	return list;
}

fv_status fv_model_describe(fv_err *err, const fv_model *m, fv_description **out)
{
	static const char *const known[] = { "family", "network", "format", "reader", "palette",
	                                     NULL };
	const fv_family *f = m->family;
	fv_arena *a = fv_arena_new(m->context);
	description *all = a ? fv_arena_get(a, sizeof *all) : NULL;
	json_t *network = fv_family_json(f, m->config), *in = json_array(), *made = json_array();
	char *text = NULL;
	if (all) {
		fv_description *d = &all->d;
		*all = (description){ .arena = a };
		d->family = f->name, d->use = f->use, d->colours = m->colours;
		d->parameter = named(a, network, NULL, &d->parameters);
		d->fact = named(a, m->about, known, &d->facts);
		d->input = ports(a, f->in, m->config, in, &d->inputs);
		d->output = ports(a, f->out, m->config, made, &d->outputs);
		if (d->input)
			d->label = labels(a, d, m->about, &d->labels);
		d->palette = fv_arena_get(a, sizeof m->palette);
		json_t *j = json_pack("{s:s, s:s, s:O, s:O, s:O, s:O}", "family", f->name, "use",
		                      uses[f->use], "parameters", network, "inputs",
		                      in, "outputs", made, "metadata", m->about);
		text = j ? json_dumps(j, JSON_COMPACT) : NULL;
		json_decref(j);
		d->json = text ? fv_arena_text(a, "%s", text) : NULL;
		if (d->palette)
			memcpy((void *)d->palette, m->palette, sizeof m->palette);
		if (d->parameter && d->fact && d->input && d->output && d->label &&
		    d->palette && d->json)
			*out = d;
		else
			all = NULL;
	}
	json_decref(network);
	json_decref(in);
	json_decref(made);
	free(text);
	if (!all)
		fv_arena_free(a);
	return all ? FV_OK : fv_fail_memory(err, "a model's description", sizeof *all);
}

void fv_description_free(fv_description *d)
{
	if (d)
		fv_arena_free(((description *)d)->arena);
}
