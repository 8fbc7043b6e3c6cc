/* SPDX-License-Identifier: Apache-2.0 */
/* What a run is asked to measure, read from its options. */
#include "eval/evaluator.h"
#include "train/measure.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More of these is better; of all others less is. */
static const char *const more_is_better[] = { "ssim",    "corr",        "chroma",         "near",
					      "content", "second_near", "second_content", NULL };
/* These compare with the photograph that was painted. */
static const char *const of_photographs[] = { "ssim",    "corr",        "lattice_input_", "near",
					      "content", "second_near", "second_content", "grey",
					      "skin",    NULL };

static bool begins_with_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strncmp(name, *list, strlen(*list)))
			return true;
	return false;
}

static const fv_recipe_model *model_of(const fv_run *r)
{
	return &r->model[0];
}

bool fv_measure_paints(const fv_run *r)
{
	return model_of(r)->file && model_of(r)->family->use == FV_PAINTS;
}

int fv_measure_networks(const fv_run *r, const char *metric)
{
	int networks;
	for (int i = 0;; i++) {
		const char *name = fv_evaluator_name(i, &networks);
		if (!name)
			return -1;
		if (!strcmp(name, metric))
			return fv_measure_paints(r) || !begins_with_one_of(name, of_photographs)
				       ? networks
				       : -1;
	}
}

static fv_status unknown(fv_err *err, const fv_run *r, const char *option, const char *metric)
{
	char all[700] = "";
	size_t n = 0;
	int networks;
	fv_near best = { 0 };
	for (int i = 0; fv_evaluator_name(i, &networks) && n < sizeof all; i++) {
		const char *name = fv_evaluator_name(i, &networks);
		if (fv_measure_networks(r, name) < 0)
			continue;
		fv_nearer(metric, name, &best);
		n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n ? ", " : "", name);
	}
	return fv_fail(err, FV_E_ARGUMENT,
		       "%s: '%s' is no figure of what this recipe makes%s%s%s; those are %s",
		       option, metric, best.name ? "; did you mean '" : "",
		       best.name ? best.name : "", best.name ? "'?" : "", all);
}

typedef struct {
	char metric[40];
	char sign;
	double value;
} condition;

/* "METRIC", "METRIC>", "METRIC<3" */
static fv_status parse(fv_err *err, const fv_run *r, const char *option, const char *text,
		       condition *c)
{
	size_t n = strcspn(text, "<>");
	const char *value = text + n + (text[n] != 0);
	char *end;
	*c = (condition){ .sign = text[n], .value = NAN };
	snprintf(c->metric, sizeof c->metric, "%.*s", (int)n, text);
	for (size_t k = strlen(c->metric); k && c->metric[k - 1] == ' ';)
		c->metric[--k] = 0;
	if (fv_measure_networks(r, c->metric) < 0)
		return unknown(err, r, option, c->metric);
	value += strspn(value, " ");
	if (*value) {
		c->value = strtod(value, &end);
		if (*end || !(fabs(c->value) < 1e300))
			return fv_fail(err, FV_E_ARGUMENT,
				       "%s: '%s' is not a number; write %s%c0.5", option, value,
				       c->metric, c->sign);
	}
	return FV_OK;
}

/* Steps, "500", or a time, "5m". */
static bool is_span(const char *text)
{
	double seconds;
	if (!text[strspn(text, "0123456789")])
		return strlen(text) < 10 && atoi(text) > 0;
	return fv_duration_parse(text, &seconds) && seconds >= 0.1 && seconds < 1e7;
}

static bool given(const char *text)
{
	return text && *text && strcmp(text, "none");
}

bool fv_measure_has_folder(const fv_run *r, bool art)
{
	return (art ? r->common.held_art : r->common.held_photos).count > 0;
}

/* What has no sense while nothing is measured; a run that measures no more may have it all the
 * same. */
