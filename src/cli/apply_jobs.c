/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: which files are painted, and what they become. */
#include "cli/apply.h"
#include <stdlib.h>
#include <string.h>

void fv_jobs_free(fv_jobs *j)
{
	for (int i = 0; i < j->count; i++) {
		free(j->item[i].in);
		free(j->item[i].out);
	}
	free(j->item);
}

/* The file that IN becomes in a folder: its own name, with the ending .png when pictures cannot be
 * written with its own. */
static char *name_in(const char *folder, const char *in)
{
	const char *slash = strrchr(in, '/'), *name = slash ? slash + 1 : in,
		   *dot = strrchr(name, '.');
	bool writable = fv_picture_ending(name);
	int stem = writable || !dot || dot == name ? (int)strlen(name) : (int)(dot - name);
	size_t room = strlen(folder) + strlen(name) + sizeof "/.png";
	char *path = malloc(room);
	if (path)
		snprintf(path, room, "%s%s%.*s%s", folder,
		         folder[strlen(folder) - 1] == '/' ? "" : "/", stem, name,
		         writable ? "" : ".png");
	return path;
}

/* out: the file, when `folder` is false. */
static fv_status add(fv_err *err, fv_jobs *j, const char *in, const char *out, bool folder)
{
	if (j->count == j->room) {
		int room = j->room ? 2 * j->room : 16;
		fv_job *more = realloc(j->item, (size_t)room * sizeof *more);
		if (!more)
			return fv_fail_memory(err, "list of pictures", (size_t)room * sizeof *more);
		j->item = more;
		j->room = room;
	}
	fv_job *new = &j->item[j->count++];
	*new = (fv_job){ strdup(in), folder ? name_in(out, in) : strdup(out) };
	return new->in && new->out ? FV_OK : fv_fail_memory(err, "list of pictures", strlen(in));
}

static int by_out(const void *a, const void *b)
{
	return strcmp((*(const fv_job *const *)a)->out, (*(const fv_job *const *)b)->out);
}

/* Two pictures must not become one file. */
static fv_status check_names(fv_err *err, const fv_jobs *j)
{
	const fv_job **sorted = malloc((size_t)j->count * sizeof *sorted + 1);
	if (!sorted)
		return fv_fail_memory(err, "list of pictures", (size_t)j->count * sizeof *sorted);
	for (int i = 0; i < j->count; i++)
		sorted[i] = &j->item[i];
	qsort(sorted, (size_t)j->count, sizeof *sorted, by_out);
	fv_status st = FV_OK;
	for (int i = 1; i < j->count && !st; i++)
		if (!strcmp(sorted[i - 1]->out, sorted[i]->out))
			st = fv_fail(
				err, FV_E_ARGUMENT,
				"%s and %s would both become %s; paint them into different folders",
				sorted[i - 1]->in, sorted[i]->in, sorted[i]->out);
	free(sorted);
	return st;
}

fv_status fv_jobs_list(fv_err *err, const fv_apply_options *o, int count, char **args, fv_jobs *out)
{
	size_t length = strlen(o->output);
	bool many = count > 1 || fv_is_folder(args[0]);
	bool folder = fv_is_folder(o->output) || o->output[length - 1] == '/' || many;
	fv_status st = FV_OK;
	if (folder && many && fv_picture_ending(o->output) && !fv_is_folder(o->output))
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--output: %s is one picture, but several are to be painted; name a folder",
			o->output);
	if (!folder && !fv_picture_ending(o->output))
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--output: %s: unknown ending; pictures are written as .jpg, .png, .webp "
			"or .tif, into a folder when the name ends with /",
			o->output);
	for (int i = 0; i < count && !st; i++) {
		if (!fv_is_folder(args[i])) {
			st = add(err, out, args[i], o->output, folder);
			continue;
		}
		fv_names n = { 0 };
		st = fv_folder_list(err, args[i], &n);
		if (!st && !n.count)
			st = fv_fail(err, FV_E_READ,
				     "%s: this folder holds no pictures (" FV_PICTURES_READ ")",
				     args[i]);
		const size_t said = strlen(out->left);
		if (n.left)
			snprintf(out->left + said, sizeof out->left - said, "%s%s: %s",
				 said ? "; " : "", args[i], n.left);
		for (int k = 0; k < n.count && !st; k++)
			st = add(err, out, n.path[k], o->output, true);
		fv_names_free(&n);
	}
	if (!st)
		st = check_names(err, out);
	if (!st && folder)
		st = fv_folder_make(err, o->output);
	return st;
}
