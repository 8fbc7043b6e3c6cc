/* SPDX-License-Identifier: Apache-2.0 */
/* fauve check-data: what is wrong with a collection, before hours go into it. */
#include "cli/check_data.h"
#include "base/hash.h"
#include "picture/picture.h"
#include "train/mnist.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

static const fv_argument arguments[] = {
	{ "DIR", "a folder of pictures, of folders by class, or of idx files; or a picture",
	  .kind = FV_ARG_FOLDER, .many = true },
	{ 0 },
};

static const fv_example examples[] = {
	{ "fauve check-data paintings/", "Is it good enough to learn from?" },
	{ "fauve check-data train/ test/", "Does a picture stand in both?" },
	{ "fauve check-data --json digits/ | jq .advice.command", "For a program." },
	{ 0 },
};

/* ---- what a folder holds */

static void count_other(fv_check_set *s, const char *name)
{
	const char *dot = strrchr(name, '.');
	int i = 0;
	if (!dot || dot == name || strlen(dot) >= sizeof s->other->ending)
		dot = "";
	while (i < s->others && strcasecmp(s->other[i].ending, dot))
		i++;
	if (i == FV_CHECK_OTHERS) {
		s->more_others++;
		return;
	}
	if (i == s->others)
		snprintf(s->other[s->others++].ending, sizeof s->other->ending, "%s", dot);
	s->other[i].count++;
}

static fv_status append(fv_err *err, fv_names *n, const char *folder, const char *name)
{
	char **more = realloc(n->path, (size_t)(n->count + 1) * sizeof *more);
	const size_t bytes = strlen(folder) + strlen(name) + 2;
	if (more)
		n->path = more;
	if (!more || !(n->path[n->count] = malloc(bytes)))
		return fv_fail_memory(err, folder, bytes);
	snprintf(n->path[n->count++], bytes, "%s/%s", folder, name);
	return FV_OK;
}

/* folder: NULL where the name is a path. */
static fv_status add_idx(fv_err *err, fv_check_set *s, const char *folder, const char *name)
{
	fv_check_idx *more = realloc(s->idx, (size_t)(s->idxs + 1) * sizeof *more);
	const size_t bytes = (folder ? strlen(folder) : 0) + strlen(name) + 2;
	char *path = malloc(bytes);
	if (more)
		s->idx = more;
	if (!more || !path) {
		free(path);
		return fv_fail_memory(err, name, sizeof *more);
	}
	snprintf(path, bytes, "%s%s%s", folder ? folder : "", folder ? "/" : "", name);
	s->idx[s->idxs++] = (fv_check_idx){ .path = path };
	return FV_OK;
}

/* Files that are no pictures and folders, of the set's own folder or of one in it. What begins
 * with a dot nobody reads. */