static fv_status check_idle(fv_err *err, const fv_run *r)
{
	static const char *const names[] = { "patience", "measure-every", "held-photos", "held-art",
					     "set-aside" };
	for (size_t i = 0; i < FV_COUNT(names); i++)
		if (fv_settings_given(r, names[i]))
			return fv_fail(err, FV_E_ARGUMENT,
				       "%s: nothing is measured: say what, with measure or until",
				       names[i]);
	return FV_OK;
}

static fv_status check_recipe(fv_err *err, const fv_run *r)
{
	const fv_recipe_model *m = model_of(r);
	bool paints = fv_measure_paints(r);
	if (!m->file || (paints ? !m->shows : m->family->use != FV_GENERATES))
		return fv_fail(err, FV_E_ARGUMENT, "%s: makes no pictures that could be measured",
			       r->recipe->name);
	if (!paints && r->common.held_photos.count)
		return fv_fail(err, FV_E_ARGUMENT,
			       "held-photos: %s paints no photographs; give held-art, pictures to "
			       "compare with",
			       r->recipe->name);
	if (r->common.measure_every && !is_span(r->common.measure_every))
		return fv_fail(err, FV_E_ARGUMENT,
			       "measure-every: '%s' is neither a number of steps nor a time; write "
			       "500 or 5m",
			       r->common.measure_every);
	return FV_OK;
}

static fv_status read_conditions(fv_err *err, fv_run *r, condition *until, condition *measure)
{
	fv_train_common *o = &r->common;
	fv_status st = FV_OK;
	if (given(o->until) && (st = parse(err, r, "until", o->until, until)))
		return st;
	if (given(o->measure) && (st = parse(err, r, "measure", o->measure, measure)))
		return st;
	if (given(o->until) && isnan(until->value))
		return fv_fail(err, FV_E_ARGUMENT,
			       "until: '%s': a bound is missing; write '%s<0.5', or, to measure "
			       "without stopping, give measure",
			       o->until, until->metric);
	if (!isnan(measure->value))
		return fv_fail(err, FV_E_ARGUMENT, "measure: '%s': only until has a bound",
			       o->measure);
	if (!given(o->until) || !given(o->measure) ||
	    (!strcmp(until->metric, measure->metric) &&
	     (!measure->sign || measure->sign == until->sign)))
		return FV_OK;
	/* What the run had gives way to what is given now. */
	if (fv_settings_given(r, "until") == fv_settings_given(r, "measure"))
		return fv_fail(err, FV_E_ARGUMENT,
			       "measure %s and until %s: one figure says which model is the best; "
			       "give one of them",
			       o->measure, o->until);
	*(fv_settings_given(r, "until") ? &o->measure : &o->until) = NULL;
	return FV_OK;
}

fv_status fv_measure_wanted(fv_err *err, fv_run *r, bool begun)
{
	const fv_train_common *o = &r->common;
	condition until = { .value = NAN }, measure = { .value = NAN };
	fv_status st;
	r->measured = (fv_measured){ .until = NAN, .value = NAN, .best = NAN };
	if (!given(o->until) && !given(o->measure))
		return check_idle(err, r);
	if ((st = check_recipe(err, r)) || (st = read_conditions(err, r, &until, &measure)))
		return st;
	const condition *c = given(o->until) ? &until : &measure;
	bool photos = fv_measure_paints(r);
	bool folders =
		fv_measure_has_folder(r, true) && (!photos || fv_measure_has_folder(r, false));
	if (begun && !o->set_aside && !folders)
		return fv_fail(err, FV_E_ARGUMENT,
			       "%s: this run learns from all of its pictures: to measure it give "
			       "others, by %sheld-art",
			       r->folder, photos ? "held-photos and " : "");
	snprintf(r->measured.metric, sizeof r->measured.metric, "%s", c->metric);
	r->measured.more = c->sign ? c->sign == '>' : begins_with_one_of(c->metric, more_is_better);
	r->measured.until = given(o->until) ? until.value : NAN;
	if (!o->set_aside && !folders)
		r->common.set_aside = FV_SET_ASIDE;
	return FV_OK;
}
