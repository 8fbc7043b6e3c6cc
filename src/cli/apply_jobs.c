/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: which files are painted, and what they become. Words of the command line, patterns
 * that the shell left as they were, lists and folders become inputs, each with its place below OUT;
 * then each gets its OUT. */
#define _GNU_SOURCE
#include "cli/apply.h"
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_BYTES ((size_t)256 << 20)  /* of a list of names */

static bool is_dash(const char *name) { return !strcmp(name, "-"); }

void fv_jobs_free(fv_jobs *j)
{
	for (int i = 0; i < j->count; i++) {
		free(j->item[i].in);
		free(j->item[i].out);
		free(j->item[i].below);
		free(j->item[i].why);
	}
	free(j->item);
	*j = (fv_jobs){ 0 };
}

/* ---- inputs */

/* While inputs are looked for. */
typedef struct {
	fv_jobs *jobs;
	bool many;                      /* a folder, a list or a pattern was among them */
	struct stat out;                /* OUT, when it is a folder already: no input */
	bool out_there;
} search;

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* why: it cannot be read, and is only there to be named; else NULL. */
static fv_status add(fv_err *err, search *s, const char *in, const char *folder, const char *why)
{
	fv_jobs *j = s->jobs;
	if (j->count == j->room) {
		int room = j->room ? 2 * j->room : 16;
		fv_job *more = realloc(j->item, (size_t)room * sizeof *more);
		if (!more)
			return fv_fail_memory(err, "list of pictures", (size_t)room * sizeof *more);
		j->item = more;
		j->room = room;
	}
	fv_job *new = &j->item[j->count++];
	*new = (fv_job){ .in = strdup(in), .why = why ? strdup(why) : NULL };
	if (asprintf(&new->below, "%s%s%s", folder, *folder ? "/" : "",
	             is_dash(in) ? "stdin" : base_of(in)) < 0)
		new->below = NULL;
	return new->in && new->below && (!why || new->why)
	               ? FV_OK
	               : fv_fail_memory(err, "list of pictures", strlen(in));
}

/* A folder on the way to another: links may lead back to it. */
typedef struct chain {
	const struct chain *above;
	dev_t device;
	ino_t number;
} chain;

static bool same(const struct stat *a, dev_t device, ino_t number)
{
	return a->st_dev == device && a->st_ino == number;
}

/* below: its name under OUT; "" is OUT itself. */
static fv_status walk(fv_err *err, search *s, const char *folder, const char *below,
                      const chain *above)
{
	struct stat here;
	fv_names files = { 0 }, folders = { 0 };
	fv_err why;
	if (stat(folder, &here))
		return FV_OK;                   /* it was removed meanwhile */
	if (above && s->out_there && same(&s->out, here.st_dev, here.st_ino))
		return FV_OK;
	for (const chain *c = above; c; c = c->above)
		if (same(&here, c->device, c->number))
			return FV_OK;
	const chain link = { above, here.st_dev, here.st_ino };
	fv_status st = fv_folder_list(&why, folder, &files);
	if (!st)
		st = fv_folder_folders(&why, folder, &folders);
	if (st == FV_E_READ)
		st = add(err, s, folder, below, why.text);
	else if (st)
		fv_fail(err, st, "%s", why.text);
	for (int i = 0; i < files.count && !st; i++)
		st = add(err, s, files.path[i], below, NULL);
	const size_t said = strlen(s->jobs->left);
	if (files.left)
		snprintf(s->jobs->left + said, sizeof s->jobs->left - said, "%s%s: %s",
		         said ? "; " : "", folder, files.left);
	for (int i = 0; i < folders.count && !st; i++) {
		char *name = NULL;
		if (asprintf(&name, "%s%s%s", below, *below ? "/" : "",
		             base_of(folders.path[i])) < 0)
			st = fv_fail_memory(err, folder, strlen(folder));
		else
			st = walk(err, s, folders.path[i], name, &link);
		free(name);
	}
	fv_names_free(&files);
	fv_names_free(&folders);
	return st;
}

