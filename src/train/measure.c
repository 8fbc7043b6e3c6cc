/* SPDX-License-Identifier: Apache-2.0 */
#include "train/measure.h"
#include "base/file.h"
#include "base/hash.h"
#include "eval/evaluator.h"
#include "model/model.h"
#include "paint/paint.h"
#include "train/run.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 640 /* pictures to paint are reduced to that */
#define ART_LONGEST 1024
#define MOST 60   /* pictures of a folder, as `fauve eval` takes them */
#define TIMES 20  /* a run, where nothing is said; fewer where they take long: */
#define SHARE 0.1 /* of the time */
#define LEAST 3   /* but so many */

struct fv_measure {
	/* The run's, but in full precision and without a file of timed kernels: figures are to be
	 * the same whenever and wherever the run goes on. */
	fv_context context;
	fv_model *network[FV_YARD_NETWORKS];
	fv_evaluator *evaluator;
	char line[3000];         /* of the last measurement, as it stands in metrics.jsonl */
	fv_pixels *photo, *made; /* count each; photo NULL: the model makes them from noise */
	int count, art;
};

static const fv_recipe_model *model_of(const fv_run *r)
{
	return &r->model[0];
}

/* ------------------------------------------------------------------ which pictures */
static fv_data *photo_data(const fv_run *r)
{
	return fv_measure_paints(r) ? fv_run_data(r, model_of(r)->shows) : NULL;
}

/* What is compared with: the data that are not painted. */
static fv_data *art_data(const fv_run *r)
{
	for (int i = 0; i < FV_RECIPE_DATA && r->data[i].want; i++)
		if (&r->data[i] != photo_data(r))
			return (fv_data *)&r->data[i];
	return NULL;
}

int fv_measure_aside(const fv_run *r, const fv_data_want *want)
{
	const fv_data_want *data = r->recipe->data;
	const char *shows = fv_measure_paints(r) ? model_of(r)->shows : NULL;
	bool photos = shows && !strcmp(want->option, shows);
	/* The first that are not painted are what is compared with; others are not needed. */
	while (!photos && shows && !strcmp(data->option, shows))
		data++;
	return (photos || data == want) && !fv_measure_has_folder(r, !photos)
		       ? (int)r->common.set_aside
		       : 0;
}

static fv_status read_folders(fv_err *err, fv_run *r, const fv_texts *from, const char *option,
			      int64_t longest, fv_pixels **out, int *count)
{
	fv_status st = FV_OK;
	fv_pixels *p = malloc(MOST * sizeof *p);
	if (!p)
		return fv_fail_memory(err, option, MOST * sizeof *p);
	*count = 0;
	*out = p;
	if (!r->o.decode)
		return fv_fail(err, FV_E_ARGUMENT, "%s: a decoder is needed to read pictures",
			       option);
	for (int i = 0; i < from->count && !st; i++) {
		fv_names n = { 0 };
		if ((st = fv_folder_list(err, from->item[i], &n)))
			break;
		fv_names_tell(r->context, from->item[i], &n);
		for (int k = 0; k < n.count && *count < MOST && !st; k++) {
			fv_err why = { 0 };
			fv_status s = fv_cancelled(r->context)
					      ? fv_fail(&why, FV_E_CANCELLED,
							"stopped while pictures were read")
					      : r->o.decode(r->o.user, &why, n.path[k], longest,
							    &p[*count]);
			*count += !s;
			if (s == FV_E_MEMORY || s == FV_E_CANCELLED)
				st = fv_fail(err, s, "%s", why.text);
			else if (s)
				fv_log(r->context, FV_LOG_WARNING, "%s; left out", why.text);
		}
		fv_names_free(&n);
	}
	return !st && !*count ? fv_fail(err, FV_E_READ, "%s %s: holds no picture to measure on",
					option, from->item[0])
			      : st;
}

/* The pictures of a side, which are the caller's then: the data's own, or a folder's. */
static fv_status take(fv_err *err, fv_run *r, bool art, fv_pixels **out, int *count)
{
	fv_data *d = art ? art_data(r) : photo_data(r);
	const char *option = art ? "held-art" : "held-photos";
	if (fv_measure_has_folder(r, art))
		return read_folders(err, r, art ? &r->common.held_art : &r->common.held_photos,
				    option, art ? ART_LONGEST : LONGEST, out, count);
	if (!d || !d->want->type->sets_aside)
		return fv_fail(err, FV_E_ARGUMENT,
			       "%s: pictures like its %s cannot be set aside; give a folder of "
			       "others with %s",
			       r->recipe->name, d ? d->want->option : "data", option);
	*out = d->held;
	*count = d->helds;
	d->held = NULL;
	d->helds = 0;
	return FV_OK;
}

