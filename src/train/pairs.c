/* SPDX-License-Identifier: Apache-2.0 */
#include "train/pairs.h"
#include "base/file.h"
#include "base/philox.h"
#include "base/resample.h"
#include "train/run.h"
#include <stdlib.h>
#include <string.h>

#define LONGEST 4096 /* larger files are reduced as they are read */
#define LEAST 32     /* pixels of a side */

const char *const fv_directions[] = { "AtoB", "BtoA", NULL };

typedef struct {
	int file;         /* its place among the names */
	uint8_t *part[2]; /* load x load RGB, packed; NULL: not held, read when it is wanted */
} pair;

typedef struct {
	fv_run *run;
	fv_names names[2]; /* the second is empty where files hold both */
	pair *pair;
	int count, lonely, broken;
	int64_t load, size;
	bool back; /* from B to A */
	/* Pairs that are not held: as many as a batch has, each sample's own, since its other part
	 * is wanted next. */
	pair *again;
	int *again_at; /* which of `pair` each of them is; -1: none */
	bool lost;     /* it was said that one cannot be read any more */
} pairs;

/* ------------------------------------------------------------------ which belong together */
static const char *file_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* A name without its ending: where it begins, and its length. */
static const char *stem(const char *path, size_t *length)
{
	const char *file = file_of(path), *dot = strrchr(file, '.');
	*length = dot ? (size_t)(dot - file) : strlen(file);
	return file;
}

static int by_stem(const void *a, const void *b)
{
	size_t m, n;
	const char *s = stem(*(char *const *)a, &m), *t = stem(*(char *const *)b, &n);
	int order = memcmp(s, t, m < n ? m : n);
	return order ? order : (m > n) - (m < n);
}

static bool same_stem(char *const *a, char *const *b)
{
	return !by_stem(a, b);
}

static fv_status check_names(fv_err *err, const fv_names *n)
{
	for (int i = 1; i < n->count; i++)
		if (same_stem(&n->path[i - 1], &n->path[i]))
			return fv_fail(err, FV_E_READ,
				       "%s and %s have one name: which of them belongs "
				       "to its pair? Rename or remove one",
				       n->path[i - 1], file_of(n->path[i]));
	return FV_OK;
}

static void leave_out(fv_run *r, pairs *s, fv_names *n, int at, const char *other)
{
	fv_log(r->context, FV_LOG_WARNING, "%s: there is no picture of its name in %s; left out",
	       n->path[at], other);
	s->lonely++;
	free(n->path[at]);
	n->path[at] = NULL;
}

/* Keeps of both lists what has a partner, in one order. */
static void match(fv_run *r, pairs *s, char where[2][FV_PATH_MAX])
{
	fv_names *a = &s->names[0], *b = &s->names[1];
	int i = 0, k = 0, kept = 0;
	while (i < a->count || k < b->count) {
		int order = i == a->count   ? 1
			    : k == b->count ? -1
					    : by_stem(&a->path[i], &b->path[k]);
		if (order < 0)
			leave_out(r, s, a, i++, where[1]);
		else if (order > 0)
			leave_out(r, s, b, k++, where[0]);
		else {
			char *left = a->path[i], *right = b->path[k];
			a->path[i++] = b->path[k++] = NULL;
			a->path[kept] = left;
			b->path[kept++] = right;
		}
	}
	a->count = b->count = kept;
}

/* Whether the folder holds two folders of the two sides; their paths. */
static bool two_folders(const char *folder, char where[2][FV_PATH_MAX])
{
	static const char *const name[][2] = { { "A", "B" }, { "trainA", "trainB" } };
	for (size_t i = 0; i < FV_COUNT(name); i++) {
		for (int k = 0; k < 2; k++)
			snprintf(where[k], FV_PATH_MAX, "%s/%s", folder, name[i][k]);
		if (fv_is_folder(where[0]) && fv_is_folder(where[1]))
			return true;
	}
	return false;
}

static fv_status find_pairs(fv_err *err, fv_run *r, const fv_data_want *want, fv_data *d)
{
	char where[2][FV_PATH_MAX];
	const char *folder = *(const char *const *)fv_run_value(r, want->option);
	pairs *s = d->own = fv_alloc(r->context, sizeof *s);
	fv_status st = s ? FV_OK : fv_fail_memory(err, want->option, sizeof *s);
	if (st)
		return st;
	if (!two_folders(folder, where)) {
		if (!(st = fv_folder_list(err, folder, &s->names[0])))
			fv_names_tell(r->context, folder, &s->names[0]);
	} else {
		for (int i = 0; i < 2 && !st; i++) {
			if ((st = fv_folder_list(err, where[i], &s->names[i])))
				return st;
			fv_names_tell(r->context, where[i], &s->names[i]);
			qsort(s->names[i].path, (size_t)s->names[i].count, sizeof(char *), by_stem);
			st = check_names(err, &s->names[i]);
		}
		if (!st)
			match(r, s, where);
	}
	if (!st && !s->names[0].count)
		st = fv_fail(err, FV_E_READ,
			     "%s %s: holds no pairs to learn from: pictures of both "
			     "side by side, or folders A and B with pictures of the same names",
			     want->option, folder);
	return st;
}

