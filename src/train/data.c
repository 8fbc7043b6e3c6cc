/* SPDX-License-Identifier: Apache-2.0 */
/* A recipe's data: found by its options, opened by their kind, told. */
#include "train/feed.h"
#include "base/file.h"
#include "train/edge_smooth.h"
#include "train/measure.h"
#include "train/mnist.h"
#include "train/run.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ crops of pictures */
static void add_names(fv_names *all, fv_names *n)
{
	memcpy(all->path + all->count, n->path, (size_t)n->count * sizeof *n->path);
	all->count += n->count;
	free(n->path);
	free(n->left);
}

static fv_status gather(fv_err *err, fv_run *r, const fv_texts *folders, const char *option,
			fv_names *all)
{
	for (int i = 0; i < folders->count; i++) {
		fv_names n;
		fv_status st = fv_folder_list(err, folders->item[i], &n);
		if (st)
			return st;
		fv_names_tell(r->context, folders->item[i], &n);
		if (!n.count) {
			fv_names_free(&n);
			return fv_fail(err, FV_E_READ,
				       "%s %s: holds no pictures to learn from (" FV_PICTURES_READ ")",
				       option, folders->item[i]);
		}
		char **more = realloc(all->path, (size_t)(all->count + n.count) * sizeof *more);
		if (!more) {
			fv_names_free(&n);
			return fv_fail_memory(err, folders->item[i], (size_t)(all->count + n.count) * sizeof *more);
		}
		all->path = more;
		add_names(all, &n);
	}
	return FV_OK;
}

typedef struct {
	fv_names names; /* those that are set aside stand last */
	fv_feed *feed;
	int64_t index;                  /* of the batch in `last`; -1: none yet */
	float *last;                    /* several ports may ask for it */
	void *room;                     /* to blur edges */
} crops;

/* How many of so many are set aside: one in ten, two at least. */
static fv_status count_aside(fv_err *err, const fv_run *r, fv_data *d, int64_t count)
{
	const char *option = d->want->option;
	if (d->aside && count < 4)
		return fv_fail(err, FV_E_ARGUMENT,
			       "%s: %" PRId64
			       " pictures are too few to set some aside and measure on "
			       "them; give others with held-photos or held-art",
			       option, count);
	d->aside = d->aside ? (int)fv_min(d->aside, fv_max(2, count / 10)) : 0;
	if (d->aside && !(d->held = calloc((size_t)d->aside, sizeof *d->held)))
		return fv_fail_memory(err, option, (size_t)d->aside * sizeof *d->held);
	return FV_OK;
}

/* Evenly over the list: its k-th of `aside` stands at this place of it. */
static int64_t place_aside(const fv_data *d, int64_t count, int64_t k)
{
	return k * count / d->aside;
}

/* The paths that are set aside change places with the last ones, the others keep their order. */
static fv_status set_paths_aside(fv_err *err, fv_data *d, fv_names *n)
{
	int kept = 0, aside = 0;
	char **last = calloc((size_t)d->aside, sizeof *last);
	if (!last)
		return fv_fail_memory(err, d->want->option, (size_t)d->aside * sizeof *last);
	for (int i = 0; i < n->count; i++)
		if (aside < d->aside && i == place_aside(d, n->count, aside))
			last[aside++] = n->path[i];
		else
			n->path[kept++] = n->path[i];
	memcpy(n->path + kept, last, (size_t)aside * sizeof *last);
	free(last);
	return FV_OK;
}

