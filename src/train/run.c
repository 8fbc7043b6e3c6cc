/* SPDX-License-Identifier: Apache-2.0 */
#include "train/run.h"
#include "base/file.h"
#include "base/json.h"
#include "model/model.h"
#include "model/weights.h"
#include "train/measure.h"
#include "train/watch.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void path_of(const fv_run *r, const char *name, char *path, size_t room) { snprintf(path, room, "%s/%s", r->folder, name); }

static fv_status not_written(fv_err *err, const fv_run *r, const char *name)
{
	int why = errno;
	char path[4096];
	path_of(r, name, path, sizeof path);
	errno = why;
	return fv_fail_write(err, path);
}

void fv_run_say(const fv_run *r, const char *format, ...)
{
	char text[1000];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (r->o.line)
		r->o.line(r->o.user, text);
}

fv_status fv_run_open(fv_err *err, fv_run *r)
{
	char path[4096];
	bool there;
	struct stat s;
	r->lock = -1;
	r->new_folder = stat(r->folder, &s) != 0;
	fv_status st = fv_folder_make(err, r->folder);
	if (st)
		return st;
	path_of(r, "sheets", path, sizeof path);
	if ((st = fv_file_member(err, path, true, &there)) || (st = fv_folder_make(err, path)))
		return st;
	path_of(r, "lock", path, sizeof path);
	if ((st = fv_file_open(err, path, FV_OPEN_MEMBER | FV_OPEN_WRITE, &r->lock, NULL)))
		return st;
	if (flock(r->lock, LOCK_EX | LOCK_NB))
		return fv_fail(err, FV_E_WRITE, "%s: another fauve is training in this folder; wait for it or choose another -o", r->folder);
	fv_writer_sweep(r->folder);
	path_of(r, "sheets", path, sizeof path);
	fv_writer_sweep(path);
	return FV_OK;
}

/* A run that was refused before it had anything to keep leaves no folder. */
static void leave_nothing(const fv_run *r)
{
	char path[4096];
	struct stat s;
	path_of(r, "run.json", path, sizeof path);
	if (!r->new_folder || r->lock < 0 || !lstat(path, &s))
		return;
	path_of(r, "lock", path, sizeof path);
	unlink(path);
	path_of(r, "sheets", path, sizeof path);
	rmdir(path);
	rmdir(r->folder);               /* unless something of somebody else's is in it */
}

void fv_run_close(fv_run *r)
{
	leave_nothing(r);
	if (r->stats)
		fclose(r->stats);
	if (r->times)
		fclose(r->times);
	if (r->metrics)
		fclose(r->metrics);
	if (r->lock >= 0)
		close(r->lock);
	r->stats = r->times = r->metrics = NULL;
	r->lock = -1;
}

/* What stopped it, for those that look at a model; yours. */
static json_t *stopped_of(const fv_run *r)
{
	return json_pack("{s:s, s:I}", "by", r->stopped, "step", (json_int_t)r->step);
}

/* What models say of themselves; yours. */
static fv_status about_of(fv_err *err, fv_run *r, json_t **out)
{
	const fv_recipe *recipe = r->recipe;
	json_t *j = json_object();
	fv_status st = j ? FV_OK : fv_fail(err, FV_E_MEMORY, "%s: no memory for the model", r->folder);
	if (!st && recipe->about)
		st = recipe->about(err, r, j);
	if (!st && (json_object_set_new(j, "training", fv_settings_about(r)) || json_object_set_new(j, "data", json_string(r->found)) ||
	            (recipe->signature && json_object_set_new(j, "signature", recipe->signature()))))
		st = fv_fail(err, FV_E_MEMORY, "%s: no memory for the model", r->folder);
	if (!st && *r->measured.metric &&
	    (json_object_set_new(j, "measured", fv_measure_about(r)) ||
	     (r->stopped && json_object_set_new(j, "stopped", stopped_of(r)))))
		st = fv_fail(err, FV_E_MEMORY, "%s: no memory for the model", r->folder);
	if (st) {
		json_decref(j);
		return st;
	}
	*out = j;
	return FV_OK;
}

/* The best of model.safetensors is best.safetensors, that of model-back.safetensors
 * best-back.safetensors. */
static void best_name(const char *file, char *name, size_t room)
{
	bool is_model = !strncmp(file, "model", 5);
	snprintf(name, room, "best%s%s", is_model ? "" : "-", file + (is_model ? 5 : 0));
}

