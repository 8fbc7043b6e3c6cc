/* SPDX-License-Identifier: Apache-2.0 */
/* A recipe's programs: built, fed, run at the steps that are theirs, and read. */
#include "base/philox.h"
#include "train/run.h"
#include <math.h>
#include <string.h>

double fv_run_done(const fv_run *r) { return r->steps ? (double)r->step / (double)r->steps : 0; }

double fv_schedule_update(const fv_run *r, int64_t update) { return (double)update + 1; }

double fv_schedule_linear(const fv_run *r, double from) { return fmin(1, (1 - fv_run_done(r)) / (1 - from)); }

double fv_schedule_rate(const fv_run *r, int64_t update)
{
	return *(const double *)fv_run_value(r, "rate") * fv_schedule_linear(r, 0.5);
}

static bool is_part(const fv_run *r, const fv_recipe_program *p)
{
	return !p->every || p->every(r) > 0;
}
static int64_t every(const fv_run *r, const fv_recipe_program *p) { return p->every ? fv_max(1, p->every(r)) : 1; }
static int64_t times(const fv_run *r, const fv_recipe_program *p) { return p->times ? fv_max(1, p->times(r)) : 1; }
/* How often it has run in so many steps. */
static int64_t runs(const fv_run *r, const fv_recipe_program *p, int64_t steps)
{
	return fv_div_up(steps, every(r, p)) * times(r, p);
}

int64_t fv_run_period(const fv_run *r)
{
	int64_t all = 1;
	for (const fv_recipe_program *p = r->recipe->programs; p->name; p++) {
		int64_t a = all, b = every(r, p);
		while (b) {
			int64_t rest = a % b;
			a = b, b = rest;
		}
		all *= every(r, p) / a;
	}
	return all;
}

bool fv_run_rate(const fv_run *r, int i, int64_t step, char *name, size_t room, double *value)
{
	fv_run at = *r;
	at.step = step;
	for (const fv_recipe_program *p = r->recipe->programs; p->name; p++)
		for (const fv_recipe_scalar *s = p->scalars; s && s->port; s++) {
			if (!s->rate || i--)
				continue;
			bool one = !r->recipe->programs[1].name;
			snprintf(name, room, "%s%s%s", one ? "" : p->name, one ? "" : ".", s->port);
			*value = s->at(&at, runs(&at, p, fv_max(0, step - r->dropped))) *
				 r->rate_scale;
			return true;
		}
	return false;
}

/* ------------------------------------------------------------------ opening */
/* The program that `from` ("NAME:PORT") names, and its port. */
static int source_of(const fv_run *r, const char *from, const char **port)
{
	const char *colon = strchr(from, ':');
	for (int i = 0; colon && i < FV_RECIPE_PROGRAMS && r->recipe->programs[i].name; i++)
		if (strlen(r->recipe->programs[i].name) == (size_t)(colon - from) &&
		    !strncmp(r->recipe->programs[i].name, from, (size_t)(colon - from))) {
			*port = colon + 1;
			return i;
		}
	return -1;
}

/* Room for what goes into a port, and for the older pictures where some are kept: their values, and a 1 for each place
 * that is taken. */
static fv_status make_room(fv_err *err, fv_run *r, int program, int input)
{
	const fv_recipe_program *p = &r->recipe->programs[program];
	const fv_recipe_input *in = &p->inputs[input];
	fv_run_program *own = &r->program[program];
	fv_type type;
	fv_shape shape;
	const char *port;
	if (!fv_program_port(own->program, in->port, &type, &shape) || type != FV_F32 ||
	    (!fv_run_data(r, in->from) && source_of(r, in->from, &port) < 0))
		return fv_fail(err, FV_E_INTERNAL, "%s: %s: port '%s' cannot be fed from '%s'", r->recipe->name,
			       p->name, in->port, in->from);
	int64_t values = fv_elements(shape), each = values / r->batch;
	if (!(own->room[input] = fv_alloc(r->context, (size_t)values * sizeof(float))))
		return fv_fail_memory(err, p->name, (size_t)values * sizeof(float));
	if (in->history && !(own->history[input] = fv_variable_new(r->store, FV_F32, FV_SHAPE(in->history, each + 1),
								   "history.%s.%s", p->name, in->port)))
		return fv_fail_memory(err, p->name, (size_t)(in->history * each) * sizeof(float));
	return FV_OK;
}