static fv_status add_folder(fv_err *err, search *s, const char *name)
{
	size_t length = strlen(name);
	char *folder = strdup(name);
	int before = s->jobs->count;
	if (!folder)
		return fv_fail_memory(err, name, length);
	while (length > 1 && folder[length - 1] == '/')
		folder[--length] = 0;
	s->many = true;
	fv_status st = walk(err, s, folder, "", NULL);
	free(folder);
	if (!st && s->jobs->count == before && !s->jobs->watched)
		st = fv_fail(err, FV_E_READ, "%s: this folder holds no pictures (" FV_PICTURES_READ ")",
		             name);
	return st;
}

static fv_status add_name(fv_err *err, search *s, const char *name)
{
	return !is_dash(name) && fv_is_folder(name) ? add_folder(err, s, name)
	                                            : add(err, s, name, "", NULL);
}

/* A word of the command line: a name; or where there is none such, a pattern. */
static fv_status add_word(fv_err *err, search *s, const char *word)
{
	struct stat info;
	glob_t found = { 0 };
	fv_status st = FV_OK;
	if (is_dash(word) || !strpbrk(word, "*?[{") || !lstat(word, &info))
		return add_name(err, s, word);
	int failed = glob(word, GLOB_BRACE | GLOB_TILDE, NULL, &found);
	if (failed == GLOB_NOSPACE)
		st = fv_fail_memory(err, word, strlen(word));
	else if (failed)
		st = fv_fail(err, FV_E_READ, "%s: no file has this name, and none matches it as a "
		             "pattern", word);
	s->many = s->many || found.gl_pathc > 1;
	for (size_t i = 0; i < found.gl_pathc && !st; i++)
		st = add_name(err, s, found.gl_pathv[i]);
	globfree(&found);
	return st;
}

/* All of a list of names, with a zero behind it; yours. */
static fv_status read_list(fv_err *err, const char *name, char **text, size_t *bytes)
{
	const char *called = is_dash(name) ? "standard input" : name;
	int fd = -1;
	fv_status st = is_dash(name)
	                       ? fv_file_input(err, called, NULL, LIST_BYTES, fv_apply_stopped, NULL,
	                                       &fd, bytes)
	                       : fv_file_open(err, name, 0, &fd, bytes);
	if (!st && *bytes > LIST_BYTES)
		st = fv_fail(err, FV_E_LIMIT, "%s: %.1f MB are too many for a list of names",
		             called, (double)*bytes / 1e6);
	if (!st && !(*text = calloc(1, *bytes + 1)))
		st = fv_fail_memory(err, called, *bytes);
	if (!st && (st = fv_file_fill(err, called, fd, *text, bytes, NULL, NULL)))
		free(*text);
	if (fd >= 0)
		close(fd);
	return st;
}

/* Names end with a zero where there is one, as find -print0 has it, else with the line. */
static fv_status add_list(fv_err *err, search *s, const char *name)
{
	char *text = NULL;
	size_t bytes = 0;
	fv_status st = read_list(err, name, &text, &bytes);
	if (st)
		return st;
	const bool zeros = memchr(text, 0, bytes);
	const int before = s->jobs->count;
	s->many = true;
	for (size_t i = 0, n; i < bytes && !st; i += n + 1) {
		n = zeros ? strlen(text + i) : strcspn(text + i, "\n");
		text[i + n] = 0;
		if (!zeros && n && text[i + n - 1] == '\r')
			text[i + n - 1] = 0;
		if (is_dash(text + i))
			st = fv_fail(err, FV_E_ARGUMENT, "%s: names '-', which is no file; ./- is "
			             "one", name);
		else if (text[i])
			st = add_name(err, s, text + i);
	}
	free(text);
	if (!st && s->jobs->count == before)
		st = fv_fail(err, FV_E_READ, "--files-from: %s names no files", name);
	return st;
}