/* Those that can be decoded. */
static fv_status decode_aside(fv_err *err, fv_run *r, fv_data *d)
{
	fv_status st = FV_OK;
	for (int i = 0; i < d->aside && !st; i++) {
		fv_err why = { 0 };
		if (fv_cancelled(r->context))
			return fv_fail(err, FV_E_CANCELLED, "stopped while pictures were read");
		fv_status s = r->o.decode(r->o.user, &why, d->path[d->count + i], d->want->longest,
					  &d->held[d->helds]);
		d->helds += !s;
		if (s == FV_E_MEMORY) /* to go on without it would be another run */
			st = fv_fail(err, s, "%s", why.text);
		else if (s)
			fv_log(r->context, FV_LOG_WARNING, "%s; left out", why.text);
	}
	size_t n = strlen(d->found);
	snprintf(d->found + n, sizeof d->found - n, "; %d more set aside", d->helds);
	return !st && !d->helds
		       ? fv_fail(err, FV_E_READ,
				 "%s: none of the %d pictures that are set aside can be read",
				 d->want->option, d->aside)
		       : st;
}

static fv_status find_crops(fv_err *err, fv_run *r, const fv_data_want *want, fv_data *d)
{
	char place[FV_PATH_MAX];
	const char *shipped = place;
	fv_texts from = *(const fv_texts *)fv_run_value(r, want->option);
	crops *s = d->own = fv_alloc(r->context, sizeof *s);
	fv_status st = s ? FV_OK : fv_fail_memory(err, want->option, sizeof *s);
	if (st)
		return st;
	/* Not kept in the run's options: wherever fauve is next time, what comes with it is there. */
	if (!from.count && want->shipped) {
		if ((st = fv_run_place(err, r, want->option, NULL, place, sizeof place)))
			return st;
		from = (fv_texts){ &shipped, 1 };
	}
	st = gather(err, r, &from, want->option, &s->names);
	if (!st && !(st = count_aside(err, r, d, s->names.count)) && d->aside)
		st = set_paths_aside(err, d, &s->names);
	d->path = (const char *const *)s->names.path;
	d->count = s->names.count - d->aside;
	return st;
}

static fv_status open_crops(fv_err *err, fv_run *r, const fv_data_want *want, fv_data *d)
{
	crops *s = d->own;
	fv_feed_options f = {
		.purpose = want->purpose, .path = d->path, .count = d->count, .decode = r->o.decode, .user = r->o.user,
		.seed = r->seed, .batch = d->batch, .size = r->size, .longest = want->longest, .longer = want->longer,
		.zoom_low = want->zoom_low, .zoom_high = want->zoom_high,
		.most = fv_run_room(r),
	};
	if (!r->o.decode)
		return fv_fail(err, FV_E_ARGUMENT, "%s learns from pictures: a decoder is needed to read them",
			       r->recipe->name);
	fv_status st = fv_feed_open(err, r->context, &f, &s->feed);
	if (st)
		return st;
	fv_data_count(r, d, s->feed);
	d->height = d->width = r->size;
	snprintf(d->found, sizeof d->found, "%s", fv_feed_found(s->feed));
	size_t batch = (size_t)(d->batch * r->size * r->size * 3) * sizeof *s->last;
	size_t room = fv_edge_smooth_room(r->size, r->size);
	s->index = -1;
	s->last = fv_alloc(r->context, batch);
	s->room = fv_alloc(r->context, room);
	if (!s->last || !s->room)
		return fv_fail_memory(err, want->option, batch + room);
	return d->aside ? decode_aside(err, r, d) : FV_OK;
}

static void take_crops(fv_data *d, int64_t index, int part, float *to)
{
	crops *s = d->own;
	int64_t each = d->height * d->width * 3;
	if (s->index != index)
		fv_feed_take(s->feed, index, s->last);
	s->index = index;
	for (int64_t k = 0; k < d->batch; k++)
		if (part)
			fv_edge_smooth(s->last + k * each, to + k * each, d->height, d->width,
			               s->room);
		else
			memcpy(to + k * each, s->last + k * each, (size_t)each * sizeof *to);
}

static void close_crops(fv_data *d)
{
	crops *s = d->own;
	fv_feed_close(s->feed);
	fv_free(d->context, s->last);
	fv_free(d->context, s->room);
	fv_names_free(&s->names);
	fv_free(d->context, s);
}