static int64_t picture_bytes(const fv_run *r)
{
	int64_t bytes = 0;
	for (int i = 0; i < FV_RECIPE_DATA; i++) {
		const fv_data *d = &r->data[i];
		bytes += d->bytes;
		for (int k = 0; k < d->helds; k++)
			bytes += d->held[k].height * d->held[k].stride_bytes;
	}
	return bytes;
}

static fv_status compile(fv_err *err, fv_run *r, int i)
{
	const fv_recipe_program *p = &r->recipe->programs[i];
	fv_err why;
	int64_t own = fv_store_bytes(r->store) + (r->recipe->bytes_of ? r->recipe->bytes_of(r) : 0) +
		      picture_bytes(r),
		most = r->common.max_memory;
	for (int k = 0; k < i; k++)
		own += fv_program_bytes(r->program[k].program);
	fv_program_options how = { .recompute = true, .most = most ? fv_max(1, most - own) : 0 };
	fv_status st = fv_program_new(&why, r->context, r->program[i].graph, &how, &r->program[i].program);
	if (st == FV_E_LIMIT)
		return fv_fail(
			err, FV_E_MEMORY,
			"max-memory is too little for a step, though values were made again: %s, beside %.0f MB of weights, optimiser, pictures and material; "
			"try a smaller batch%s",
			why.text, (double)own / 1e6, r->size ? " or size" : "");
	for (int k = 0; !st && p->inputs && p->inputs[k].port; k++)
		st = k < FV_RECIPE_INPUTS
			     ? make_room(&why, r, i, k)
			     : fv_fail(&why, FV_E_INTERNAL, "%s: %s has too many inputs", r->recipe->name, p->name);
	return st ? fv_fail(err, st, "%s", why.text) : FV_OK;
}

static void say_memory(const fv_run *r)
{
	int64_t bytes = 0, material = r->recipe->bytes_of ? r->recipe->bytes_of(r) : 0;
	char pixels[40] = "", also[100] = "";
	for (int i = 0; i < FV_RECIPE_PROGRAMS; i++)
		bytes += fv_program_bytes(r->program[i].program);
	if (r->size)
		snprintf(pixels, sizeof pixels, " of %" PRId64 " pixels", r->size);
	int n = snprintf(also, sizeof also, ", %.0f MB of pictures",
			 (double)picture_bytes(r) / 1e6);
	if (material)
		snprintf(also + n, sizeof also - (size_t)n, ", %.0f MB of material",
			 (double)material / 1e6);
	fv_run_say(r, "memory: %.0f MB for a step of %" PRId64 " samples%s, %.0f MB of weights and optimiser%s",
		   (double)bytes / 1e6, r->batch, pixels, (double)fv_store_bytes(r->store) / 1e6, also);
}

fv_status fv_run_open_programs(fv_err *err, fv_run *r)
{
	int count = 0;
	fv_status st = FV_OK;
	/* All graphs first: each makes the variables that it needs. */
	for (; r->recipe->programs[count].name && !st; count++)
		if (is_part(r, &r->recipe->programs[count]) &&
		    !(st = fv_graph_new(err, r->context, &r->program[count].graph)))
			r->recipe->programs[count].build(r->program[count].graph, r);
	for (int i = 0; i < count && !st; i++) {
		if (!r->program[i].graph)
			continue;
		st = compile(err, r, i);
		for (const fv_recipe_loss *l = r->recipe->programs[i].losses; !st && l && l->name; l++) {
			if (r->losses == FV_LOSSES)
				return fv_fail(err, FV_E_INTERNAL, "%s: too many losses", r->recipe->name);
			r->loss_name[r->losses++] = l->name;
		}
	}
	if (!st)
		say_memory(r);
	return st;
}

void fv_run_close_programs(fv_run *r)
{
	for (int i = 0; i < FV_RECIPE_PROGRAMS; i++) {
		fv_program_free(r->program[i].program);
		fv_graph_free(r->program[i].graph);
		for (int k = 0; k < FV_RECIPE_INPUTS; k++)
			fv_free(r->context, r->program[i].room[k]);
	}
}

