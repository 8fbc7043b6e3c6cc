/* SPDX-License-Identifier: Apache-2.0 */
/* Where models are: a path, a run's folder, $FAUVE_STYLES, the user's folder, those shipped;
 * feature networks in `features` beside `styles`. */
#include "cli/find.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".safetensors"

/* The folder of the running program, without a slash at the end; empty when it cannot be told. */
static void program_folder(char *path, size_t room)
{
	ssize_t n = readlink("/proc/self/exe", path, room - 1);
	path[n > 0 ? n : 0] = 0;
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = 0;
}

void fv_user_folder(char *path, size_t room)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	*path = 0;
	/* The XDG base directory specification: a relative path is invalid and ignored. */
	if (data && *data == '/')
		snprintf(path, room, "%s/fauve", data);
	else if (home && *home)
		snprintf(path, room, "%s/.local/share/fauve", home);
}

#define OWN 1                           /* the user's folder among those below */

/* Folders by the name of `kind` ("styles", "features"), after the one that the environment
 * names. */
static bool folder_of(const char *kind, const char *named, int i, char *path, size_t room)
{
	/* The program and its models carried about together; built in build/ of a source tree;
	 * installed: bin/fauve, share/fauve/styles. */
	static const char *const beside[] = { "%s/%s", "%s/../%s", "%s/../share/fauve/%s" };
	char program[FV_PATH_MAX], user[FV_PATH_MAX];
	int n = 0;
	*path = 0;
	if (i == 0 && named)
		n = snprintf(path, room, "%s", named);
	if (i == OWN) {
		fv_user_folder(user, sizeof user);
		if (*user)
			n = snprintf(path, room, "%s/%s", user, kind);
	}
	if (i > OWN) {
		if (i - OWN > (int)FV_COUNT(beside))
			return false;
		program_folder(program, sizeof program);
		n = snprintf(path, room, beside[i - OWN - 1], program, kind);
	}
	if (n >= (int)room)             /* no such folder can be opened */
		*path = 0;
	return true;
}

bool fv_style_folder(int i, char *path, size_t room)
{
	return folder_of("styles", getenv("FAUVE_STYLES"), i, path, room);
}

static bool is_file(const char *path)
{
	struct stat s;
	return !stat(path, &s) && S_ISREG(s.st_mode);
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const fv_style_file *)a)->name, ((const fv_style_file *)b)->name);
}

static bool known(const fv_style_list *l, const char *name)
{
	for (int i = 0; i < l->count; i++)
		if (!strcmp(l->item[i].name, name))
			return true;
	return false;
}

static fv_status add(fv_err *err, fv_style_list *l, const char *folder, const char *file)
{
	size_t length = strlen(file), suffix = strlen(SUFFIX);
	if (length <= suffix || strcmp(file + length - suffix, SUFFIX) ||
	    length - suffix >= sizeof l->item->name)
		return FV_OK;
	fv_style_file f = { 0 };
	memcpy(f.name, file, length - suffix);
	if (snprintf(f.path, sizeof f.path, "%s/%s", folder, file) >= (int)sizeof f.path ||
	    !is_file(f.path) || known(l, f.name))
		return FV_OK;
	fv_style_file *more = realloc(l->item, ((size_t)l->count + 1) * sizeof *more);
	if (!more)
		return fv_fail_memory(err, "list of styles", ((size_t)l->count + 1) * sizeof *more);
	l->item = more;
	l->item[l->count++] = f;
	return FV_OK;
}

fv_status fv_style_list_new(fv_err *err, fv_style_list *out)
{
	fv_style_list l = { 0 };
	fv_status st = FV_OK;
	char folder[FV_PATH_MAX];
	for (int i = 0; !st && fv_style_folder(i, folder, sizeof folder); i++) {
		DIR *d = *folder ? opendir(folder) : NULL;
		if (!d)
			continue;
		for (struct dirent *e; !st && (e = readdir(d));)
			st = add(err, &l, folder, e->d_name);
		closedir(d);
	}
	if (st) {
		fv_style_list_free(&l);
		return st;
	}
	if (l.count > 1)
		qsort(l.item, (size_t)l.count, sizeof *l.item, by_name);
	*out = l;
	return FV_OK;
}

void fv_style_list_free(fv_style_list *l)
{
	free(l->item);
	*l = (fv_style_list){ 0 };
}