static fv_status save_models(fv_err *err, fv_run *r, bool best)
{
	char path[4096], name[300];
	json_t *about = NULL;
	fv_status st = r->model[0].file ? about_of(err, r, &about) : FV_OK;
	for (const fv_recipe_model *m = r->model; m->file && !st; m++) {
		const void *config = (const char *)r->config + m->config;
		best_name(m->file, name, sizeof name);
		path_of(r, best ? name : m->file, path, sizeof path);
		st = fv_model_write(err, r->context, path, r->store, m->prefix, m->family, config, about);
		if (!st && !best && m == r->model && r->o.copy)
			st = fv_model_write(err, r->context, r->o.copy, r->store, m->prefix, m->family, config, about);
	}
	json_decref(about);
	return st;
}

fv_status fv_run_save_models(fv_err *err, fv_run *r)
{
	return save_models(err, r, false);
}
fv_status fv_run_save_best(fv_err *err, fv_run *r)
{
	return save_models(err, r, true);
}

fv_status fv_run_save(fv_err *err, fv_run *r)
{
	char path[4096], previous[4096];
	int n = fv_params(r->store, "", NULL);
	fv_variable **v = fv_alloc(r->context, ((size_t)n + 1) * sizeof *v);
	if (!v)
		return fv_fail_memory(err, "checkpoint", (size_t)n * sizeof *v);
	fv_params(r->store, "", v);
	json_t *about = json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:i, s:f, s:o}", "format", 1, "program", FV_VERSION, "step", (json_int_t)r->step, "steps",
	                          (json_int_t)r->steps, "dropped", (json_int_t)r->dropped, "attempt", (json_int_t)r->attempt, "in_a_row", r->in_a_row,
	                          "rate_scale", r->rate_scale, "settings", fv_settings_kept(r));
	if (about && *r->measured.metric &&
	    json_object_set_new(about, "measured", fv_measure_kept(r))) {
		json_decref(about);
		about = NULL;
	}
	char *text = about ? json_dumps(about, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
	json_t *metadata = text ? json_pack("{s:s}", "fauve.run", text) : NULL;
	fv_status st = metadata ? FV_OK : fv_fail(err, FV_E_MEMORY, "%s: no memory for the checkpoint", r->folder);
	path_of(r, "checkpoint.safetensors", path, sizeof path);
	path_of(r, "checkpoint.previous.safetensors", previous, sizeof previous);
	/* The statistics of the steps that the checkpoint counts must be there when it is. */
	if (!st && r->stats && (fflush(r->stats) || fdatasync(fileno(r->stats))))
		st = not_written(err, r, "stats.jsonl");
	if (!st && r->metrics && (fflush(r->metrics) || fdatasync(fileno(r->metrics))))
		st = not_written(err, r, "metrics.jsonl");
	if (!st && !access(path, F_OK)) {
		/* A second name for the old one; the rename below takes the first away from it. */
		unlink(previous);
		if (link(path, previous) && errno != EEXIST && errno != EPERM)
			st = fv_fail_write(err, previous);
	}
	if (!st)
		st = fv_weights_write(err, r->context, path, v, NULL, n, false, FV_F32, metadata);
	fv_free(r->context, v);
	json_decref(metadata);
	json_decref(about);
	free(text);
	return st ? st : save_models(err, r, false);
}

typedef struct {
	int64_t step, steps, dropped, attempt, in_a_row;
	double rate_scale;
} counters;

static fv_status read_counters(fv_err *err, const char *path, const json_t *about, counters *n)
{
	const struct { const char *name; int64_t low, high, *to; } number[] = {
		{ "steps", 1, FV_STEPS_MAX, &n->steps },
		{ "step", 0, FV_STEPS_MAX, &n->step },
		{ "dropped", 0, FV_STEPS_MAX, &n->dropped },
		{ "attempt", 0, FV_ROLLBACKS, &n->attempt },
		{ "in_a_row", 0, FV_IN_A_ROW - 1, &n->in_a_row },
	};
	for (size_t i = 0; i < FV_COUNT(number); i++) {
		const json_t *v = json_object_get(about, number[i].name);
		*number[i].to = json_integer_value(v);
		if (!json_is_integer(v) || *number[i].to < number[i].low || *number[i].to > number[i].high)
			return fv_fail(err, FV_E_FORMAT, "%s: is no checkpoint of a run: its '%s' is no "
			               "whole number from %" PRId64 " to %" PRId64, path, number[i].name,
			               number[i].low, number[i].high);
	}
	if (n->step > n->steps || n->dropped > n->step)
		return fv_fail(err, FV_E_FORMAT, "%s: is no checkpoint of a run: it counts %" PRId64
		               " steps of %" PRId64 ", %" PRId64 " of them dropped", path, n->step,
		               n->steps, n->dropped);
	const json_t *scale = json_object_get(about, "rate_scale");
	n->rate_scale = json_number_value(scale);
	if (!json_is_number(scale) || !(n->rate_scale >= ldexp(1, -FV_ROLLBACKS) && n->rate_scale <= 1))
		return fv_fail(err, FV_E_FORMAT, "%s: is no checkpoint of a run: its 'rate_scale' is no "
		               "number from %g to 1", path, ldexp(1, -FV_ROLLBACKS));
	return FV_OK;
}

