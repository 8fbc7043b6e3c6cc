/* SPDX-License-Identifier: Apache-2.0 */
#include "train/run.h"
#include "base/file.h"
#include "model/weights.h"
#include "net/net.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static void path_of(const fv_run *r, const char *name, char *path, size_t room) { snprintf(path, room, "%s/%s", r->o.run, name); }

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
	if (r->o.say)
		r->o.say(r->o.user, text);
}

/* What a kill left of files that were being written aside. */
static void sweep(const char *folder)
{
	char path[4096];
	DIR *d = opendir(folder);
	for (struct dirent *e; d && (e = readdir(d));)
		if (!strncmp(e->d_name, FV_WRITER_ASIDE, strlen(FV_WRITER_ASIDE)) &&
		    snprintf(path, sizeof path, "%s/%s", folder, e->d_name) < (int)sizeof path)
			unlink(path);
	if (d)
		closedir(d);
}

fv_status fv_run_open(fv_err *err, fv_run *r)
{
	char path[4096];
	r->lock = -1;
	fv_status st = fv_folder_make(err, r->o.run);
	if (st)
		return st;
	path_of(r, "sheets", path, sizeof path);
	if ((st = fv_folder_make(err, path)))
		return st;
	path_of(r, "lock", path, sizeof path);
	r->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	if (r->lock < 0)
		return fv_fail_write(err, path);
	if (flock(r->lock, LOCK_EX | LOCK_NB))
		return fv_fail(err, FV_E_WRITE, "%s: another fauve is training in this folder; wait for it or choose another -o", r->o.run);
	sweep(r->o.run);
	path_of(r, "sheets", path, sizeof path);
	sweep(path);
	return FV_OK;
}

void fv_run_close(fv_run *r)
{
	if (r->stats)
		fclose(r->stats);
	if (r->times)
		fclose(r->times);
	if (r->lock >= 0)
		close(r->lock);
	r->stats = r->times = NULL;
	r->lock = -1;
}

/* What a run may not change on the way. */
static json_t *settings(const fv_run *r)
{
	const fv_train_options *o = &r->o;
	return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:I, s:s, s:s*}", "recipe", o->recipe, "preset", o->preset ? o->preset : "",
	                 "batch", o->batch, "size", o->size, "width", o->width, "blocks", o->blocks, "rate", o->rate, "adv", o->adv, "content", o->content,
	                 "style", o->style, "colour", o->colour, "seed", (json_int_t)o->seed, "data", r->data,
	                 "precision", r->context->bf16 ? "bf16" : r->context->exact ? "exact" : NULL);
}

fv_status fv_run_begun(fv_err *err, fv_run *r)
{
	char path[4096];
	fv_writer *w = NULL;
	if (!r->o.begun)
		return FV_OK;
	path_of(r, "run.json", path, sizeof path);
	fv_status st = fv_writer_open(err, r->context, path, &w);
	if (st)
		return st;
	if ((st = fv_writer_put(err, w, r->o.begun, strlen(r->o.begun)))) {
		fv_writer_abort(w);
		return st;
	}
	return fv_writer_commit(err, w);
}

fv_status fv_run_save(fv_err *err, fv_run *r)
{
	char path[4096], previous[4096];
	fv_variable *v[4 * FV_PARAMS_MAX];
	int n = fv_params(r->store, "", v, (int)FV_COUNT(v));
	json_t *about = json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:i, s:f, s:o}", "format", 1, "program", FV_VERSION, "step", (json_int_t)r->step, "steps",
	                          (json_int_t)r->steps, "dropped", (json_int_t)r->dropped, "attempt", (json_int_t)r->attempt, "in_a_row", r->in_a_row,
	                          "rate_scale", r->rate_scale, "settings", settings(r));
	char *text = about ? json_dumps(about, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
	json_t *metadata = text ? json_pack("{s:s}", "fauve.run", text) : NULL;
	fv_status st = metadata ? FV_OK : fv_fail(err, FV_E_MEMORY, "%s: no memory for the checkpoint", r->o.run);
	path_of(r, "checkpoint.safetensors", path, sizeof path);
	path_of(r, "checkpoint.previous.safetensors", previous, sizeof previous);
	/* The statistics of the steps that the checkpoint counts must be there when it is. */
	if (!st && r->stats && (fflush(r->stats) || fdatasync(fileno(r->stats))))
		st = not_written(err, r, "stats.jsonl");
	if (!st && !access(path, F_OK)) {
		/* A second name for the old one; the rename below takes the first away from it. */
		unlink(previous);
		if (link(path, previous) && errno != EEXIST && errno != EPERM)
			st = fv_fail_write(err, previous);
	}
	if (!st)
		st = fv_weights_write(err, r->context, path, v, NULL, n, false, FV_F32, metadata);
	json_decref(metadata);
	json_decref(about);
	free(text);
	path_of(r, "model.safetensors", path, sizeof path);
	if (st || (st = r->recipe->save(err, r, path)) || !r->o.place)
		return st;
	return r->recipe->save(err, r, r->o.place);
}