static fv_status show_crops(fv_err *err, fv_run *r, const fv_data *d, int part, int64_t side, int n,
                            float *to)
{
	fv_feed *feed = NULL;
	const fv_feed_options f = {
		.purpose = "previews",
		.path = d->path,
		.count = (int)fv_min(d->count, 24),
		.decode = r->o.decode,
		.user = r->o.user,
		.seed = 1,
		.batch = n,
		.size = side,
		.longest = d->want->longest,
		.zoom_low = 1.2,
		.zoom_high = 1.2,
	};
	fv_status st = fv_feed_open(err, r->context, &f, &feed);
	if (!st)
		fv_feed_take(feed, 0, to);
	fv_feed_close(feed);
	return st;
}

const fv_data_type fv_data_crops = {
	.find = find_crops, .open = open_crops, .take = take_crops, .close = close_crops,
	.show = show_crops, .sets_aside = true,
};

fv_feed *fv_data_feed(const fv_data *d) { return ((crops *)d->own)->feed; }

/* ------------------------------------------------------------------ small grey pictures */
/* Grey becomes three equal channels; those that stay move together. */
static fv_status set_digits_aside(fv_err *err, fv_data *d, fv_digits *s)
{
	const int64_t area = s->height * s->width, count = s->count;
	s->count = 0;
	for (int64_t i = 0; i < count; i++) {
		const uint8_t *from = s->pixels + i * area;
		if (d->helds == d->aside || i != place_aside(d, count, d->helds)) {
			memmove(s->pixels + s->count++ * area, from, (size_t)area);
			continue;
		}
		uint8_t *to = malloc((size_t)area * 3);
		if (!to)
			return fv_fail_memory(err, d->want->option, (size_t)area * 3);
		for (int64_t k = 0; k < 3 * area; k++)
			to[k] = from[k / 3];
		d->held[d->helds++] = (fv_pixels){ s->width, s->height, 3, 8, 3 * s->width, to };
	}
	return FV_OK;
}

static fv_status open_digits(fv_err *err, fv_run *r, const fv_data_want *want, fv_data *d)
{
	fv_names n = { 0 };
	const char *path = *(const char *const *)fv_run_value(r, want->option);
	fv_digits *s = d->own = fv_alloc(r->context, sizeof *s);
	fv_status st = s ? FV_OK : fv_fail_memory(err, want->option, sizeof *s);
	/* A folder without an idx file is a folder of pictures. */
	if (!st && fv_is_folder(path))
		st = fv_digits_pictures(err, r->context, path, &n);
	if (!st && n.count && !r->o.decode)
		st = fv_fail(err, FV_E_ARGUMENT, "%s: holds pictures, and a decoder is needed to read them", path);
	else if (!st)
		st = n.count ? fv_digits_decode(err, r->context, (const char *const *)n.path, n.count, r->o.decode,
						r->o.user, s)
			     : fv_digits_open(err, r->context, path, s);
	fv_names_free(&n);
	if (!st && !(st = count_aside(err, r, d, s->count)) && d->aside)
		st = set_digits_aside(err, d, s);
	if (st)
		return st;
	d->bytes = s->count * s->height * s->width;
	d->height = s->height;
	d->width = s->width;
	int m = snprintf(d->found, sizeof d->found, "%" PRId64 " pictures, %" PRId64 "x%" PRId64,
			 s->count, s->width, s->height);
	if (d->helds)
		snprintf(d->found + m, sizeof d->found - (size_t)m, "; %d more set aside",
			 d->helds);
	return FV_OK;
}

static void take_digits(fv_data *d, int64_t index, int part, float *to)
{
	fv_digits_take(d->own, d->seed, index, d->batch, to);
}

static void close_digits(fv_data *d)
{
	fv_digits_close(d->own);
	fv_free(d->context, d->own);
}

const fv_data_type fv_data_digits = {
	.open = open_digits, .take = take_digits, .close = close_digits, .sets_aside = true,
};