static fv_status load(fv_err *err, fv_run *r, const char *path)
{
	fv_safetensors f;
	counters n;
	bool there;
	fv_status st = fv_file_member(err, path, false, &there);
	if (st || (st = fv_safetensors_open(err, r->context, path, &f)))
		return st;
	const char *text = fv_safetensors_text(&f, "fauve.run");
	json_t *about = text ? fv_json_read(NULL, r->context, path, text, strlen(text)) : NULL;
	if (!about)
		st = fv_fail(err, FV_E_FORMAT, "%s: is no checkpoint of a run", path);
	if (!st)
		st = read_counters(err, path, about, &n);
	if (!st)
		st = fv_settings_same(err, r, json_object_get(about, "settings"));
	if (!st)
		st = fv_weights_fill(err, path, &f, r->store);
	if (!st) {
		r->step = n.step;
		r->steps = n.steps;
		r->dropped = n.dropped;
		r->attempt = n.attempt;
		r->in_a_row = (int)n.in_a_row;
		r->rate_scale = n.rate_scale;
		st = fv_measure_recall(err, r, path, json_object_get(about, "measured"));
	}
	json_decref(about);
	fv_safetensors_close(&f);
	return st;
}

fv_status fv_run_load(fv_err *err, fv_run *r)
{
	char path[4096], previous[4096];
	fv_err first;
	path_of(r, "checkpoint.safetensors", path, sizeof path);
	fv_status st = load(&first, r, path);
	if (st != FV_E_FORMAT && st != FV_E_READ)
		return st ? fv_fail(err, st, "%s", first.text) : FV_OK;
	/* Damaged: the one before it. It takes the damaged one's name at once: the next save must not keep that one as the previous. */
	path_of(r, "checkpoint.previous.safetensors", previous, sizeof previous);
	if (load(err, r, previous))
		return fv_fail(err, st, "%s", first.text);
	if (rename(previous, path))
		return fv_fail(err, FV_E_WRITE, "%s: cannot be renamed: %s", previous, strerror(errno));
	fv_log(r->context, FV_LOG_WARNING, "%s; going on from the checkpoint before it", first.text);
	return FV_OK;
}

/* A file of lines, to be read from its beginning and then added to. */
static fv_status open_lines(fv_err *err, const char *path, FILE **out)
{
	int fd;
	fv_status st = fv_file_open(err, path, FV_OPEN_MEMBER | FV_OPEN_WRITE, &fd, NULL);
	if (st)
		return st;
	if (!(*out = fdopen(fd, "a+"))) {
		close(fd);
		return fv_fail_memory(err, path, BUFSIZ);
	}
	rewind(*out);
	return FV_OK;
}

/* Drops what stands behind the lines that were read and are kept. */
static fv_status cut_lines(fv_err *err, const fv_run *r, const char *path, FILE *f, long keep)
{
	if (fv_cancelled(r->context))
		return fv_fail(err, FV_E_CANCELLED, "stopped while %s was read", path);
	if (ftruncate(fileno(f), keep) || fseek(f, 0, SEEK_END))
		return fv_fail(err, FV_E_WRITE, "%s: cannot be cut back: %s", path, strerror(errno));
	return FV_OK;
}

static bool next_line(const fv_run *r, FILE *f, char *line, int room)
{
	/* A line that a kill cut in two has no end. */
	return !fv_cancelled(r->context) && fgets(line, room, f) && strchr(line, '\n');
}

/* A file of a line a step: without those behind r->step. */
static fv_status cut(fv_err *err, fv_run *r, const char *name, FILE **f)
{
	char path[4096], line[4096];
	path_of(r, name, path, sizeof path);
	if (*f)
		fclose(*f);
	*f = NULL;
	fv_status st = open_lines(err, path, f);
	if (st)
		return st;
	long keep = 0;
	long long step;
	while (next_line(r, *f, line, sizeof line) && sscanf(line, "{\"step\":%lld", &step) == 1 &&
	       step <= r->step)
		keep = ftell(*f);
	return cut_lines(err, r, path, *f, keep);
}