static void drop(fv_pixels *p, int count)
{
	for (int i = 0; i < count && p; i++)
		free(p[i].data);
	free(p);
}

static void mix(fv_run *r, const fv_pixels *p, int count)
{
	for (int i = 0; i < count; i++)
		for (int64_t y = 0; y < p[i].height; y++)
			r->measured.pictures = fv_hash_mix(
				r->measured.pictures, (char *)p[i].data + y * p[i].stride_bytes,
				(size_t)(p[i].width * 3));
}

static fv_status open_evaluator(fv_err *err, fv_run *r, struct fv_measure *m)
{
	static const char *const names[] = { "vgg16",
					     "vgg19-small" }; /* as `fauve eval` has them */
	char path[FV_PATH_MAX];
	fv_evaluator_options o = FV_EVALUATOR_DEFAULTS;
	fv_status st = FV_OK;
	o.networks = fv_measure_networks(r, r->measured.metric);
	o.network = (const fv_model *const *)m->network;
	o.floors = false;
	/* Each takes seconds: only what is asked for. */
	o.features = strstr(r->measured.metric, "feature_") != NULL;
	o.strokes = !o.features;
	for (int i = 0; i < o.networks && !st; i++)
		if (!(st = fv_run_place(err, r, "features", names[i], path, sizeof path)))
			st = fv_model_open(err, &m->context, path, &m->network[i]);
	return st ? st : fv_evaluator_new(err, &m->context, &o, &m->evaluator);
}

static fv_status add_art(fv_err *err, fv_run *r, struct fv_measure *m)
{
	fv_pixels *art = NULL;
	fv_status st = take(err, r, true, &art, &m->art);
	if (!st && m->art < 2)
		st = fv_fail(err, FV_E_ARGUMENT,
			     "%d picture to compare with is too few to measure by: give more with "
			     "held-art",
			     m->art);
	for (int i = 0; i < m->art && !st; i++)
		st = fv_evaluator_add(err, m->evaluator, FV_SET_PAINTINGS, &art[i], 1, true);
	if (!st)
		mix(r, art, m->art);
	drop(art, m->art);
	return st;
}

fv_status fv_measure_open(fv_err *err, fv_run *r)
{
	if (!*r->measured.metric)
		return FV_OK;
	struct fv_measure *m = r->measure = fv_alloc(r->context, sizeof *m);
	if (!m)
		return fv_fail_memory(err, "measuring", sizeof *m);
	m->context = *r->context;
	m->context.cache = NULL;
	m->context.bf16 = false;
	r->measured.pictures = FV_HASH;
	fv_run_preparing(r, 0, "looking at the pictures to measure by");
	fv_status st = open_evaluator(err, r, m);
	if (!st)
		st = add_art(err, r, m);
	m->count = m->art;
	if (!st && fv_measure_paints(r) && !(st = take(err, r, false, &m->photo, &m->count)))
		mix(r, m->photo, m->count);
	r->measured.n = m->count;
	if (!st && !(m->made = fv_alloc(r->context, (size_t)m->count * sizeof *m->made)))
		st = fv_fail_memory(err, "measuring", (size_t)m->count * sizeof *m->made);
	return st;
}

void fv_measure_close(fv_run *r)
{
	struct fv_measure *m = r->measure;
	if (!m)
		return;
	fv_evaluator_free(m->evaluator);
	for (int i = 0; i < FV_YARD_NETWORKS; i++)
		fv_model_free(m->network[i]);
	drop(m->photo, m->count);
	fv_free(r->context, m->made);
	fv_free(r->context, m);
	r->measure = NULL;
}