/* ------------------------------------------------------------------ reading */
static void reduce(pairs *s, const fv_pixels *p, int64_t x, int64_t width, void *room, uint8_t *to)
{
	fv_resample((const uint8_t *)p->data + 3 * x, p->height, width, p->stride_bytes, to,
		    s->load, s->load, FV_FILTER_BICUBIC, room);
}

static int64_t pair_bytes(const pairs *s) { return 6 * s->load * s->load; }

static void let_go(fv_context *c, pair *q)
{
	fv_free(c, q->part[0]);
	fv_free(c, q->part[1]);
	q->part[0] = q->part[1] = NULL;
}

/* One or two pictures as they were read to a pair. */
static fv_status take_in(fv_err *err, fv_run *r, pairs *s, const fv_pixels *p,
			 const char *const *path, pair *q)
{
	const bool both = s->names[1].count;
	const int64_t bytes = pair_bytes(s) / 2, half = both ? p[0].width : p[0].width / 2;
	fv_status st = FV_OK;
	if (both && (p[0].width != p[1].width || p[0].height != p[1].height))
		return fv_fail(err, FV_E_SHAPE,
			       "%s is of %dx%d pixels and %s of %dx%d: two of a pair "
			       "must be of one size",
			       path[0], (int)p[0].width, (int)p[0].height, path[1], (int)p[1].width,
			       (int)p[1].height);
	if (!both && p[0].width % 2)
		return fv_fail(err, FV_E_SHAPE,
			       "%s: is %d pixels wide, which makes no two halves: A and "
			       "B side by side are wanted, or folders A and B",
			       path[0], (int)p[0].width);
	if (half < LEAST || p[0].height < LEAST)
		return fv_fail(err, FV_E_SHAPE, "%s: %d x %d pixels are too few to learn from",
			       path[0], (int)half, (int)p[0].height);
	size_t need = fv_resample_room(p[0].height, half, s->load, s->load);
	void *room = fv_alloc_rough(r->context, need);
	q->part[0] = fv_alloc_rough(r->context, (size_t)bytes);
	q->part[1] = fv_alloc_rough(r->context, (size_t)bytes);
	if (!room || !q->part[0] || !q->part[1])
		st = fv_fail_memory(err, path[0], need + 2 * (size_t)bytes);
	for (int i = 0; i < 2 && !st; i++)
		reduce(s, both ? &p[i] : p, both ? 0 : i * half, half, room, q->part[i]);
	fv_free(r->context, room);
	if (st)
		let_go(r->context, q);
	return st;
}

/* Fills the pair of those files. Its pictures cannot be read: FV_E_READ or what the decoder says,
 * and *unread is set; they do not belong together: the error of that. */
static fv_status read_pair(fv_err *err, fv_run *r, pairs *s, pair *q, bool *unread)
{
	fv_pixels p[2] = { { 0 }, { 0 } };
	const char *path[2] = { s->names[0].path[q->file],
				s->names[1].count ? s->names[1].path[q->file] : NULL };
	fv_status st = FV_OK;
	for (int i = 0; i < 2 && path[i] && !st; i++)
		st = r->o.decode(r->o.user, err, path[i], LONGEST, &p[i]);
	*unread = st && st != FV_E_MEMORY && st != FV_E_CANCELLED;
	if (!st)
		st = take_in(err, r, s, p, path, q);
	free(p[0].data);
	free(p[1].data);
	return st;
}

/* Reads all of them once; what is over `room` bytes is let go. The number of those in *others. */
static fv_status read_all(fv_err *err, fv_run *r, pairs *s, int64_t room, int *others)
{
	fv_status st = FV_OK;
	for (int i = 0; i < s->names[0].count && !st; i++) {
		bool unread;
		pair *q = &s->pair[s->count];
		if (fv_cancelled(r->context))
			return fv_fail(err, FV_E_CANCELLED, "stopped while pairs were read");
		q->file = i;
		st = read_pair(err, r, s, q, &unread);
		if (unread) {
			fv_log(r->context, FV_LOG_WARNING, "%s; the pair is left out", err->text);
			s->broken++;
			st = FV_OK;
		} else if (!st) {
			s->count++;
			if (room && (s->count - *others) * pair_bytes(s) > room)
				let_go(r->context, q), (*others)++;
		}
	}
	return st;
}