static fv_status look_around(fv_err *err, fv_check_set *s, const char *folder, bool inner)
{
	fv_status st = FV_OK;
	DIR *d = opendir(folder);
	if (!d)
		return FV_OK;                   /* a picture, or what the lister has said */
	for (struct dirent *e; !st && (e = readdir(d));) {
		char path[FV_PATH_MAX];
		struct stat of;
		if (e->d_name[0] == '.' ||
		    snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= (int)sizeof path ||
		    stat(path, &of))
			continue;
		if (S_ISDIR(of.st_mode) && inner)
			s->deeper++;
		else if (S_ISDIR(of.st_mode))
			st = append(err, &s->inner, folder, e->d_name);
		else if (strstr(e->d_name, "idx3-ubyte"))
			st = add_idx(err, s, folder, e->d_name);
		else if (strstr(e->d_name, "idx1-ubyte"))
			s->labels++;
		else if (!fv_picture_there(path))
			count_other(s, e->d_name);
	}
	closedir(d);
	return st;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int idx_by_path(const void *a, const void *b)
{
	return strcmp(((const fv_check_idx *)a)->path, ((const fv_check_idx *)b)->path);
}

static fv_status find(fv_err *err, fv_check_set *s)
{
	fv_status st = FV_OK;
	if (strstr(s->path, "idx3-ubyte") && !fv_is_folder(s->path))
		return add_idx(err, s, NULL, s->path);
	if ((st = look_around(err, s, s->path, false)))
		return st;
	if (s->inner.count)
		qsort(s->inner.path, (size_t)s->inner.count, sizeof *s->inner.path, by_path);
	s->folder = calloc((size_t)s->inner.count + 1, sizeof *s->folder);
	if (!s->folder)
		return fv_fail_memory(err, s->path, sizeof *s->folder);
	for (int i = -1; i < s->inner.count && !st; i++) {
		fv_check_folder *f = &s->folder[s->folders];
		f->path = i < 0 ? s->path : s->inner.path[i];
		if ((st = fv_folder_list(err, f->path, &f->names)))
			break;
		if (i >= 0)
			st = look_around(err, s, f->path, true);
		s->folders += i < 0 || f->names.count;
		s->count += f->names.count;
	}
	if (s->idxs)
		qsort(s->idx, (size_t)s->idxs, sizeof *s->idx, idx_by_path);
	return st;
}

static fv_status gather(fv_err *err, fv_check *c)
{
	int at = 0;
	for (int i = 0; i < c->sets; i++) {
		fv_status st = find(err, &c->set[i]);
		if (st)
			return st;
		c->set[i].first = c->count;
		c->count += c->set[i].count;
	}
	if (!(c->picture = calloc((size_t)c->count + 1, sizeof *c->picture)))
		return fv_fail_memory(err, "pictures", (size_t)c->count * sizeof *c->picture);
	for (int i = 0; i < c->sets; i++)
		for (int f = 0; f < c->set[i].folders; f++)
			for (int k = 0; k < c->set[i].folder[f].names.count; k++)
				c->picture[at++] =
					(fv_checked){ .path = c->set[i].folder[f].names.path[k],
				                      .set = i, .folder = f, .twin = -1 };
	return FV_OK;
}

/* ---- reading */

typedef struct { fv_check *check; int begin; } reading;

/* RGB of 8 bits, packed, in the picture's own memory: it only becomes smaller. */
static void narrow(fv_pixels *p)
{
	uint8_t *to = p->data;
	if (p->channels == 3 && p->bits == 8)
		return;
	for (int64_t y = 0; y < p->height; y++) {
		const uint8_t *row = (const uint8_t *)p->data + y * p->stride_bytes;
		for (int64_t x = 0; x < p->width; x++)
			for (int k = 0; k < 3; k++) {
				const int64_t i = x * p->channels + k;
				uint16_t v = row[i];
				if (p->bits == 16) {
					memcpy(&v, row + 2 * i, 2);
					v = (uint16_t)((v + 128) / 257);
				}
				*to++ = (uint8_t)v;
			}
	}
	p->channels = 3, p->bits = 8, p->stride_bytes = 3 * p->width;
}

static void look_at(fv_checked *f)
{
	fv_err err = { 0 }, warning = { 0 };
	fv_picture *p = NULL;
	f->status = fv_picture_read(&err, f->path, NULL, &p, &warning);
	if (!f->status) {
		fv_pixels *v = fv_picture_pixels(p);
		const size_t bytes = fv_inspect_room(v->height, v->width);
		void *room = malloc(bytes);
		f->format = fv_picture_format(p);
		if (room) {
			narrow(v);
			fv_inspect(v, &f->look, room);
		} else
			f->status = fv_fail_memory(&err, f->path, bytes);
		free(room);
	}
	fv_picture_free(p);
	if (f->status || warning.status)
		f->reason = strdup(f->status ? err.text : warning.text);
}

static void look_at_some(void *arg, int thread, int64_t first, int64_t last)
{
	const reading *r = arg;
	for (int64_t i = r->begin + first; i < r->begin + last; i++)
		look_at(&r->check->picture[i]);
}

static fv_status interrupted(fv_err *err)
{
	return fv_interrupted() ? fv_fail(err, FV_E_CANCELLED, "interrupted") : FV_OK;
}

static fv_status read_all(fv_err *err, fv_cli *cli, fv_context *context, fv_check *c)
{
	reading r = { c, 0 };
	const int part = 4 * context->threads;
	for (; r.begin < c->count; r.begin += part) {
		char text[100];
		snprintf(text, sizeof text, "looking at pictures: %d of %d", r.begin, c->count);
		fv_progress_show(cli->progress, (double)r.begin / c->count, text);
		fv_status st = interrupted(err);
		if (st)
			return st;
		fv_team_run(context->team, look_at_some, &r, fv_min(part, c->count - r.begin), 1);
	}
	for (int i = 0; i < c->count; i++) {
		fv_checked *f = &c->picture[i];
		if (f->status == FV_E_MEMORY)   /* which says nothing of the picture */
			return fv_fail(err, f->status, "%s", f->reason ? f->reason : f->path);
		if (f->status)
			continue;
		c->readable++;
		c->set[f->set].readable++;
		c->set[f->set].folder[f->folder].readable++;
		c->set[f->set].pairs += f->look.width == 2 * f->look.height;
	}
	return FV_OK;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static fv_status read_idx(fv_err *err, fv_context *context, fv_check_idx *x)
{
	fv_digits d = { 0 };
	fv_err why = { 0 };
	if ((x->status = fv_digits_open(&why, context, x->path, &d))) {
		snprintf(x->reason, sizeof x->reason, "%s", why.text);
		return x->status == FV_E_MEMORY ? fv_fail(err, x->status, "%s", why.text) : FV_OK;
	}
	uint64_t *hash = malloc((size_t)d.count * sizeof *hash);
	x->count = d.count, x->height = d.height, x->width = d.width;
	for (int64_t i = 0; i < d.count && hash; i++)
		hash[i] = fv_hash_mix(FV_HASH, d.pixels + i * d.height * d.width,
		                      (size_t)(d.height * d.width));
	if (hash)
		qsort(hash, (size_t)d.count, sizeof *hash, ascending);
	for (int64_t i = 1; i < d.count && hash; i++)
		x->repeated += hash[i] == hash[i - 1];
	fv_status st = hash ? FV_OK : fv_fail_memory(err, x->path, (size_t)d.count * sizeof *hash);
	free(hash);
	fv_digits_close(&d);
	return st;
}

/* Every picture with every earlier one: two comparisons of 64 bits, so that 10000 take a second. */
static fv_status find_twins(fv_err *err, fv_cli *cli, fv_check *c)
{
	if (!(c->twins = calloc(FV_CHECK_TWINS, sizeof *c->twins)))
		return fv_fail_memory(err, "duplicates", FV_CHECK_TWINS * sizeof *c->twins);
	for (int i = 0; i < c->count; i++) {
		fv_checked *f = &c->picture[i];
		fv_status st = i % 256 ? FV_OK : interrupted(err);
		if (st)
			return st;
		if (i % 1024 == 0)
			fv_progress_show(cli->progress, (double)i / c->count, "comparing pictures");
		for (int k = 0; k < i && !f->status; k++) {
			fv_twins how = c->picture[k].status
			                       ? FV_TWINS_NONE
			                       : fv_inspect_twins(&c->picture[k].look, &f->look);
			if (how == FV_TWINS_NONE)
				continue;
			if (f->twin < 0)
				f->twin = k, c->repeated++;
			c->twin_count++;
			if (c->twins_named < FV_CHECK_TWINS)
				c->twins[c->twins_named++] = (fv_check_twins){ k, i, how };
		}
	}
	return FV_OK;
}

/* ---- what others ask */

int64_t fv_longer_side(const fv_inspection *i) { return fv_max(i->height, i->width); }
int64_t fv_shorter_side(const fv_inspection *i) { return fv_min(i->height, i->width); }

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

int64_t fv_check_quantile(const fv_check *c, const fv_check_set *s, fv_check_measure of,
                          double share)
{
	int64_t *v = malloc((size_t)(s->readable + 1) * sizeof *v), result = 0;
	int n = 0;
	for (int i = s->first; i < s->first + s->count && v; i++)
		if (!c->picture[i].status)
			v[n++] = of(&c->picture[i].look);
	if (n) {
		qsort(v, (size_t)n, sizeof *v, by_size);
		result = v[(int)(share * (n - 1) + 0.5)];
	}
	free(v);
	return result;
}

bool fv_check_classes(const fv_check_set *s)
{
	/* "trainA" too */
	static const char *const parts[] = { "train", "test", "val", "held" };
	for (int i = 1; i < s->folders; i++) {
		const char *slash = strrchr(s->folder[i].path, '/');
		for (size_t k = 0; k < FV_COUNT(parts); k++)
			if (slash && !strncasecmp(slash + 1, parts[k], strlen(parts[k])))
				return false;
	}
	return s->folders > 2 && !s->folder[0].names.count;
}

bool fv_check_paired(const fv_check_set *s)
{
	return s->readable && 10 * s->pairs >= 9 * s->readable;
}

/* Length of the name without folder and ending. */
static int stem(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/'), *dot;
	*name = slash ? slash + 1 : path;
	dot = strrchr(*name, '.');
	return dot && dot != *name ? (int)(dot - *name) : (int)strlen(*name);
}

typedef struct { const char *name; int length; } stemmed;

static int by_stem(const void *a, const void *b)
{
	const stemmed *x = a, *y = b;
	const int n = memcmp(x->name, y->name, (size_t)fv_min(x->length, y->length));
	return n ? n : (x->length > y->length) - (x->length < y->length);
}

static stemmed *stems_of(const fv_check *c, const fv_check_set *s)
{
	stemmed *to = malloc((size_t)(s->count + 1) * sizeof *to);
	for (int i = 0; i < s->count && to; i++)
		to[i].length = stem(c->picture[s->first + i].path, &to[i].name);
	if (to)
		qsort(to, (size_t)s->count, sizeof *to, by_stem);
	return to;
}

int fv_check_shared(const fv_check *c, const fv_check_set *a, const fv_check_set *b)
{
	stemmed *x = stems_of(c, a), *y = stems_of(c, b);
	int shared = 0, k = 0;
	for (int i = 0; i < a->count && x && y; i++) {
		while (k < b->count && by_stem(&y[k], &x[i]) < 0)
			k++;
		shared += k < b->count && !by_stem(&y[k], &x[i]);
	}
	free(x);
	free(y);
	return shared;
}

/* ---- the command */

static void forget(fv_check *c)
{
	for (int i = 0; i < c->count && c->picture; i++)
		free(c->picture[i].reason);
	for (int i = 0; i < c->sets && c->set; i++) {
		fv_check_set *s = &c->set[i];
		for (int k = 0; k <= s->inner.count && s->folder; k++)
			fv_names_free(&s->folder[k].names);
		for (int k = 0; k < s->idxs; k++)
			free(s->idx[k].path);
		free(s->idx);
		free(s->folder);
		fv_names_free(&s->inner);
	}
	free(c->twins);
	free(c->picture);
	free(c->set);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Where nothing at all can be read, that is an error as it is for other commands. */
static fv_status anything(fv_err *err, const fv_check *c)
{
	const char *first = NULL;
	int idx = 0;
	for (int i = 0; i < c->count && !first; i++)
		first = c->picture[i].reason;
	for (int i = 0; i < c->sets; i++)
		for (int k = 0; k < c->set[i].idxs; k++) {
			idx += !c->set[i].idx[k].status;
			if (c->set[i].idx[k].status && !first)
				first = c->set[i].idx[k].reason;
		}
	if (c->readable || idx)
		return FV_OK;
	return first ? fv_fail(err, FV_E_READ, "nothing here can be read; %s", first)
		     : fv_fail(err, FV_E_READ,
			       "%s: holds no pictures (" FV_PICTURES_READ
			       "), no folders of them and no "
			       "idx file",
			       c->set[0].path);
}

static fv_status check(fv_err *err, fv_cli *cli, fv_context *context, fv_check *c)
{
	const double begin = now();
	fv_status st = gather(err, c);
	if (!st)
		st = read_all(err, cli, context, c);
	for (int i = 0; i < c->sets && !st; i++)
		for (int k = 0; k < c->set[i].idxs && !st; k++)
			st = read_idx(err, context, &c->set[i].idx[k]);
	if (!st)
		st = find_twins(err, cli, c);
	c->seconds = now() - begin;
	fv_progress_clear(cli->progress);
	return st;
}

static fv_status run(fv_err *err, fv_cli *cli, const void *options, int count, char **args)
{
	fv_context *context = NULL;
	fv_check c = { .sets = count, .set = calloc((size_t)count, sizeof *c.set) };
	fv_status st = c.set ? fv_picture_begin(err, "fauve") : fv_fail_memory(err, "folders", 0);
	if (st) {
		free(c.set);
		return st;
	}
	for (int i = 0; i < count; i++) {
		size_t n = strlen(args[i]);
		while (n > 1 && args[i][n - 1] == '/')
			args[i][--n] = 0;
		c.set[i].path = args[i];
	}
	if (!(st = fv_cli_context(err, cli, false, &context)) &&
	    !(st = check(err, cli, context, &c)) && !(st = anything(err, &c))) {
		if (cli->json)
			st = fv_check_print_json(err, &c);
		else
			fv_check_print(cli, &c);
	}
	forget(&c);
	fv_context_free(context);
	fv_picture_end();
	return st;
}

const fv_command fv_command_check_data = {
	.name = "check-data",
	.summary = "what is wrong with a collection, and what to learn from it",
	.description =
		"Reads every picture as a training would and says what stands in the way: files "
		"that are broken, pictures that are there twice (also resized, saved anew or "
	        "mirrored, "
		"and from one DIR to the other), without colour, with bars or frames, enlarged or "
		"blurred; how large they are, how far their colours spread, whether they are pairs "
		"(A|B, or two DIRs of the same names), classes (a folder each) or idx files. Then "
		"it suggests a recipe, and why. Nothing is changed.",
	.arguments = arguments,
	.examples = examples,
	.json = true,
	.run = run,
};
