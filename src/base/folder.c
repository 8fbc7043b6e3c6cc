/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of pictures. */
#define _GNU_SOURCE
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAMED 5                         /* files left out that are told by name */

typedef struct {
	fv_names names;
	int room, left;
	char text[400];                 /* the first names of what is left out */
} listing;

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* path is given up. */
static bool put(listing *l, char *path)
{
	if (l->names.count == l->room) {
		int room = l->room ? 2 * l->room : 64;
		char **more = realloc(l->names.path, (size_t)room * sizeof *more);
		if (!more) {
			free(path);
			return false;
		}
		l->names.path = more;
		l->room = room;
	}
	l->names.path[l->names.count++] = path;
	return true;
}

static void leave(listing *l, const char *name)
{
	size_t n = strlen(l->text);
	if (l->left++ < NAMED)
		snprintf(l->text + n, sizeof l->text - n, "%s%.60s", n ? ", " : "", name);
}

/* What stands in words behind the folder's name; NULL: no memory. */
static char *words(const listing *l)
{
	char text[600];
	snprintf(text, sizeof text, "%d file%s that fauve does not read left out: %s%s", l->left,
	         l->left > 1 ? "s" : "", l->text, l->left > NAMED ? ", ..." : "");
	return strdup(text);
}

/* One name of the folder: pictures and what is left out, or folders. False: no memory. */
static bool look_at(listing *l, const char *folder, const char *name, bool folders)
{
	struct stat s;
	const size_t room = strlen(folder) + strlen(name) + 2;
	char *path = malloc(room);
	if (!path)
		return false;
	snprintf(path, room, "%s/%s", folder, name);
	/* What is named like a picture and cannot be looked at is for the reader, which says why. */
	const bool there = !stat(path, &s), inner = there && S_ISDIR(s.st_mode);
	if (inner ? folders : !folders && fv_picture_there(path))
		return put(l, path);
	free(path);
	l->names.folders += inner;
	if (there && S_ISREG(s.st_mode) && fv_picture_taken_for(name))
		leave(l, name);
	return true;
}

static fv_status list(fv_err *err, const char *folder, bool folders, fv_names *out)
{
	listing l = { .room = 0 };
	bool memory = true;
	DIR *d = opendir(folder);
	if (!d && errno == ENOTDIR && !folders && fv_picture_there(folder)) {
		char *path = strdup(folder);
		memory = path && put(&l, path);
	} else if (!d)
		return errno == ENOTDIR
		               ? fv_fail(err, FV_E_READ, "%s: is neither a folder nor a picture that "
		                         "fauve reads (" FV_PICTURES_READ ")", folder)
		               : fv_fail(err, FV_E_READ, "%s: cannot be opened as a folder: %s", folder,
		                         strerror(errno));
	for (struct dirent *e; d && memory && (e = readdir(d));)
		if (e->d_name[0] != '.')
			memory = look_at(&l, folder, e->d_name, folders);
	if (d)
		closedir(d);
	if (!memory) {
		fv_names_free(&l.names);
		return fv_fail_memory(err, folder, (size_t)l.room * sizeof(char *));
	}
	if (l.names.count)
		qsort(l.names.path, (size_t)l.names.count, sizeof *l.names.path, by_name);
	else
		free(l.names.path), l.names.path = NULL; /* who finds nothing has nothing to free */
	if (l.left && !(l.names.left = words(&l))) {
		fv_names_free(&l.names);
		return fv_fail_memory(err, folder, sizeof l.text);
	}
	*out = l.names;
	return FV_OK;
}

fv_status fv_folder_list(fv_err *err, const char *folder, fv_names *out)
{
	return list(err, folder, false, out);
}

fv_status fv_folder_folders(fv_err *err, const char *folder, fv_names *out)
{
	return list(err, folder, true, out);
}

void fv_names_tell(const fv_context *c, const char *folder, const fv_names *n)
{
	if (n->left)
		fv_log(c, FV_LOG_WARNING, "%s: %s", folder, n->left);
	if (n->folders)
		fv_log(c, FV_LOG_WARNING, "%s: %d folder%s in it not looked into", folder,
		       n->folders, n->folders > 1 ? "s" : "");
}

void fv_names_free(fv_names *n)
{
	for (int i = 0; i < n->count; i++)
		free(n->path[i]);
	free(n->path);
	free(n->left);
	*n = (fv_names){ 0 };
}

static int take_away(const char *path, const struct stat *s, int kind, struct FTW *f)
{
	return remove(path);
}

void fv_folder_remove(const char *path) { nftw(path, take_away, 16, FTW_DEPTH | FTW_PHYS); }