static fv_status open_pairs(fv_err *err, fv_run *r, const fv_data_want *want, fv_data *d)
{
	pairs *s = d->own;
	const int files = s->names[0].count;
	const int *direction = fv_run_value(r, "direction");
	fv_status st;
	int others = 0;
	size_t n;
	if (!r->o.decode)
		return fv_fail(err, FV_E_ARGUMENT,
			       "%s learns from pictures: a decoder is needed to "
			       "read them",
			       r->recipe->name);
	s->run = r;
	s->back = direction && *direction;
	s->size = d->height = d->width = r->size;
	s->load = (s->size * 286 + 128) / 256;
	s->pair = fv_alloc(r->context, (size_t)files * sizeof *s->pair);
	s->again = fv_alloc(r->context, (size_t)d->batch * sizeof *s->again);
	s->again_at = fv_alloc(r->context, (size_t)d->batch * sizeof *s->again_at);
	if (!s->pair || !s->again || !s->again_at)
		return fv_fail_memory(err, want->option, (size_t)files * sizeof *s->pair);
	for (int64_t i = 0; i < d->batch; i++)
		s->again_at[i] = -1;
	st = read_all(err, r, s, fv_run_room(r), &others);
	if (!st && !s->count)
		st = fv_fail(err, FV_E_READ, "%s: none of the %d pairs can be read", want->option,
			     files);
	n = (size_t)snprintf(d->found, sizeof d->found, "%d pairs", s->count);
	if (s->lonely)
		n += (size_t)snprintf(d->found + n, sizeof d->found - n,
				      ", %d pictures without a partner", s->lonely);
	if (s->broken)
		snprintf(d->found + n, sizeof d->found - n, ", %d broken", s->broken);
	fv_data_held(r, d, (s->count - others) * pair_bytes(s), others, "pairs");
	return st;
}

static void close_pairs(fv_data *d)
{
	pairs *s = d->own;
	for (int i = 0; i < s->count; i++)
		let_go(d->context, &s->pair[i]);
	for (int64_t i = 0; s->again && i < d->batch; i++)
		let_go(d->context, &s->again[i]);
	fv_free(d->context, s->pair);
	fv_free(d->context, s->again);
	fv_free(d->context, s->again_at);
	fv_names_free(&s->names[0]);
	fv_names_free(&s->names[1]);
	fv_free(d->context, s);
}

/* ------------------------------------------------------------------ samples */
/* Pair `at` for sample b of a batch; NULL: it could be read before, and cannot be now. */
static const pair *pair_of(pairs *s, int at, int64_t b)
{
	fv_err why = { 0 };
	bool unread;
	pair *q = &s->again[b];
	if (s->pair[at].part[0])
		return &s->pair[at];
	if (s->again_at[b] == at)
		return q;
	let_go(s->run->context, q);
	q->file = s->pair[at].file;
	if (!read_pair(&why, s->run, s, q, &unread)) {
		s->again_at[b] = at;
		return q;
	}
	s->again_at[b] = -1;
	if (!s->lost)
		fv_log(s->run->context, FV_LOG_WARNING, "%s; others stand for it from now on",
		       why.text);
	s->lost = true;
	return NULL;
}

/* The first pair from `at` on that can be read; NULL: none can. */
static const pair *readable(pairs *s, int at, int64_t b)
{
	const pair *q = NULL;
	for (int k = 0; k < s->count && !q; k++)
		q = pair_of(s, (at + k) % s->count, b);
	return q;
}

static void crop(const pairs *s, const pair *of, int part, int64_t x, int64_t y, bool flip,
		 float *to)
{
	const uint8_t *from = of->part[s->back ? !part : part];
	for (int64_t r = 0; r < s->size; r++)
		for (int64_t q = 0; q < s->size; q++) {
			const int64_t column = x + (flip ? s->size - 1 - q : q);
			const uint8_t *pixel = from + 3 * ((y + r) * s->load + column);
			for (int k = 0; k < 3; k++)
				*to++ = (float)pixel[k] * (1 / 127.5f) - 1;
		}
}

/* The draws do not know of the part: both of a pair are treated alike. */
static void take_pairs(fv_data *d, int64_t index, int part, float *to)
{
	pairs *s = d->own;
	const int64_t places = s->load - s->size + 1;
	for (int64_t b = 0; b < d->batch; b++, to += 3 * s->size * s->size) {
		const uint64_t i = (uint64_t)(index * d->batch + b),
			       seed = d->seed ^ fv_purpose("pairs");
		const fv_philox draw = fv_philox_at(seed, 1, i), more = fv_philox_at(seed, 2, i);
		const pair *of = readable(s, (int)(fv_unit(draw.v[0]) * s->count), b);
		if (of)
			crop(s, of, part, (int64_t)(fv_unit(draw.v[1]) * (double)places),
			     (int64_t)(fv_unit(draw.v[2]) * (double)places),
			     fv_unit(more.v[0]) < 0.5, to);
		else
			memset(to, 0, (size_t)(3 * s->size * s->size) * sizeof *to);
	}
}

/* Of the first pairs the middle, as it is. */
static fv_status show_pairs(fv_err *err, fv_run *r, const fv_data *d, int part, int64_t side, int n,
			    float *to)
{
	pairs *s = d->own;
	const int64_t at = (s->load - s->size) / 2;
	for (int i = 0; i < n; i++) {
		const pair *of = readable(s, (int)((int64_t)i * s->count / n), 0);
		if (!of)
			return fv_fail(err, FV_E_READ, "%s: none of the pairs can be read any more",
				       d->want->option);
		crop(s, of, part, at, at, false, to + 3 * i * side * side);
	}
	return FV_OK;
}

const fv_data_type fv_data_pairs = {
	.find = find_pairs,
	.open = open_pairs,
	.take = take_pairs,
	.close = close_pairs,
	.show = show_pairs,
	.paired = true,
};
