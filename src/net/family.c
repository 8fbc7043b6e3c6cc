/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a family's record. */
#include "net/family.h"
#include <stdio.h>

#define SHOWN 60                        /* characters of a wrong value that a sentence repeats */

static const void *at(const void *config, size_t offset) { return (const char *)config + offset; }
static void *in(void *config, size_t offset) { return (char *)config + offset; }

static bool is_list(const fv_parameter *p)
{
	return p->type == FV_PARAMETER_INTS || p->type == FV_PARAMETER_FLOATS;
}

/* ------------------------------------------------------------------ values as numbers */
static double get(const fv_parameter *p, const void *config, int i)
{
	const void *v = at(config, p->at);
	if (p->type == FV_PARAMETER_BOOL)
		return *(const bool *)v;
	if (p->type == FV_PARAMETER_FLOAT || p->type == FV_PARAMETER_FLOATS)
		return ((const double *)v)[i];
	return ((const int *)v)[i];
}

static void put(const fv_parameter *p, void *config, int i, double value)
{
	void *v = in(config, p->at);
	if (p->type == FV_PARAMETER_BOOL)
		*(bool *)v = value != 0;
	else if (p->type == FV_PARAMETER_FLOAT || p->type == FV_PARAMETER_FLOATS)
		((double *)v)[i] = value;
	else
		((int *)v)[i] = (int)value;
}

static int count(const fv_parameter *p, const void *config)
{
	return is_list(p) ? *(const int *)at(config, p->count_at) : 1;
}

/* Words and truths are as good as the table's type. */
static bool fits(const fv_parameter *p, double v)
{
	if (p->type == FV_PARAMETER_BOOL)
		return true;
	if (p->type != FV_PARAMETER_WORD)
		return v >= p->low && v <= p->high;
	int words = 0;
	while (p->words[words])
		words++;
	return v >= 0 && v < words;
}

/* ------------------------------------------------------------------ the sentence */
static void expected(const fv_parameter *p, char *to, size_t room)
{
	const char *whole = p->type == FV_PARAMETER_INT || p->type == FV_PARAMETER_INTS ? "whole "
	                                                                                : "";
	if (p->type == FV_PARAMETER_BOOL)
		snprintf(to, room, "true or false");
	else if (p->type == FV_PARAMETER_WORD)
		for (int i = 0, n = 0; p->words[i] && n < (int)room; i++)
			n += snprintf(to + n, room - (size_t)n, "%s%s",
			              !i ? "" : p->words[i + 1] ? ", " : " or ", p->words[i]);
	else if (is_list(p))
		snprintf(to, room, "a list of 1 to %d %snumbers from %.10g to %.10g", p->most,
		         whole, p->low, p->high);
	else
		snprintf(to, room, "a %snumber from %.10g to %.10g", whole, p->low, p->high);
}

static fv_status wrong(fv_err *err, const fv_family *f, const fv_parameter *p, const char *value)
{
	char what[200];
	expected(p, what, sizeof what);
	return fv_fail(err, FV_E_FORMAT, "%s: '%s' is %s: %s: %s", f->name, p->name, value, p->help,
	               what);
}

/* ------------------------------------------------------------------ JSON */
static bool read_value(const fv_parameter *p, const json_t *j, double *v)
{
	const char *text = json_string_value(j);
	switch (p->type) {
	case FV_PARAMETER_BOOL:
		*v = json_is_true(j);
		return json_is_boolean(j);
	case FV_PARAMETER_WORD:
		for (int i = 0; text && p->words[i]; i++)
			if (!strcmp(text, p->words[i])) {
				*v = i;
				return true;
			}
		return false;
	case FV_PARAMETER_INT:
	case FV_PARAMETER_INTS:
		*v = (double)json_integer_value(j);
		return json_is_integer(j) && fits(p, *v);
	default:
		*v = json_number_value(j);
		return json_is_number(j) && fits(p, *v);
	}
}

static bool read_parameter(const fv_parameter *p, const json_t *j, void *config)
{
	size_t n = is_list(p) ? json_array_size(j) : 1;
	double v = 0;
	if (!j && p->optional) {
		put(p, config, 0, 0);
		return true;
	}
	if (n < 1 || n > (size_t)(is_list(p) ? p->most : 1))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!read_value(p, is_list(p) ? json_array_get(j, i) : j, &v))
			return false;
		put(p, config, (int)i, v);
	}
	if (is_list(p))
		*(int *)in(config, p->count_at) = (int)n;
	return true;
}

fv_status fv_family_read(fv_err *err, const fv_family *f, json_t *network, void *config)
{
	for (const fv_parameter *p = f->parameter; p->name; p++) {
		json_t *j = json_object_get(network, p->name);
		char value[SHOWN + 1] = "";
		if (read_parameter(p, j, config))
			continue;
		if (json_dumpb(j, value, SHOWN, JSON_COMPACT | JSON_ENCODE_ANY) > SHOWN)
			snprintf(value, sizeof value, "of another kind, or long");
		return wrong(err, f, p, j ? value : "not there");
	}
	return f->check ? f->check(err, config) : FV_OK;
}

static json_t *value_json(const fv_parameter *p, const void *config, int i)
{
	double v = get(p, config, i);
	switch (p->type) {
	case FV_PARAMETER_BOOL:
		return json_boolean(v != 0);
	case FV_PARAMETER_WORD:
		return json_string(p->words[(int)v]);
	case FV_PARAMETER_INT:
	case FV_PARAMETER_INTS:
		return json_integer((json_int_t)v);
	default:
		return json_real(v);
	}
}