static fv_status find_inputs(fv_err *err, search *s, const fv_apply_options *o, int count,
                             char **args)
{
	int dashes = o->files_from && is_dash(o->files_from);
	fv_status st = FV_OK;
	for (int i = 0; i < count; i++)
		dashes += is_dash(args[i]);
	if (dashes > 1)
		return fv_fail(err, FV_E_ARGUMENT, "'-' is named twice; standard input can be read "
		               "once");
	s->many = count > 1;
	for (int i = 0; i < count && !st; i++)
		st = add_word(err, s, args[i]);
	return !st && o->files_from ? add_list(err, s, o->files_from) : st;
}

/* ---- outputs */

/* The file that an input becomes in a folder: of its own name, with another ending where pictures (or
 * films) cannot be written with its own, or where --format asks for one. */
static char *name_in(const char *folder, const fv_job *j, const fv_apply_options *o)
{
	const char *below = j->below, *name = base_of(below), *dot = strrchr(name, '.');
	const char *film = fv_apply_film_ending(o);
	const char *ending = j->film ? film : o->format < 0 ? NULL : fv_apply_ending(o, j->in);
	const bool keeps = j->film ? fv_film_ending(name) &&
	                                     (!ending || (dot && !strcasecmp(dot, ending)))
	                           : fv_picture_ending(name) &&
	                                     (!ending || fv_picture_same_ending(name, ending));
	if (j->film && !ending)
		ending = ".mkv";
	const int stem = keeps || !dot || dot == name ? (int)strlen(below) : (int)(dot - below);
	char *path = NULL;
	if (asprintf(&path, "%s%s%.*s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/",
	             stem, below, keeps ? "" : ending ? ending : ".png") < 0)
		path = NULL;
	return path;
}

static int by_out(const void *a, const void *b)
{
	const fv_job *x = *(const fv_job *const *)a, *y = *(const fv_job *const *)b;
	int order = strcmp(x->out, y->out);
	return order ? order : strcmp(x->in, y->in);
}

/* Two pictures must not become one file. In a watched folder the second is named, and left out. */
static fv_status check_names(fv_err *err, const fv_jobs *j)
{
	fv_job **sorted = malloc((size_t)j->count * sizeof *sorted + 1);
	if (!sorted)
		return fv_fail_memory(err, "list of pictures", (size_t)j->count * sizeof *sorted);
	for (int i = 0; i < j->count; i++)
		sorted[i] = &j->item[i];
	qsort(sorted, (size_t)j->count, sizeof *sorted, by_out);
	fv_status st = FV_OK;
	for (int i = 1; i < j->count && !st; i++) {
		fv_err why;
		if (strcmp(sorted[i - 1]->out, sorted[i]->out))
			continue;
		fv_fail(&why, FV_E_ARGUMENT,
		        "%s and %s would both become %s; paint them into different folders, or "
		        "name the folder above them, whose structure is kept",
		        sorted[i - 1]->in, sorted[i]->in, sorted[i]->out);
		if (!j->watched)
			st = fv_fail(err, FV_E_ARGUMENT, "%s", why.text);
		else if (!sorted[i]->why && !(sorted[i]->why = strdup(why.text)))
			st = fv_fail_memory(err, "list of pictures", strlen(why.text));
	}
	free(sorted);
	return st;
}

const char *fv_apply_ending(const fv_apply_options *o, const char *out)
{
	static const char *const endings[] = { ".jpg", ".png", ".webp", ".tif" };
	const bool asked = o->format >= 0 && o->format < (int)FV_COUNT(endings);
	return asked ? endings[o->format] : is_dash(out) ? ".png" : NULL;
}

const char *fv_apply_film_ending(const fv_apply_options *o)
{
	static const char *const endings[] = { NULL, NULL, NULL, NULL, ".mkv", ".mp4", ".mov", ".webm" };
	return o->format < 0 ? NULL : endings[o->format];
}

/* OUT says that it becomes a film, or numbered frames of one. */
static bool film_out(const fv_apply_options *o)
{
	return fv_film_ending(o->output) || fv_numbered(o->output) ||
	       (is_dash(o->output) && fv_apply_film_ending(o));
}

