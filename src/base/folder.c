/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of pictures. */
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

int fv_picture_ending_index(const char *path)
{
	static const char *const endings[] = { ".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff" };
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < FV_COUNT(endings); i++)
		if (!strcasecmp(dot, endings[i]))
			return (int)i;
	return -1;
}

bool fv_picture_ending(const char *path) { return fv_picture_ending_index(path) >= 0; }

bool fv_picture_same_ending(const char *a, const char *b)
{
	static const int format[] = { 0, 0, 1, 2, 3, 3 };
	int i = fv_picture_ending_index(a), k = fv_picture_ending_index(b);
	return i >= 0 && k >= 0 && format[i] == format[k];
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool is_picture(const char *name, const struct stat *s)
{
	return S_ISREG(s->st_mode) && strncmp(name, "contact", 7) && fv_picture_ending(name);
}

static bool is_folder(const char *name, const struct stat *s) { return S_ISDIR(s->st_mode); }

static fv_status list(fv_err *err, const char *folder,
		      bool (*wanted)(const char *name, const struct stat *s), fv_names *out)
{
	fv_names n = { 0 };
	int room = 0;
	DIR *d = opendir(folder);
	if (!d && errno == ENOTDIR && fv_picture_ending(folder)) {
		if (!(n.path = malloc(sizeof *n.path)) || !(n.path[0] = strdup(folder)))
			goto memory;
		*out = (fv_names){ n.path, 1 };
		return FV_OK;
	}
	if (!d)
		return fv_fail(err, FV_E_READ, "%s: cannot be opened as a folder: %s", folder,
		               strerror(errno));
	for (struct dirent *e; (e = readdir(d));) {
		struct stat s;
		char *path = NULL;
		if (e->d_name[0] == '.')
			continue;
		if (n.count == room) {
			room = room ? 2 * room : 64;
			char **more = realloc(n.path, (size_t)room * sizeof *more);
			if (!more)
				goto memory;
			n.path = more;
		}
		if (!(path = malloc(strlen(folder) + strlen(e->d_name) + 2)))
			goto memory;
		sprintf(path, "%s/%s", folder, e->d_name);
		if (stat(path, &s) || !wanted(e->d_name, &s))
			free(path);
		else
			n.path[n.count++] = path;
	}
	closedir(d);
	if (n.count)
		qsort(n.path, (size_t)n.count, sizeof *n.path, by_name);
	else
		fv_names_free(&n);      /* who finds nothing has nothing to free */
	*out = n;
	return FV_OK;
memory:
	if (d)
		closedir(d);
	fv_names_free(&n);
	return fv_fail_memory(err, folder, (size_t)room * sizeof(char *));
}

fv_status fv_folder_list(fv_err *err, const char *folder, fv_names *out)
{
	return list(err, folder, is_picture, out);
}

fv_status fv_folder_folders(fv_err *err, const char *folder, fv_names *out)
{
	return list(err, folder, is_folder, out);
}

void fv_names_free(fv_names *n)
{
	for (int i = 0; i < n->count; i++)
		free(n->path[i]);
	free(n->path);
	*n = (fv_names){ 0 };
}