json_t *fv_family_json(const fv_family *f, const void *config)
{
	json_t *all = json_object();
	bool made = all;
	for (const fv_parameter *p = f->parameter; made && p->name; p++) {
		json_t *j = is_list(p) ? json_array() : value_json(p, config, 0);
		for (int i = 0; is_list(p) && made && i < count(p, config); i++)
			made = !json_array_append_new(j, value_json(p, config, i));
		made = !json_object_set_new(all, p->name, j) && made;
	}
	if (!made) {
		json_decref(all);
		return NULL;
	}
	return all;
}

/* ------------------------------------------------------------------ configs */
fv_status fv_family_check(fv_err *err, const fv_family *f, const void *config)
{
	char value[SHOWN];
	for (const fv_parameter *p = f->parameter; p->name; p++) {
		int n = count(p, config);
		if (is_list(p) && (n < 1 || n > p->most)) {
			snprintf(value, sizeof value, "a list of %d", n);
			return wrong(err, f, p, value);
		}
		for (int i = 0; i < n; i++)
			if (!fits(p, get(p, config, i))) {
				snprintf(value, sizeof value, "%.10g", get(p, config, i));
				return wrong(err, f, p, value);
			}
	}
	return f->check ? f->check(err, config) : FV_OK;
}

void fv_family_preset(const fv_family *f, void *config)
{
	for (const fv_parameter *p = f->parameter; p->name; p++) {
		int n = is_list(p) ? p->presets : 1;
		for (int i = 0; i < n; i++)
			put(p, config, i, p->preset[i]);
		if (is_list(p))
			*(int *)in(config, p->count_at) = n;
	}
}

/* ------------------------------------------------------------------ families */
fv_status fv_family_find(fv_err *err, const char *name, json_t *network, const fv_family **out)
{
	const fv_family *const *found = NULL;
	for (const fv_family *const *f = fv_families; *f; f++) {
		fv_status st = (*f)->early ? (*f)->early(err, name, network) : FV_OK;
		if (st)
			return st;
		if (!strcmp((*f)->name, name))
			found = f;
	}
	if (!found)
		return fv_fail(err, FV_E_FORMAT, "network family '%.31s' is unknown to this fauve",
		               name);
	*out = *found;
	return FV_OK;
}

fv_status fv_family_must(fv_err *err, const fv_family *f, fv_use use)
{
	/* By what it is for, then by what it is asked for. */
	static const char *const sentence[3][2] = {
		[FV_PAINTS] = {
			[FV_GENERATES] = "a model of family %s paints photographs and makes "
			                 "nothing from noise; see `fauve apply`",
		},
		[FV_GENERATES] = {
			[FV_PAINTS] = "a model of family %s makes pictures from noise and cannot "
			              "paint; see `fauve generate`",
		},
		[FV_LOOKS] = {
			[FV_PAINTS] = "a network of family %s judges pictures and cannot paint; "
			              "see `fauve styles` for models that can",
			[FV_GENERATES] = "a network of family %s judges pictures and makes none; "
			                 "see `fauve eval`",
		},
	};
	if (f->use == use)
		return FV_OK;
	return fv_fail(err, FV_E_ARGUMENT, sentence[f->use][use], f->name);
}

/* ------------------------------------------------------------------ ports */
int fv_port_channels(const fv_port *p, const void *config)
{
	return p->channels ? p->channels : *(const int *)at(config, p->channels_at);
}

bool fv_port_missing(const fv_port *p, const void *config)
{
	return p->kind == FV_PORT_LABEL && !fv_port_channels(p, config);
}

fv_node *fv_port_labels(fv_graph *g, const fv_port *p, const void *config, int64_t n)
{
	const int64_t labels = fv_port_channels(p, config);
	float *v = fv_arena_get(g->arena, (size_t)(n * labels) * sizeof *v);
	if (!v)
		return fv_graph_error(g, FV_E_MEMORY, "no memory for the labels");
	for (int64_t i = 0; i < n; i++)
		v[i * labels + i % labels] = 1;
	return fv_constant(g, FV_F32, FV_SHAPE(n, labels), v);
}

int fv_port_find(const fv_port *list, fv_port_kind kind)
{
	for (int i = 0; list[i].name; i++)
		if (list[i].kind == kind)
			return i;
	return -1;
}

int fv_port_multiple(const fv_port *p, const void *config)
{
	int multiple = p->multiple_of ? p->multiple_of(config) : p->multiple;
	return multiple > 1 ? multiple : 1;
}

int fv_port_least(const fv_port *p, const void *config)
{
	return p->multiple_of ? p->multiple_of(config) : p->least > 1 ? p->least : 1;
}

int64_t fv_port_side(const fv_port *p, const void *config, int64_t n)
{
	int64_t multiple = fv_port_multiple(p, config);
	return fv_max(fv_port_least(p, config), fv_div_up(n, multiple) * multiple);
}

void fv_family_build(const fv_scope *s, const fv_family *f, const void *config, int64_t h,
                     int64_t w, fv_node **in, fv_node **out)
{
	for (int i = 0; f->in[i].name; i++) {
		int64_t c = fv_port_channels(&f->in[i], config);
		if (!in[i] && !fv_port_missing(&f->in[i], config))
			in[i] = fv_input(s->g, f->in[i].name, FV_F32,
			                 f->in[i].flat ? FV_SHAPE(1, c) : fv_nhwc(1, h, w, c));
	}
	f->build(s, config, in, out);
}
