/* SPDX-License-Identifier: Apache-2.0 */
#include "train/labelled.h"
#include "base/file.h"
#include "base/philox.h"
#include "base/resample.h"
#include "train/mnist.h"
#include "train/run.h"
#include <stdlib.h>
#include <string.h>

#define SIZE 64 /* of pictures, where nothing is said */
/* Pictures are reduced to so many times the size, and crops of them, made of 1.5 to 3 times the
 * size, to the size. */
#define LONGEST 4
#define ZOOM_LOW 1.5
#define ZOOM_HIGH 3

typedef struct {
	/* grey, all in memory */
	fv_digits digits;
	uint8_t *digit; /* the label of each; NULL: they have none */
	/* crops: names of the files, of the labels, and each file's */
	fv_names names, folders;
	int *label;
	fv_feed *feed;
	int labels;
} labelled;

static const char *path_of(const fv_run *r, const fv_data_want *want)
{
	return *(const char *const *)fv_run_value(r, want->option);
}

/* ------------------------------------------------------------------ files */
/* The files of one folder, which all have that label. */
static fv_status add_folder(fv_err *err, fv_context *c, labelled *s, fv_names *files, int label)
{
	const int all = s->names.count + files->count;
	char **path = realloc(s->names.path, (size_t)all * sizeof *path);
	int *of = fv_alloc(c, (size_t)all * sizeof *of);
	s->names.path = path ? path : s->names.path;
	if (!path || !of) {
		fv_free(c, of);
		return fv_fail_memory(err, "names", (size_t)all * sizeof *path);
	}
	for (int i = 0; i < all; i++)
		of[i] = i < s->names.count ? s->label[i] : label;
	memcpy(path + s->names.count, files->path, (size_t)files->count * sizeof *path);
	free(files->path);
	free(files->left);
	*files = (fv_names){0};
	fv_free(c, s->label);
	s->label = of, s->names.count = all;
	return FV_OK;
}

static fv_status add_folders(fv_err *err, fv_context *c, const char *path, labelled *s)
{
	fv_status st = fv_folder_folders(err, path, &s->folders);
	for (int i = 0; i < s->folders.count && !st; i++) {
		fv_names files = {0};
		if (!(st = fv_folder_list(err, s->folders.path[i], &files)) && !files.count)
			st = fv_fail(err, FV_E_READ,
				     "%s: holds no pictures; of folders by label each must",
				     s->folders.path[i]);
		fv_names_tell(c, s->folders.path[i], &files);
		st = st ? st : add_folder(err, c, s, &files, i);
		fv_names_free(&files);
	}
	s->labels = s->folders.count;
	return st;
}

static fv_status find(fv_err *err, fv_run *r, const fv_data_want *want, fv_data *d)
{
	const char *path = path_of(r, want);
	labelled *s = d->own = fv_alloc(r->context, sizeof *s);
	if (!s)
		return fv_fail_memory(err, want->option, sizeof *s);
	if (!fv_is_folder(path) && !fv_picture_there(path))
		return FV_OK;
	fv_names files = {0};
	fv_status st = fv_digits_pictures(err, r->context, path, &files);
	if (!st && files.count)
		st = add_folder(err, r->context, s, &files, 0);
	else if (!st && !fv_digits_in(path))
		st = add_folders(err, r->context, path, s);
	fv_names_free(&files);
	d->path = (const char *const *)s->names.path;
	d->count = s->names.count;
	return st;
}

/* ------------------------------------------------------------------ opening */
/* Other sizes than the networks make become one that they do. */
static fv_status resize_digits(fv_err *err, fv_context *c, fv_digits *g, int64_t size)
{
	const int64_t area = g->height * g->width, to = size * size;
	if (g->height == size && g->width == size)
		return FV_OK;
	uint8_t *pixels = fv_alloc(c, (size_t)(g->count * to)),
		*rgb = fv_alloc(c, (size_t)(3 * (area + to)));
	void *room = fv_alloc(c, fv_resample_room(g->height, g->width, size, size));
	fv_status st = pixels && rgb && room
			       ? FV_OK
			       : fv_fail_memory(err, "pictures", (size_t)(g->count * to));
	for (int64_t i = 0; i < g->count && !st; i++) {
		for (int64_t k = 0; k < 3 * area; k++)
			rgb[k] = g->pixels[i * area + k / 3];
		fv_resample(rgb, g->height, g->width, 3 * g->width, rgb + 3 * area, size, size,
			    FV_FILTER_BICUBIC, room);
		for (int64_t k = 0; k < to; k++)
			pixels[i * to + k] = rgb[3 * (area + k)];
	}
	fv_free(c, rgb);
	fv_free(c, room);
	fv_free(c, st ? pixels : g->pixels);
	if (!st)
		g->pixels = pixels, g->height = g->width = size;
	return st;
}

