/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/stored.h"
#include "cli/find.h"
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USER "$USER"

static const fv_option *find(const fv_option *table, const char *name)
{
	while (table->name && strcmp(table->name, name))
		table++;
	return table->name ? table : NULL;
}

/* ---- paths */

static bool is_path(const fv_option *o) { return o->kind == FV_ARG_FILE || o->kind == FV_ARG_FOLDER; }

static const char *user_name(void)
{
	const struct passwd *p = getpwuid(geteuid());
	return p && p->pw_name && *p->pw_name ? p->pw_name : NULL;
}

/* Copies a path, a folder named `from` as `to`. False: no room. */
static bool rename_folders(char *out, size_t room, const char *path, const char *from, const char *to)
{
	size_t n = 0;
	while (*path) {
		size_t length = strcspn(path, "/");
		bool it = from && length == strlen(from) && !strncmp(path, from, length);
		size_t slash = path[length] == '/';
		int put = snprintf(out + n, room - n, "%.*s%s", (int)(it ? strlen(to) : length),
		                   it ? to : path, slash ? "/" : "");
		if (put < 0 || (n += (size_t)put) >= room)
			return false;
		path += length + slash;
	}
	out[n] = 0;
	return true;
}

/* Without links, dots and a slash at the end; of what is not there yet, the rest as it is. */
static bool whole(const char *path, char out[FV_PATH_MAX])
{
	char part[FV_PATH_MAX], found[PATH_MAX];
	size_t n = strlen(path);
	if (n >= sizeof part)
		return false;
	strcpy(part, path);
	while (!realpath(n ? part : *path == '/' ? "/" : ".", found)) {
		if (!n)
			return false;
		while (n && part[n - 1] != '/')
			n--;
		while (n && part[n - 1] == '/')
			n--;
		part[n] = 0;
	}
	const char *rest = path + n + strspn(path + n, "/");
	if (!strcmp(found, "/"))
		*found = 0;
	return snprintf(out, FV_PATH_MAX, "%s%s%s", found, *rest ? "/" : "", rest) < FV_PATH_MAX;
}

/* Bytes of the folders that both begin with. */
static size_t shared(const char *a, const char *b)
{
	size_t i = 0, last = 0;
	for (;; i++) {
		if ((!a[i] || a[i] == '/') && (!b[i] || b[i] == '/'))
			last = i;
		if (a[i] != b[i] || !a[i])
			return last;
	}
}

static bool within(const char *path, const char *folder)
{
	return *folder && shared(path, folder) == strlen(folder);
}

static json_t *pack(const char *path, const char *run)
{
	char to[FV_PATH_MAX], from[FV_PATH_MAX], home[FV_PATH_MAX] = "";
	char seen[2 * FV_PATH_MAX], text[2 * FV_PATH_MAX];
	const char *at_home = getenv("HOME");
	if (!strchr(path, '/') && access(path, F_OK))
		return json_string(path);
	if (!whole(path, to) || !whole(run, from) || (at_home && *at_home && !whole(at_home, home)))
		return NULL;
	if (within(to, home) && !within(from, home))
		snprintf(seen, sizeof seen, "~%s", to + strlen(home));
	else {
		size_t n = 0, same = shared(to, from);
		const char *rest = to + same + (to[same] == '/');
		for (const char *s = from + same; *s; s++)
			if (*s == '/' && n + 4 < FV_PATH_MAX)
				n += (size_t)sprintf(seen + n, "../");
		snprintf(seen + n, sizeof seen - n, "%s%s", n ? "" : "./", *rest ? rest : ".");
	}
	return rename_folders(text, sizeof text, seen, user_name(), USER) ? json_string(text) : NULL;
}

static const char *unpack(fv_arena *a, const char *text, const char *run)
{
	char path[2 * FV_PATH_MAX], seen[FV_PATH_MAX], found[PATH_MAX];
	const char *home = getenv("HOME"), *user = user_name();
	bool by_home = !strncmp(text, "~/", 2) && home && *home;
	bool by_run = !strncmp(text, "./", 2) || !strncmp(text, "../", 3);
	if ((!by_home && !by_run) || !rename_folders(seen, sizeof seen, text, USER, user ? user : USER))
		return fv_arena_text(a, "%s", text);
	snprintf(path, sizeof path, "%s/%s", by_home ? home : run, seen + (by_home ? 2 : 0));
	return fv_arena_text(a, "%s", realpath(path, found) ? found : path);
}

/* ---- values */