/* What is a film, and not many pictures, where OUT is one: a folder, or a name of numbered
 * pictures. */
static bool is_numbered(const char *word)
{
	struct stat there;
	return !is_dash(word) && (fv_is_folder(word) || (fv_numbered(word) && lstat(word, &there)));
}

static fv_status check_out(fv_err *err, const fv_apply_options *o, bool folder, bool many)
{
	const bool known = fv_picture_ending(o->output);
	if (!*o->output)
		return fv_fail(err, FV_E_ARGUMENT, "--output: is empty; name a file or a folder");
	const char *format = fv_apply_film_ending(o), *dot = strrchr(base_of(o->output), '.');
	if (many && film_out(o) && !is_dash(o->output) && !fv_is_folder(o->output))
		return fv_fail(err, FV_E_ARGUMENT,
		               "--output: %s is one film, but several files are to be painted; "
		               "name a folder, or as FILE the one folder that its frames are in",
		               o->output);
	if (format && !folder && !is_dash(o->output) && (!dot || strcasecmp(dot, format)))
		return fv_fail(err, FV_E_ARGUMENT, "--format: %s says another format; leave one "
		               "of the two out", o->output);
	if (many && is_dash(o->output))
		return fv_fail(err, FV_E_ARGUMENT, "--output: standard output takes one picture, "
		               "but several are to be painted; name a folder");
	if (is_dash(o->output) && isatty(STDOUT_FILENO))
		return fv_fail(err, FV_E_ARGUMENT, "--output: standard output is a terminal, which "
		               "shows no pictures; redirect it, or name a file");
	if (folder && many && known && !fv_is_folder(o->output))
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--output: %s is one picture, but several are to be painted; name a folder",
			o->output);
	if (!folder && !known && !fv_deep_zoom_ending(o->output) && !fv_film_ending(o->output) &&
	    o->format < 0 && !is_dash(o->output))
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--output: %s: unknown ending; pictures are written as .jpg, .png, .webp, .tif "
			"or .dzi, films as .mp4, .mov, .mkv or .webm, into a folder when the name ends "
			"with /",
			o->output);
	if (!folder && known && o->format >= 0 && !format &&
	    !fv_picture_same_ending(o->output, fv_apply_ending(o, o->output)))
		return fv_fail(err, FV_E_ARGUMENT, "--format: %s says another format; leave one "
		               "of the two out", o->output);
	return FV_OK;
}

fv_status fv_jobs_list(fv_err *err, const fv_apply_options *o, int count, char **args, fv_jobs *out)
{
	search s = { .jobs = out };
	s.out_there = !stat(o->output, &s.out) && S_ISDIR(s.out.st_mode);
	const bool numbered = count == 1 && !o->files_from && !s.out_there && film_out(o) &&
	                      is_numbered(args[0]);
	fv_status st = numbered ? add(err, &s, args[0], "", NULL)
	                        : find_inputs(err, &s, o, count, args);
	if (st)
		return st;
	const bool many = s.many || out->count > 1 || out->watched;
	const size_t length = strlen(o->output);
	out->folder = !is_dash(o->output) &&
	              (many || s.out_there || (length && o->output[length - 1] == '/'));
	out->many = many;
	if ((st = check_out(err, o, out->folder, many)))
		return st;
	for (int i = 0; i < out->count; i++) {
		fv_job *j = &out->item[i];
		j->numbered = numbered;
		j->film = (!out->folder && film_out(o)) ||
		          (is_dash(j->in) ? fv_apply_film_ending(o) != NULL : fv_is_film(j->in));
		j->out = out->folder ? name_in(o->output, j, o) : strdup(o->output);
		if (!j->out)
			return fv_fail_memory(err, "list of pictures", strlen(j->in));
	}
	if ((st = check_names(err, out)))
		return st;
	if (out->folder && !(st = fv_folder_make(err, o->output)) &&
	    access(o->output, W_OK | X_OK))
		st = fv_fail_write(err, o->output);
	return st;
}