static fv_status open_digits(fv_err *err, fv_run *r, const char *path, fv_data *d)
{
	labelled *s = d->own;
	fv_digits *g = &s->digits;
	char of_file[40];
	fv_status st = fv_digits_open(err, r->context, path, g);
	if (!st)
		st = fv_digits_labels(err, r->context, path, g->count, &s->digit, &s->labels);
	if (st)
		return st;
	snprintf(of_file, sizeof of_file, "%" PRId64 " pictures, %" PRId64 "x%" PRId64, g->count,
		 g->width, g->height);
	d->height = d->width = r->size                             ? r->size
			       : g->height == 28 && g->width == 28 ? 28
			       : g->height > 32                    ? SIZE
								   : 32;
	snprintf(d->found, sizeof d->found, "%s", of_file);
	if (g->height != g->width)
		fv_log(r->context, FV_LOG_WARNING,
		       "%s: its pictures of %" PRId64 "x%" PRId64 " are stretched to %" PRId64 "x%" PRId64
		       ": this network makes squares",
		       path, g->width, g->height, d->width, d->height);
	d->bytes = g->count * d->height * d->width;
	return resize_digits(err, r->context, g, d->height);
}

static fv_status open_crops(fv_err *err, fv_run *r, fv_data *d)
{
	labelled *s = d->own;
	d->height = d->width = r->size ? r->size : SIZE;
	fv_feed_options f = {
		.purpose = "pictures",
		.path = d->path,
		.count = d->count,
		.decode = r->o.decode,
		.user = r->o.user,
		.seed = r->seed,
		.batch = d->batch,
		.size = d->width,
		.longest = LONGEST * d->width,
		.zoom_low = ZOOM_LOW,
		.zoom_high = ZOOM_HIGH,
		.most = fv_run_room(r),
	};
	if (!r->o.decode)
		return fv_fail(err, FV_E_ARGUMENT,
			       "%s learns from pictures: a decoder is needed to read them",
			       r->recipe->name);
	fv_status st = fv_feed_open(err, r->context, &f, &s->feed);
	if (!st) {
		fv_data_count(r, d, s->feed);
		snprintf(d->found, sizeof d->found, "%s", fv_feed_found(s->feed));
	}
	return st;
}

static fv_status open(fv_err *err, fv_run *r, const fv_data_want *want, fv_data *d)
{
	const labelled *s = d->own;
	fv_status st =
		s->names.count ? open_crops(err, r, d) : open_digits(err, r, path_of(r, want), d);
	const size_t n = strlen(d->found);
	if (!st && s->labels)
		snprintf(d->found + n, sizeof d->found - n, ", %d labels", s->labels);
	return st;
}

static void close(fv_data *d)
{
	labelled *s = d->own;
	fv_feed_close(s->feed);
	fv_names_free(&s->names);
	fv_names_free(&s->folders);
	fv_digits_close(&s->digits);
	fv_free(d->context, s->digit);
	fv_free(d->context, s->label);
	fv_free(d->context, s);
}

/* ------------------------------------------------------------------ batches */
static void take_labels(const fv_data *d, int64_t index, float *to)
{
	const labelled *s = d->own;
	memset(to, 0, (size_t)(d->batch * s->labels) * sizeof *to);
	for (int64_t i = 0; i < d->batch; i++) {
		const int64_t sample = index * d->batch + i;
		const int label = s->feed ? s->label[fv_feed_file(s->feed, sample)]
					  : s->digit[fv_digits_drawn(&s->digits, d->seed, sample)];
		to[i * s->labels + label] = 1;
	}
}

static void take(fv_data *d, int64_t index, int part, float *to)
{
	const labelled *s = d->own;
	if (part) {
		take_labels(d, index, to);
	} else if (s->feed) {
		fv_feed_take(s->feed, index, to);
	} else {
		fv_digits_take(&s->digits, d->seed, index, d->batch, to);
		for (int64_t i = 0; i < d->batch * d->height * d->width; i++)
			to[i] = 2 * to[i] - 1;
	}
}

const fv_data_type fv_data_labelled = {find, open, take, close};

int fv_labelled_channels(const fv_data *d)
{
	return ((labelled *)d->own)->feed ? 3 : 1;
}

int fv_labelled_count(const fv_data *d)
{
	return ((labelled *)d->own)->labels;
}

const char *fv_labelled_name(const fv_data *d, int label)
{
	static const char *const digit[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
	const labelled *s = d->own;
	if (!s->feed)
		return label < (int)FV_COUNT(digit) ? digit[label] : "";
	const char *slash = strrchr(s->folders.path[label], '/');
	return slash ? slash + 1 : s->folders.path[label];
}