/* ------------------------------------------------------------------ a step */
/* Each sample goes into a free place of the history, or half of the time changes with one that is there. */
static fv_status exchange(fv_err *err, const fv_run *r, fv_variable *history, uint64_t number, float *samples)
{
	const int64_t places = history->shape.w, each = history->shape.c - 1, row = (each + 1) * (int64_t)sizeof(float);
	float *kept = fv_alloc(r->context, (size_t)row);
	fv_status st = kept ? FV_OK : fv_fail_memory(err, history->name, (size_t)row);
	for (int64_t b = 0; b < r->batch && !st; b++) {
		fv_philox draw = fv_philox_at(r->seed ^ fv_purpose(history->name), number, (uint64_t)b);
		float *sample = samples + b * each, taken = 1;
		int64_t place = 0;
		while (place < places && !(st = fv_variable_get_part(err, history, (place + 1) * row - (int64_t)sizeof taken, sizeof taken, &taken)) && taken != 0)
			place++;
		const bool free_place = place < places;
		if (st || (!free_place && fv_unit(draw.v[0]) < 0.5))
			continue;
		place = free_place ? place : (int64_t)(fv_unit(draw.v[1]) * (double)places);
		if (!free_place && (st = fv_variable_get_part(err, history, place * row, row, kept)))
			break;
		for (int64_t k = 0; k < each; k++) {
			float was = kept[k];
			kept[k] = sample[k];
			sample[k] = free_place ? sample[k] : was;
		}
		kept[each] = 1;
		st = fv_variable_put_part(err, history, place * row, row, kept);
	}
	fv_free(r->context, kept);
	return st;
}

static fv_status feed(fv_err *err, fv_run *r, int i, int64_t number)
{
	const fv_recipe_program *p = &r->recipe->programs[i];
	fv_run_program *own = &r->program[i];
	fv_status st = FV_OK;
	for (int k = 0; p->inputs && p->inputs[k].port && !st; k++) {
		const fv_recipe_input *in = &p->inputs[k];
		const char *port = NULL;
		fv_data *d = fv_run_data(r, in->from);
		int source = d ? -1 : source_of(r, in->from, &port);
		if (d)
			d->want->type->take(d, number, in->part, own->room[k]);
		else
			st = fv_program_get(err, r->program[source].program, port, own->room[k]);
		if (!st && own->history[k])
			st = exchange(err, r, own->history[k], (uint64_t)number, own->room[k]);
		if (!st)
			fv_program_put(own->program, in->port, own->room[k]);
	}
	return st || !p->feed ? st : p->feed(err, r, own->program, number);
}

static fv_status run_once(fv_err *err, fv_run *r, int i, int64_t number, int64_t update, double *loss)
{
	const fv_recipe_program *p = &r->recipe->programs[i];
	fv_program *program = r->program[i].program;
	fv_status st = feed(err, r, i, number);
	if (st)
		return st;
	for (const fv_recipe_scalar *s = p->scalars; s && s->port; s++)
		fv_program_put_number(program, s->port, s->at(r, update) * (s->rate ? r->rate_scale : 1));
	if ((st = fv_program_run(err, program, (fv_key){ r->seed, (uint64_t)number, (uint64_t)r->attempt })))
		return st;
	for (int k = 0; p->losses && p->losses[k].name; k++) {
		const char *const *port = p->losses[k].port;
		float v = (float)fv_program_number(program, port[0]);
		loss[k] = port[1] ? (v + (float)fv_program_number(program, port[1])) / 2 : v;
	}
	r->finite = !p->ok || fv_program_number(program, p->ok) != 0;
	return FV_OK;
}

fv_status fv_run_step(fv_err *err, fv_run *r)
{
	double *loss = r->loss;
	for (int k = 0; k < r->losses; k++)
		r->loss[k] = NAN;
	r->finite = true;
	for (int i = 0; i < FV_RECIPE_PROGRAMS && r->finite; i++) {
		const fv_recipe_program *p = &r->recipe->programs[i];
		if (!r->program[i].program)
			continue;
		int64_t n = r->step % every(r, p) ? 0 : times(r, p), number = runs(r, p, r->step),
			update = runs(r, p, r->step - r->dropped);
		for (int64_t k = 0; k < n && r->finite; k++) {
			fv_status st = run_once(err, r, i, number + k, update + k, loss);
			if (st)
				return st;
		}
		for (const fv_recipe_loss *l = p->losses; l && l->name; l++)
			loss++;
	}
	return FV_OK;
}