fv_status fv_run_cut_stats(fv_err *err, fv_run *r)
{
	fv_status st = cut(err, r, "stats.jsonl", &r->stats);
	return st || !*r->measured.metric ? st : cut(err, r, "metrics.jsonl", &r->metrics);
}

/* Opens times.jsonl behind its last whole line, and reads from that how long the run has taken. */
static fv_status open_times(fv_err *err, fv_run *r)
{
	char path[4096], line[4096];
	long keep = 0;
	double spent;
	path_of(r, "times.jsonl", path, sizeof path);
	fv_status st = open_lines(err, path, &r->times);
	if (st)
		return st;
	while (next_line(r, r->times, line, sizeof line)) {
		keep = ftell(r->times);
		if (sscanf(line, "{\"step\":%*d,\"seconds\":%lf", &spent) == 1 && spent >= 0 && spent < 1e10)
			r->spent = spent;
		fv_watch_recall(r, line);
	}
	return cut_lines(err, r, path, r->times, keep);
}

fv_status fv_run_find(fv_err *err, fv_run *r, bool *found)
{
	char path[4096], previous[4096];
	path_of(r, "checkpoint.safetensors", path, sizeof path);
	path_of(r, "checkpoint.previous.safetensors", previous, sizeof previous);
	bool first = false, second = false;
	fv_status st = fv_file_member(err, path, false, &first);
	if (!st)
		st = fv_file_member(err, previous, false, &second);
	*found = first || second;
	if (!st && *found)
		st = fv_run_load(err, r);
	if (!st)
		st = fv_run_cut_stats(err, r);
	return st ? st : open_times(err, r);
}

fv_status fv_run_note(fv_err *err, fv_run *r)
{
	fprintf(r->stats, "{\"step\":%" PRId64, r->step);
	for (int i = 0; i < r->losses; i++) {
		if (r->loss[i] - r->loss[i] == 0)
			fprintf(r->stats, ",\"%s\":%.9g", r->loss_name[i], r->loss[i]);
		else
			fprintf(r->stats, ",\"%s\":null", r->loss_name[i]);
	}
	fprintf(r->stats, ",\"dropped\":%" PRId64 "}\n", r->dropped);
	if (fflush(r->stats))
		return not_written(err, r, "stats.jsonl");
	return FV_OK;
}

fv_status fv_run_metrics(fv_err *err, fv_run *r, const char *line)
{
	fprintf(r->metrics, "{\"step\":%" PRId64 ",%s}\n", r->step, line);
	if (fflush(r->metrics))
		return not_written(err, r, "metrics.jsonl");
	return FV_OK;
}

void fv_run_stop(fv_run *r, const char *by, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(r->stopped_text, sizeof r->stopped_text, format, ap);
	va_end(ap);
	r->stopped = by;
}

fv_status fv_run_time(fv_err *err, fv_run *r, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fprintf(r->times, "{\"step\":%" PRId64 ",", r->step);
	vfprintf(r->times, format, ap);
	fprintf(r->times, "}\n");
	va_end(ap);
	if (fflush(r->times))
		return not_written(err, r, "times.jsonl");
	return FV_OK;
}

struct fv_state {
	fv_run counters;
	char *values;
};

fv_status fv_state_save(fv_err *err, fv_run *r, fv_state **out)
{
	size_t bytes = 0;
	for (fv_variable *v = r->store->first; v; v = v->next)
		bytes += (size_t)fv_variable_bytes(v);
	fv_state *s = fv_alloc(r->context, sizeof *s + bytes);
	if (!s)
		return fv_fail_memory(err, "warm-up", bytes);
	s->counters = *r;
	char *to = s->values = (char *)(s + 1);
	fv_status st = FV_OK;
	for (fv_variable *v = r->store->first; v && !st; v = v->next) {
		st = fv_variable_get(err, v, to);
		to += fv_variable_bytes(v);
	}
	if (st)
		fv_free(r->context, s);
	else
		*out = s;
	return st;
}

void fv_state_restore(fv_run *r, fv_state *s)
{
	const char *from = s->values;
	for (fv_variable *v = r->store->first; v; v = v->next) {
		fv_variable_put(NULL, v, from);
		from += fv_variable_bytes(v);
	}
	r->step = s->counters.step;
	r->dropped = s->counters.dropped;
	r->in_a_row = s->counters.in_a_row;
	fv_free(r->context, s);
}