static json_t *value(const fv_option *o, const void *at, const char *run)
{
	double number;
	switch (o->type) {
	case FV_OPT_TEXT: {
		const char *text = *(const char *const *)at;
		return !text ? json_null() : is_path(o) ? pack(text, run) : json_string(text);
	}
	case FV_OPT_TEXTS: {
		const fv_texts *t = at;
		json_t *list = json_array();
		for (int i = 0; list && i < t->count; i++)
			if (json_array_append_new(list, pack(t->item[i], run))) {
				json_decref(list);
				return NULL;
			}
		return list;
	}
	case FV_OPT_INT:
	case FV_OPT_SIZE:
		number = (double)*(const int64_t *)at;
		return number != 0 || fv_option_in_range(o, 0) ? json_integer(*(const int64_t *)at) :
		                                                 json_null();
	case FV_OPT_FLOAT:
	case FV_OPT_DURATION:
		number = *(const double *)at;
		return number == number ? json_real(number) : json_null();
	default:
		return json_null();
	}
}

bool fv_stored_write(json_t *j, const fv_option *table, const char *const *names, const void *options,
                     const char *run)
{
	for (; *names; names++) {
		const fv_option *o = find(table, *names);
		json_t *v = value(o, (const char *)options + o->at, run);
		if (!v)
			return false;
		if (json_is_null(v))
			json_decref(v);
		else if (json_object_set_new(j, o->name, v))
			return false;
	}
	return true;
}

static fv_status bad(fv_err *err, const fv_option *o, const char *file, const char *what)
{
	return fv_fail(err, FV_E_FORMAT, "%s: its '%s' is %s; it is damaged, or another program wrote it",
	               file, o->name, what);
}

static fv_status out_of_range(fv_err *err, const fv_option *o, const char *file, double v)
{
	char what[100];
	snprintf(what, sizeof what, "%.15g, which is not between %g and %g", v, o->low, o->high);
	return bad(err, o, file, what);
}

static fv_status read_list(fv_err *err, fv_arena *a, const fv_option *o, const json_t *v,
                           const char *file, const char *run, fv_texts *t)
{
	size_t count = json_array_size(v);
	if (!json_is_array(v))
		return bad(err, o, file, "no list of paths");
	const char **item = fv_arena_get(a, (count + 1) * sizeof *item);
	if (!item)
		return fv_fail_memory(err, file, count * sizeof *item);
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(v, i));
		if (!text || !*text)
			return bad(err, o, file, "no list of paths");
		if (!(item[i] = unpack(a, text, run)))
			return fv_fail_memory(err, file, strlen(text));
	}
	*t = (fv_texts){ item, (int)count };
	return FV_OK;
}

static fv_status read_value(fv_err *err, fv_arena *a, const fv_option *o, const json_t *v,
                            const char *file, const char *run, void *at)
{
	const char *text = json_string_value(v);
	double number = json_number_value(v);
	switch (o->type) {
	case FV_OPT_TEXT:
		if (!text)
			return bad(err, o, file, "no text");
		text = is_path(o) ? unpack(a, text, run) : fv_arena_text(a, "%s", text);
		*(const char **)at = text && *text ? text : NULL;
		return text ? FV_OK : fv_fail_memory(err, file, 1);
	case FV_OPT_TEXTS:
		return read_list(err, a, o, v, file, run, at);
	case FV_OPT_INT:
	case FV_OPT_SIZE:
		if (!json_is_integer(v))
			return bad(err, o, file, "no whole number");
		/* An early fauve wrote 0 for what was not given. */
		if (json_integer_value(v) && !fv_option_in_range(o, number))
			return out_of_range(err, o, file, number);
		*(int64_t *)at = json_integer_value(v);
		return FV_OK;
	case FV_OPT_FLOAT:
	case FV_OPT_DURATION:
		if (!json_is_number(v))
			return bad(err, o, file, "no number");
		if (!fv_option_in_range(o, number))
			return out_of_range(err, o, file, number);
		*(double *)at = number;
		return FV_OK;
	default:
		return fv_fail(err, FV_E_INTERNAL, "--%s: is not stored", o->name);
	}
}

fv_status fv_stored_read(fv_err *err, fv_arena *a, const json_t *j, const fv_option *table,
                         const char *const *names, const char *file, const char *run, void *options)
{
	for (; *names; names++) {
		const fv_option *o = find(table, *names);
		const json_t *v = json_object_get(j, o->name);
		void *at = (char *)options + o->at;
		bool given = is_path(o) && !o->preset &&
		             (o->type == FV_OPT_TEXTS ? ((fv_texts *)at)->count > 0 : *(char **)at != NULL);
		if (!v || json_is_null(v) || given)
			continue;
		fv_status st = read_value(err, a, o, v, file, run, at);
		if (st)
			return st;
	}
	return FV_OK;
}