/* ------------------------------------------------------------------ measuring */
/* Room for what is made, packed RGB, as large as `of` says: one size, or each photograph's. */
static fv_status make_room(fv_err *err, struct fv_measure *m, const fv_pixels *of, bool each,
			   uint8_t **room)
{
	size_t bytes = 0;
	for (int i = 0; i < m->count; i++)
		bytes += (size_t)(of[each ? i : 0].width * of[each ? i : 0].height * 3);
	uint8_t *at = *room = fv_alloc_rough(&m->context, bytes);
	for (int i = 0; i < m->count && at; i++) {
		const fv_pixels *p = &of[each ? i : 0];
		m->made[i] = (fv_pixels){ p->width, p->height, 3, 8, 3 * p->width, at };
		at += p->width * p->height * 3;
	}
	return at ? FV_OK : fv_fail_memory(err, "measuring", bytes);
}

static fv_status paint(fv_err *err, struct fv_measure *m, const fv_model *model)
{
	fv_painter *p = NULL;
	fv_status st = fv_painter_new(err, model, &p);
	for (int i = 0; i < m->count && !st; i++)
		st = fv_painter_paint(err, p, &m->photo[i], NULL, &m->made[i]);
	fv_painter_free(p);
	return st;
}

/* Pictures from noise; grey ones become three equal channels, from their end on. */
static fv_status generate(fv_err *err, struct fv_measure *m, const fv_model *model, int channels)
{
	for (int i = 0; i < m->count; i++)
		m->made[i].channels = channels,
		m->made[i].stride_bytes = m->made[i].width * channels;
	fv_status st = fv_generate(err, model, NULL, m->count, m->made);
	for (int i = 0; i < m->count; i++) {
		fv_pixels *p = &m->made[i];
		uint8_t *v = p->data;
		for (int64_t k = p->width * p->height; k-- && channels == 1;)
			v[3 * k] = v[3 * k + 1] = v[3 * k + 2] = v[k];
		p->channels = 3, p->stride_bytes = 3 * p->width;
	}
	return st;
}

static fv_status evaluate(fv_err *err, fv_run *r, fv_evaluation **out)
{
	struct fv_measure *m = r->measure;
	char path[FV_PATH_MAX];
	fv_model *model = NULL;
	fv_pixels each = { 0 };
	uint8_t *room = NULL;
	fv_status st = fv_run_save_models(err, r);
	snprintf(path, sizeof path, "%s/%s", r->folder, model_of(r)->file);
	if (st || (st = fv_model_open(err, &m->context, path, &model)))
		return st;
	if (!m->photo)
		st = fv_generate_size(err, model, &each);
	if (!st)
		st = make_room(err, m, m->photo ? m->photo : &each, m->photo, &room);
	if (!st)
		st = m->photo ? paint(err, m, model) : generate(err, m, model, each.channels);
	if (!st)
		st = fv_evaluator_measure(err, m->evaluator, m->photo ? m->photo : m->made, m->made,
					  m->count, out);
	fv_free(&m->context, room);
	fv_model_free(model);
	return st;
}

static bool is_of_it(const fv_run *r, const fv_figure *f)
{
	return !strcmp(f->set, "painted") && fv_measure_networks(r, f->name) >= 0;
}

/* A line for metrics.jsonl; *value: of the metric. */
static void line_of(fv_run *r, const fv_evaluation *v, double *value)
{
	const size_t room = sizeof r->measure->line - 20;
	char *line = r->measure->line;
	int n = snprintf(line, room, "\"n\":%d", r->measured.n);
	for (int i = 0; i < v->count && n + 60 < (int)room; i++) {
		const fv_figure *f = &v->figure[i];
		if (!is_of_it(r, f))
			continue;
		if (!strcmp(f->name, r->measured.metric))
			*value = f->value;
		n += isfinite(f->value)
			     ? snprintf(line + n, room - (size_t)n, ",\"%s\":%.9g", f->name,
					f->value)
			     : snprintf(line + n, room - (size_t)n, ",\"%s\":null", f->name);
	}
}

/* *value: NAN where the model makes nothing that could be measured. */
static fv_status measure(fv_err *err, fv_run *r, double *value)
{
	fv_err why;
	fv_evaluation *v = NULL;
	double begun = fv_now();
	fv_run_preparing(r, fv_run_done(r), "measuring");
	fv_status st = evaluate(&why, r, &v);
	r->measured.seconds = fv_now() - begun;
	snprintf(r->measure->line, sizeof r->measure->line, "\"n\":%d", r->measured.n);
	*value = NAN;
	if (st == FV_E_FORMAT) /* it makes NaN: that is as bad as can be, but no end */
		return FV_OK;
	if (st)
		return fv_fail(err, st, "%s", why.text);
	line_of(r, v, value);
	fv_evaluation_free(v);
	return FV_OK;
}