static fv_status not_here(fv_err *err, const char *name)
{
	fv_style_list l;
	fv_status st = fv_style_list_new(err, &l);
	if (st)
		return st;
	char all[400] = "", more[40] = "";
	fv_near best = { 0 };
	size_t used = 0;
	int shown = 0;
	for (int i = 0; i < l.count; i++) {
		size_t length = strlen(l.item[i].name) + 2;
		fv_nearer(name, l.item[i].name, &best);
		if (shown < i || used + length >= sizeof all)
			continue;
		used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "",
		                         l.item[i].name);
		shown++;
	}
	if (shown < l.count)
		snprintf(more, sizeof more, " and %d more (`fauve styles`)", l.count - shown);
	if (!l.count)
		st = fv_fail(
			err, FV_E_READ,
			"model '%s' is not here: there is no such file, and no styles were found; "
			"`fauve doctor` shows where they are looked for",
			name);
	else
		st = fv_fail(
			err, FV_E_READ,
			"model '%s' is not here: there is no such file, and the styles found are "
			"%s%s%s%s%s",
			name, all, more, best.name ? "; did you mean '" : "",
			best.name ? best.name : "", best.name ? "'?" : "");
	fv_style_list_free(&l);
	return st;
}

fv_status fv_style_find(fv_err *err, const char *name, char *path, size_t room)
{
	char folder[FV_PATH_MAX];
	struct stat s = { 0 };
	bool here = !stat(name, &s), folder_here = here && S_ISDIR(s.st_mode);
	if (folder_here && snprintf(path, room, "%s/%s", name, FV_RUN_MODEL) < (int)room &&
	    is_file(path))
		return FV_OK;
	if (here && !folder_here) {
		if (snprintf(path, room, "%s", name) >= (int)room)
			return fv_fail(err, FV_E_ARGUMENT,
			               "the model's path of %zu bytes is too long", strlen(name));
		return FV_OK;
	}
	/* A name with a slash is a path and nothing else. */
	for (int i = 0; !strchr(name, '/') && fv_style_folder(i, folder, sizeof folder); i++)
		if (*folder && snprintf(path, room, "%s/%s" SUFFIX, folder, name) < (int)room &&
		    is_file(path))
			return FV_OK;
	if (folder_here)
		return fv_fail(err, FV_E_READ,
		               "%s: this folder holds no model: there is no " FV_RUN_MODEL
		               " in it, as a run's folder has from its "
		               "first moments on",
		               name);
	if (strchr(name, '/'))
		return fv_fail(err, FV_E_READ, "%s: there is no such model file", name);
	return not_here(err, name);
}

fv_status fv_features_find(fv_err *err, const char *name, char *path, size_t room)
{
	char folder[FV_PATH_MAX];
	if (is_file(name) && snprintf(path, room, "%s", name) < (int)room)
		return FV_OK;
	for (int i = 0; !strchr(name, '/') && folder_of("features", NULL, i, folder, sizeof folder);
	     i++)
		if (*folder && snprintf(path, room, "%s/%s" SUFFIX, folder, name) < (int)room &&
		    is_file(path))
			return FV_OK;
	return fv_fail(
		err, FV_E_READ,
		"feature network '%s' is not here: there is no such file, and no %s" SUFFIX
		" in the folders `features` beside those of the styles (`fauve doctor` shows "
		"them); install fauve whole, or give a path",
		name, name);
}

fv_status fv_style_place(fv_err *err, const char *name, char *path, size_t room)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	char folder[FV_PATH_MAX], other[FV_PATH_MAX];
	if (!*name || *name == '-' || strspn(name, letters) != strlen(name) || strlen(name) > 100)
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--name '%.100s': a style's name has letters, digits, - and _ only, at "
			"most 100, and begins with no -",
			name);
	fv_style_folder(OWN, folder, sizeof folder);
	if (!*folder)
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--name %s: there is no place for your styles: set HOME or XDG_DATA_HOME",
			name);
	if (snprintf(path, room, "%s/%s" SUFFIX, folder, name) >= (int)room)
		return fv_fail(err, FV_E_ARGUMENT, "--name %s: the path of your styles is too long",
		               name);
	for (int i = 0; fv_style_folder(i, folder, sizeof folder); i++)
		if (i != OWN && *folder &&
		    snprintf(other, sizeof other, "%s/%s" SUFFIX, folder, name) <
		            (int)sizeof other &&
		    is_file(other) && !same_file(other, path))
			return fv_fail(err, FV_E_ARGUMENT,
			               "--name %s: %s has that name already; choose another", name,
			               other);
	return FV_OK;
}

void fv_photos_folder(char *path, size_t room)
{
	/* As the styles: carried about together, built in build/, installed. CREDITS.md tells them
	 * from somebody's own photos/. */
	static const char *const from[] = { "photos", "../photos", "../share/fauve/photos" };
	char program[FV_PATH_MAX], credits[FV_PATH_MAX];
	program_folder(program, sizeof program);
	for (size_t i = 0; i < FV_COUNT(from); i++)
		if (snprintf(credits, sizeof credits, "%s/%s/CREDITS.md", program, from[i]) <
		            (int)sizeof credits &&
		    is_file(credits) && snprintf(path, room, "%s/%s", program, from[i]) < (int)room)
			return;
	*path = 0;
}
