/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: films whose frames are numbered pictures, in and out: a folder, or names such as
 * frames/%05d.png. */
#define _GNU_SOURCE
#include "cli/apply_numbered.h"
#include "base/hash.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* A name around its number: bytes before it, the least of its digits, what is behind it. */
typedef struct { int before, digits; const char *behind; } pattern;

static bool read_pattern(const char *path, pattern *p)
{
	const char *base = base_of(path), *at = strchr(base, '%');
	if (!at || !fv_picture_ending(path))
		return false;
	const size_t digits = strspn(at + 1, "0123456789");
	*p = (pattern){ (int)(at - path), digits ? atoi(at + 1) : 1, at + digits + 2 };
	return at[digits + 1] == 'd' && digits <= 3 && p->digits >= 1 && p->digits <= 20 &&
	       (digits == 0 || at[1] == '0') && !strchr(p->behind, '%');
}

bool fv_numbered(const char *path)
{
	pattern p;
	return read_pattern(path, &p);
}

static char *name_of(const char *path, int64_t number)
{
	char *name = NULL;
	pattern p;
	if (!read_pattern(path, &p) ||
	    asprintf(&name, "%.*s%0*" PRId64 "%s", p.before, path, p.digits, number, p.behind) < 0)
		return NULL;
	return name;
}

/* ---- frames that are read */

/* frame9 before frame10. */
static int by_number(const void *a, const void *b)
{
	return strverscmp(base_of(*(char *const *)a), base_of(*(char *const *)b));
}

static bool matches(const char *name, const char *path, const pattern *p)
{
	const char *in = base_of(path), *base = base_of(name);
	const size_t before = (size_t)p->before - (size_t)(in - path), length = strlen(base),
	             behind = strlen(p->behind);
	if (length <= before + behind || strncmp(base, in, before) ||
	    strcmp(base + length - behind, p->behind))
		return false;
	const size_t digits = length - before - behind;
	return digits >= (size_t)p->digits && strspn(base + before, "0123456789") >= digits;
}

/* The last number in a name; -1: none. */
static int64_t number_of(const char *path)
{
	const char *base = base_of(path), *dot = strrchr(base, '.');
	const char *end = dot ? dot : base + strlen(base);
	while (end > base && !isdigit((unsigned char)end[-1]))
		end--;
	const char *at = end;
	while (at > base && isdigit((unsigned char)at[-1]) && end - at < 15)
		at--;
	return at < end ? strtoll(at, NULL, 10) : -1;
}

static fv_status folder_of(fv_err *err, const char *in, char **folder)
{
	const char *base = base_of(in);
	const int n = (int)(base - in);
	const bool whole = fv_is_folder(in);
	if (asprintf(folder, "%.*s", whole ? (int)strlen(in) : n ? n : 2, n || whole ? in : "./") < 0)
		return fv_fail_memory(err, in, strlen(in));
	for (size_t i = strlen(*folder); i > 1 && (*folder)[i - 1] == '/'; i--)
		(*folder)[i - 1] = 0;
	return FV_OK;
}

static void tell_gap(const fv_apply *a, const char *in, const fv_names *f)
{
	for (int i = 1; i < f->count; i++) {
		const int64_t was = number_of(f->path[i - 1]), is = number_of(f->path[i]);
		if (was < 0 || is == was + 1)
			continue;
		fv_warn(a->cli, "%s: %s is followed by %s: the film goes on there without a gap", in,
		        base_of(f->path[i - 1]), base_of(f->path[i]));
		return;
	}
}

fv_status fv_numbered_open(fv_err *err, const fv_apply *a, const char *in, fv_names *f)
{
	char *folder = NULL;
	pattern p;
	const bool some = !fv_is_folder(in) && read_pattern(in, &p);
	fv_status st = folder_of(err, in, &folder);
	if (!st)
		st = fv_folder_list(err, folder, f);
	int kept = 0;
	for (int i = 0; i < f->count && !st && some; i++)
		if (matches(f->path[i], in, &p)) {
			char *name = f->path[i];
			f->path[i] = f->path[kept], f->path[kept++] = name;
		}
	for (int i = kept; i < f->count && !st && some; i++)
		free(f->path[i]);
	if (some && !st)
		f->count = kept;
	if (!st && !f->count)
		st = fv_fail(err, FV_E_READ, some ? "%s: no picture has such a name"
		                                  : "%s: this folder holds no pictures ("
		                                    FV_PICTURES_READ ")", in);
	if (!st) {
		qsort(f->path, (size_t)f->count, sizeof *f->path, by_number);
		tell_gap(a, in, f);
		if (!some)
			fv_names_tell(a->context, folder, f);
	}
	free(folder);
	return st;
}

uint64_t fv_numbered_hash(const fv_names *f)
{
	uint64_t h = FV_HASH;
	for (int i = 0; i < f->count; i++) {
		struct stat s;
		h = fv_hash_mix(h, f->path[i], strlen(f->path[i]) + 1);
		if (stat(f->path[i], &s))
			continue;
		h = fv_hash_mix(h, &s.st_size, sizeof s.st_size);
		h = fv_hash_mix(h, &s.st_mtim.tv_sec, sizeof s.st_mtim.tv_sec);
		h = fv_hash_mix(h, &s.st_mtim.tv_nsec, sizeof s.st_mtim.tv_nsec);
	}
	return h;
}

fv_status fv_numbered_read(fv_err *err, fv_apply *a, const char *path, fv_picture **out)
{
	const fv_apply_options *o = a->o;
	fv_err warning;
	const fv_read_options how = {
		.max_pixels = fv_apply_most_pixels(o), .cancelled = fv_apply_stopped,
		.max_memory = o->memory ? (int64_t)fmax(1, fv_apply_allowed(a)) : 0 };
	fv_status st = fv_picture_read(err, path, &how, out, &warning);
	if (st)
		return st;
	if (warning.status && !a->warned)
		fv_warn(a->cli, "%s", warning.text);
	a->warned |= warning.status != 0;
	fv_picture_fill_hidden(*out);
	return FV_OK;
}

/* ---- frames that are written */
fv_status fv_numbered_prepare(fv_err *err, const fv_job *j, const fv_names *in)
{
	char *folder = NULL;
	struct stat there, from;
	fv_status st = folder_of(err, j->out, &folder);
	if (!st)
		st = fv_folder_make(err, folder);
	if (!st && in && !stat(folder, &there)) {
		char *other = NULL;
		st = folder_of(err, j->in, &other);
		if (!st && !stat(other, &from) && from.st_dev == there.st_dev &&
		    from.st_ino == there.st_ino)
			st = fv_fail(err, FV_E_ARGUMENT, "%s: is where the frames are that it is "
			             "painted of; name another folder", j->out);
		free(other);
	}
	free(folder);
	return st;
}

fv_status fv_numbered_write(fv_err *err, const fv_apply *a, const char *out, int64_t number,
                            const fv_pixels *p)
{
	const fv_write_options how = { .quality = (int)a->o->quality, .keep_time = true };
	char *path = name_of(out, number);
	fv_status st = path ? fv_pixels_write(err, a->context, p, path, &how)
	                    : fv_fail_memory(err, out, strlen(out));
	free(path);
	return st;
}