fv_status fv_measure_first(fv_err *err, fv_run *r)
{
	fv_measured *m = &r->measured;
	double value;
	if (!*m->metric)
		return FV_OK;
	fv_status st = measure(err, r, &value);
	if (!st && isnan(value))
		st = fv_fail(
			err, FV_E_ARGUMENT,
			"%s cannot be told of %d pictures beside %d; give more, with %sheld-art "
			"or a larger set-aside",
			m->metric, m->n, r->measure->art,
			fv_measure_paints(r) ? "held-photos, " : "");
	if (!st)
		st = fv_run_metrics(err, r, r->measure->line);
	if (!st)
		fv_run_say(r,
			   "measuring: %s on %d pictures that are not learnt from, beside %d; %.4g "
			   "before the first step; %.1f s each time",
			   m->metric, m->n, r->measure->art, value, m->seconds);
	return st;
}

double fv_measure_pace(fv_run *r, double each)
{
	fv_measured *m = &r->measured;
	const char *how = r->common.measure_every;
	char *end;
	double times = TIMES;
	if (!*m->metric)
		return 0;
	if (m->every)
		;
	else if (how && (m->every = strtoll(how, &end, 10)) > 0 && !*end)
		;
	else if (how) {
		double seconds = 0;
		fv_duration_parse(how, &seconds);
		m->every = (int64_t)fmin(FV_STEPS_MAX, fmax(1, seconds / fmax(each, 1e-6)));
	} else if (r->common.steps > 0 || !(r->common.time > 0) || !(each > 0))
		/* By the clock only where the number of steps is: else the same command would be
		 * another run. */
		m->every = fv_max(1, r->steps / TIMES);
	else {
		if (m->seconds > 0)
			times = fmax(LEAST,
				     fmin(times, floor(SHARE * r->common.time / m->seconds)));
		m->every = (int64_t)fmin(FV_STEPS_MAX,
					 fmax(1, (r->common.time / times - m->seconds) / each));
	}
	return m->seconds / (double)m->every;
}

bool fv_measure_due(const fv_run *r)
{
	const fv_measured *m = &r->measured;
	if (!*m->metric || m->every < 1 || r->step <= m->step)
		return false;
	/* Not behind a step that was dropped: a checkpoint follows, which a rollback would go back
	 * to. */
	return r->step == r->steps || (!r->in_a_row && r->step / m->every > m->step / m->every);
}

fv_status fv_measure(fv_err *err, fv_run *r)
{
	fv_measured *m = &r->measured;
	double value;
	fv_status st = measure(err, r, &value);
	if (st)
		return st;
	bool better =
		!isnan(value) && (isnan(m->best) || (m->more ? value > m->best : value < m->best));
	m->step = r->step;
	m->value = value;
	m->stale = better ? 0 : m->stale + 1;
	if (better) {
		m->best = value;
		m->best_step = r->step;
		strcat(r->measure->line, ",\"best\":true");
		st = fv_run_save_best(err, r);
	}
	if (!st)
		st = fv_run_metrics(err, r, r->measure->line);
	if (!st && better)
		fv_run_say(r, "step %" PRId64 ": %s %.4g, the best so far (%d pictures)", r->step,
			   m->metric, value, m->n);
	else if (!st)
		fv_run_say(r,
			   "step %" PRId64 ": %s %.4g; the best is %.4g, of step %" PRId64
			   " (%d pictures)",
			   r->step, m->metric, value, m->best, m->best_step, m->n);
	return st;
}

bool fv_measure_stops(fv_run *r)
{
	const fv_measured *m = &r->measured;
	if (!*m->metric || !m->step)
		return false;
	if (!isnan(m->until) && (m->more ? m->value > m->until : m->value < m->until))
		fv_run_stop(r, "until", "%s is %.4g, %s %g, at step %" PRId64 " (%d pictures)",
			    m->metric, m->value, m->more ? "above" : "below", m->until, m->step,
			    m->n);
	else if (r->common.patience && m->stale >= r->common.patience)
		fv_run_stop(r, "plateau",
			    "%" PRId64
			    " measurements without a better %s than %.4g, of step %" PRId64
			    " (%d pictures)",
			    m->stale, m->metric, m->best, m->best_step, m->n);
	else
		return false;
	return true;
}