/* ------------------------------------------------------------------ all of a recipe's */
fv_data *fv_run_data(const fv_run *r, const char *option)
{
	for (int i = 0; i < FV_RECIPE_DATA; i++)
		if (r->data[i].want && !strcmp(r->data[i].want->option, option))
			return (fv_data *)&r->data[i];
	return NULL;
}

fv_status fv_run_place(fv_err *err, const fv_run *r, const char *option, const char *name, char *path, size_t room)
{
	if (r->o.find)
		return r->o.find(r->o.user, err, option, name, path, room);
	if (!name)
		return fv_fail(err, FV_E_ARGUMENT, "%s: %s is missing", r->recipe->name, option);
	snprintf(path, room, "%s", name);
	return FV_OK;
}

/* Half of what there is, each data's share of it: the rest is for the step. */
int64_t fv_run_room(const fv_run *r)
{
	const double here = fv_memory_free(), most = (double)r->common.max_memory;
	int count = 0;
	while (count < FV_RECIPE_DATA && r->recipe->data[count].option)
		count++;
	double room = most && (!here || most < here) ? most : here;
	return room > 0 ? (int64_t)fmax(1, room / 2 / fmax(1, count)) : 0;
}

void fv_data_held(const fv_run *r, fv_data *d, int64_t bytes, int others, const char *what)
{
	d->bytes = bytes;
	if (others)
		fv_run_say(r, "%d of the %s do not fit into memory and are read again whenever they "
			   "are needed", others, what);
}

void fv_data_count(const fv_run *r, fv_data *d, const fv_feed *feed)
{
	int others;
	const int64_t bytes = fv_feed_bytes(feed, &others);
	fv_data_held(r, d, bytes, others, d->want->purpose ? d->want->purpose : "pictures");
}

fv_status fv_run_open_data(fv_err *err, fv_run *r)
{
	size_t n = 0;
	const char *shipped = NULL;
	fv_status st = FV_OK;
	/* All are found before the first is opened, which may take long. */
	for (int i = 0; i < FV_RECIPE_DATA && r->recipe->data[i].option && !st; i++) {
		const fv_data_want *want = &r->recipe->data[i];
		const fv_texts *given = fv_run_value(r, want->option);
		if (!given)
			return fv_fail(err, FV_E_INTERNAL, "%s: its data '%s' are no option", r->recipe->name, want->option);
		r->data[i] = (fv_data){ .want = want,
					.context = r->context,
					.seed = r->seed,
					.batch = want->batch ? want->batch : r->batch,
					.aside = fv_measure_aside(r, want) };
		if (r->data[i].aside && !want->type->sets_aside)
			return fv_fail(
				err, FV_E_ARGUMENT,
				"%s: pictures like its %s cannot be set aside; give others to "
				"measure on with held-photos or held-art",
				r->recipe->name, want->option);
		if (want->shipped && !given->count)
			shipped = want->shipped;
		st = want->type->find ? want->type->find(err, r, want, &r->data[i]) : FV_OK;
	}
	for (int i = 0; i < FV_RECIPE_DATA && r->data[i].want && !st; i++) {
		fv_data *d = &r->data[i];
		if (!(st = d->want->type->open(err, r, d->want, d)))
			n += (size_t)snprintf(r->found + n, sizeof r->found - n, "%s%.90s", i ? "; " : "", d->found);
	}
	for (int i = 0; i < FV_RECIPE_DATA && r->data[i].want && !st; i++)
		fv_run_say(r, "%s", r->data[i].found);
	if (shipped && !st)
		snprintf(r->found + n, sizeof r->found - n, "; %s", shipped);
	return st;
}

void fv_run_close_data(fv_run *r)
{
	for (int i = 0; i < FV_RECIPE_DATA; i++) {
		for (int k = 0; k < r->data[i].helds; k++)
			free(r->data[i].held[k].data);
		free(r->data[i].held);
		if (r->data[i].own)
			r->data[i].want->type->close(&r->data[i]);
	}
}
