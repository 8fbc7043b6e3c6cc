/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of pictures, and what alpha hides. */
#include "picture/internal.h"
#include "base/base.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

fv_status fv_folder_list(fv_err *err, const char *folder, fv_names *out)
{
	fv_names n = { 0 };
	int room = 0;
	DIR *d = opendir(folder);
	if (!d)
		return fv_fail(err, FV_E_READ, "%s: cannot be opened as a folder: %s", folder, strerror(errno));
	for (struct dirent *e; (e = readdir(d));) {
		struct stat s;
		char *path = NULL;
		if (e->d_name[0] == '.' || !strncmp(e->d_name, "contact", 7) || !fv_picture_ending(e->d_name))
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
		if (stat(path, &s) || !S_ISREG(s.st_mode))
			free(path);
		else
			n.path[n.count++] = path;
	}
	closedir(d);
	if (n.count)
		qsort(n.path, (size_t)n.count, sizeof *n.path, by_name);
	*out = n;
	return FV_OK;
memory:
	closedir(d);
	fv_names_free(&n);
	return fv_fail_memory(err, folder, (size_t)room * sizeof(char *));
}

void fv_names_free(fv_names *n)
{
	for (int i = 0; i < n->count; i++)
		free(n->path[i]);
	free(n->path);
	*n = (fv_names){ 0 };
}

static int alpha(const fv_pixels *p, int64_t x, int64_t y)
{
	const char *row = (const char *)p->data + y * p->stride_bytes;
	return p->bits == 16 ? ((const uint16_t *)row)[4 * x + 3] : ((const uint8_t *)row)[4 * x + 3];
}

static void copy(const fv_pixels *p, int64_t tx, int64_t ty, int64_t fx, int64_t fy)
{
	int64_t bytes = p->bits / 8;
	memcpy((char *)p->data + ty * p->stride_bytes + tx * 4 * bytes, (char *)p->data + fy * p->stride_bytes + fx * 4 * bytes, (size_t)(3 * bytes));
}

/* A sweep along each row from the nearest visible pixel on either side; rows with none take the row above, or below. */
void fv_picture_fill_hidden(fv_picture *picture)
{
	const fv_pixels *p = &picture->pixels;
	if (p->channels != 4)
		return;
	int64_t above = -1;
	for (int64_t y = 0; y < p->height; y++) {
		int64_t left = -1;
		for (int64_t x = 0; x < p->width; x++) {
			if (alpha(p, x, y)) {
				/* The gap behind us: its nearer half from here, or all of it when nothing stood before. */
				for (int64_t k = x - 1; k > left && (left < 0 || 2 * k > left + x); k--)
					copy(p, k, y, x, y);
				left = x;
			} else if (left >= 0)
				copy(p, x, y, left, y);
		}
		if (left >= 0 && above < 0)
			for (int64_t k = 0; k < y; k++)
				for (int64_t x = 0; x < p->width; x++)
					copy(p, x, k, x, y);
		if (left < 0 && above >= 0)
			for (int64_t x = 0; x < p->width; x++)
				copy(p, x, y, x, above);
		if (left >= 0 || above >= 0)
			above = y;
	}
}