static fv_status same_settings(fv_err *err, const fv_run *r, json_t *saved)
{
	json_t *mine = settings(r), *v;
	const char *key;
	fv_status st = FV_OK;
	json_object_foreach(mine, key, v) {
		json_t *was = json_object_get(saved, key);
		bool same = json_is_real(v) ? json_is_number(was) && json_number_value(was) == json_real_value(v) : json_equal(v, was);
		if (same || st)
			continue;
		char *a = was ? json_dumps(was, JSON_ENCODE_ANY) : NULL, *b = json_dumps(v, JSON_ENCODE_ANY);
		st = fv_fail(err, FV_E_ARGUMENT, "%s: this run was begun with %s %s, not %s; give the same again, or another -o", r->o.run, key, a ? a : "nothing", b);
		free(a);
		free(b);
	}
	json_object_foreach(saved, key, v)
		if (!st && !json_object_get(mine, key))
			st = fv_fail(err, FV_E_ARGUMENT, "%s: this run was begun with a %s of its own; give the same again, or another -o", r->o.run, key);
	json_decref(mine);
	return st;
}

static fv_status load(fv_err *err, fv_run *r, const char *path)
{
	fv_safetensors f;
	json_error_t je;
	fv_status st = fv_safetensors_open(err, r->context, path, &f);
	if (st)
		return st;
	const char *text = fv_safetensors_text(&f, "fauve.run");
	json_t *about = text ? json_loads(text, JSON_REJECT_DUPLICATES, &je) : NULL;
	json_int_t step = json_integer_value(json_object_get(about, "step")), steps = json_integer_value(json_object_get(about, "steps"));
	if (!about || step < 0 || steps < 1)
		st = fv_fail(err, FV_E_FORMAT, "%s: is no checkpoint of a run", path);
	if (!st)
		st = same_settings(err, r, json_object_get(about, "settings"));
	if (!st)
		st = fv_weights_fill(err, path, &f, r->store);
	if (!st) {
		r->step = step;
		r->steps = steps;
		r->dropped = json_integer_value(json_object_get(about, "dropped"));
		r->attempt = json_integer_value(json_object_get(about, "attempt"));
		r->in_a_row = (int)json_integer_value(json_object_get(about, "in_a_row"));
		r->rate_scale = json_number_value(json_object_get(about, "rate_scale"));
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

fv_status fv_run_cut_stats(fv_err *err, fv_run *r)
{
	char path[4096], line[4096];
	path_of(r, "stats.jsonl", path, sizeof path);
	if (r->stats)
		fclose(r->stats);
	r->stats = fopen(path, "a+e");
	if (!r->stats)
		return fv_fail_write(err, path);
	rewind(r->stats);
	long keep = 0;
	long long step;
	/* Whole lines up to the step; a line that a kill cut in two has no end. */
	while (fgets(line, sizeof line, r->stats) && strchr(line, '\n') && sscanf(line, "{\"step\":%lld", &step) == 1 && step <= r->step)
		keep = ftell(r->stats);
	if (ftruncate(fileno(r->stats), keep) || fseek(r->stats, 0, SEEK_END))
		return fv_fail(err, FV_E_WRITE, "%s: cannot be cut back: %s", path, strerror(errno));
	return FV_OK;
}

/* Opens times.jsonl behind its last whole line, and reads from that how long the run has taken. */
static fv_status open_times(fv_err *err, fv_run *r)
{
	char path[4096], line[4096];
	long keep = 0;
	path_of(r, "times.jsonl", path, sizeof path);
	r->times = fopen(path, "a+e");
	if (!r->times)
		return fv_fail_write(err, path);
	rewind(r->times);
	while (fgets(line, sizeof line, r->times) && strchr(line, '\n')) {
		keep = ftell(r->times);
		sscanf(line, "{\"step\":%*d,\"seconds\":%lf", &r->spent);
	}
	if (ftruncate(fileno(r->times), keep) || fseek(r->times, 0, SEEK_END))
		return fv_fail(err, FV_E_WRITE, "%s: cannot be cut back: %s", path, strerror(errno));
	return FV_OK;
}

fv_status fv_run_find(fv_err *err, fv_run *r, bool *found)
{
	char path[4096], previous[4096];
	path_of(r, "checkpoint.safetensors", path, sizeof path);
	path_of(r, "checkpoint.previous.safetensors", previous, sizeof previous);
	*found = !access(path, F_OK) || !access(previous, F_OK);
	fv_status st = *found ? fv_run_load(err, r) : FV_OK;
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
		bytes += (size_t)fv_tensor_bytes(v->tensor.type, v->tensor.shape);
	fv_state *s = fv_alloc(r->context, sizeof *s + bytes);
	if (!s)
		return fv_fail_memory(err, "warm-up", bytes);
	s->counters = *r;
	char *to = s->values = (char *)(s + 1);
	for (fv_variable *v = r->store->first; v; v = v->next) {
		size_t n = (size_t)fv_tensor_bytes(v->tensor.type, v->tensor.shape);
		memcpy(to, v->tensor.data, n);
		to += n;
	}
	*out = s;
	return FV_OK;
}

void fv_state_restore(fv_run *r, fv_state *s)
{
	const char *from = s->values;
	for (fv_variable *v = r->store->first; v; v = v->next) {
		size_t n = (size_t)fv_tensor_bytes(v->tensor.type, v->tensor.shape);
		memcpy(v->tensor.data, from, n);
		from += n;
	}
	r->step = s->counters.step;
	r->dropped = s->counters.dropped;
	r->in_a_row = s->counters.in_a_row;
	fv_free(r->context, s);
}