/* ------------------------------------------------------------------ what is kept */
static json_t *real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *fv_measure_line(const fv_run *r)
{
	char text[sizeof r->measure->line + 4];
	snprintf(text, sizeof text, "{%s}", r->measure->line);
	return json_loads(text, 0, NULL);
}

json_t *fv_measure_kept(const fv_run *r)
{
	const fv_measured *m = &r->measured;
	char pictures[20];
	snprintf(pictures, sizeof pictures, "%016" PRIx64, m->pictures);
	return json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "metric", m->metric,
			 "more", m->more, "pictures", pictures, "asked",
			 r->common.measure_every ? r->common.measure_every : "", "every",
			 (json_int_t)m->every, "step", (json_int_t)m->step, "best_step",
			 (json_int_t)m->best_step, "stale", (json_int_t)m->stale, "value",
			 real(m->value), "best", real(m->best));
}

fv_status fv_measure_recall(fv_err *err, fv_run *r, const char *path, const json_t *kept)
{
	fv_measured *m = &r->measured;
	char pictures[20];
	int64_t number[4];
	static const char *const name[] = { "every", "step", "best_step", "stale" };
	if (!*m->metric)
		return FV_OK;
	m->every = m->step = m->best_step = m->stale = 0;
	m->value = m->best = NAN;
	if (!kept)
		return FV_OK; /* begun without */
	for (int i = 0; i < 4; i++) {
		const json_t *v = json_object_get(kept, name[i]);
		number[i] = json_integer_value(v);
		if (!json_is_integer(v) || number[i] < 0 || number[i] > FV_STEPS_MAX)
			return fv_fail(
				err, FV_E_FORMAT,
				"%s: is no checkpoint of a run: of what was measured, '%s' is no "
				"whole number from 0 to %d",
				path, name[i], FV_STEPS_MAX);
	}
	if (number[1] > r->step || number[2] > number[1])
		return fv_fail(err, FV_E_FORMAT,
			       "%s: is no checkpoint of a run: it was measured at step %" PRId64
			       " of %" PRId64,
			       path, number[1], r->step);
	const char *asked = json_string_value(json_object_get(kept, "asked")),
		   *how = r->common.measure_every ? r->common.measure_every : "",
		   *metric = json_string_value(json_object_get(kept, "metric")),
		   *seen = json_string_value(json_object_get(kept, "pictures"));
	snprintf(pictures, sizeof pictures, "%016" PRIx64, m->pictures);
	if (asked && !strcmp(asked, how))
		m->every = number[0];
	m->step = number[1];
	if (!metric || strcmp(metric, m->metric) ||
	    json_is_true(json_object_get(kept, "more")) != m->more) {
		fv_run_say(r,
			   "measuring: another figure than before, so the best is looked for anew");
		return FV_OK;
	}
	if (!seen || strcmp(seen, pictures)) {
		fv_run_say(
			r,
			"measuring: on other pictures than before, so the best is looked for anew");
		return FV_OK;
	}
	const json_t *value = json_object_get(kept, "value"), *best = json_object_get(kept, "best");
	m->value = json_is_number(value) ? json_number_value(value) : NAN;
	m->best = json_is_number(best) ? json_number_value(best) : NAN;
	m->best_step = number[2];
	m->stale = number[3];
	return FV_OK;
}

json_t *fv_measure_about(const fv_run *r)
{
	const fv_measured *m = &r->measured;
	return json_pack("{s:s, s:o, s:I, s:i, s:o, s:I}", "metric", m->metric, "value",
			 real(m->value), "step", (json_int_t)m->step, "n", m->n, "best",
			 real(m->best), "best_step", (json_int_t)m->best_step);
}

bool fv_measure_told(const fv_run *r)
{
	return *r->measured.metric && r->measured.step && r->measured.best_step;
}

int fv_measure_live(const fv_run *r, char *text, size_t room)
{
	const fv_measured *m = &r->measured;
	if (!fv_measure_told(r))
		return 0;
	return snprintf(text, room, "  %s %.4g (best %.4g)", m->metric, m->value, m->best);
}
