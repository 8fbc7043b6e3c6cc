/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: what is finished, so that the same command, killed or run again, does not paint it
 * twice.
 *
 * A painting in a folder carries a mark: hashes of the photograph's bytes, of all that says how it
 * is painted (model, options, version) and of its own bytes. The mark is an extended attribute of
 * the file: it is there from the moment at which the file has its name, goes where the file goes,
 * is no part of the picture and leaves no other file about. A file system without them (FAT, some
 * network drives) keeps no marks, and all is painted again there. */
#include "cli/apply.h"
#include "base/hash.h"
#include "model/model.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define NAME "user.fauve.painted"
#define FORMAT "1 %016" PRIx64 " %016" PRIx64 " %016" PRIx64
#define ROOM 60

/* Options that say where, not how. */
static bool changes_picture(const fv_option *o)
{
	static const char *const others[] = { "output", "files-from", "watch", "again", "force",
		                              "max-megapixels", "max-memory" };
	for (size_t i = 0; i < FV_COUNT(others); i++)
		if (!strcmp(o->name, others[i]))
			return false;
	return true;
}

static uint64_t mix_text(uint64_t h, const char *text)
{
	return fv_hash_mix(h, text, strlen(text) + 1);
}

/* A text, and the bytes of the file that it names, or that stands behind its colon. */
static uint64_t mix_value(uint64_t h, const char *text)
{
	const char *colon = strrchr(text, ':'), *names[] = { text, colon ? colon + 1 : NULL };
	h = mix_text(h, text);
	for (size_t i = 0; i < FV_COUNT(names); i++) {
		struct stat s;
		uint64_t of;
		if (names[i] && !stat(names[i], &s) && S_ISREG(s.st_mode) &&
		    !fv_file_hash(NULL, names[i], &of))
			return fv_hash_mix(h, &of, sizeof of);
	}
	return h;
}

static uint64_t mix_option(uint64_t h, const fv_option *o, const void *values)
{
	const void *at = (const char *)values + o->at;
	h = mix_text(h, o->name);
	if (o->type == FV_OPT_TEXT)
		return mix_value(h, *(const char *const *)at ? *(const char *const *)at : "");
	if (o->type == FV_OPT_TEXTS) {
		const fv_texts *t = at;
		for (int i = 0; i < t->count; i++)
			h = mix_value(h, t->item[i]);
		return h;
	}
	json_t *value = fv_option_json(o, values, ".");
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	h = mix_text(h, text ? text : "");
	free(text);
	json_decref(value);
	return h;
}

static fv_status mix_model(fv_err *err, const fv_model *m, uint64_t *h)
{
	char *about = json_dumps(m->about, JSON_SORT_KEYS);
	*h = mix_text(*h, about ? about : "");
	free(about);
	for (const fv_variable *v = m->store->first; v; v = v->next) {
		const size_t bytes = (size_t)fv_variable_bytes(v);
		void *values = malloc(bytes);
		fv_status st = values ? fv_variable_get(err, v, values)
		                      : fv_fail_memory(err, v->name, bytes);
		if (!st)
			*h = fv_hash_mix(mix_text(*h, v->name), values, bytes);
		free(values);
		if (st)
			return st;
	}
	return FV_OK;
}

fv_status fv_apply_settings(fv_err *err, const fv_apply *a, uint64_t *hash)
{
	uint64_t h = mix_text(FV_HASH, fv_version());
	h = fv_hash_mix(h, &a->cli->precision, sizeof a->cli->precision);
	for (const fv_option *o = fv_apply_table; o->name; o++)
		if (changes_picture(o))
			h = mix_option(h, o, a->o);
	fv_status st = FV_OK;
	for (int i = 0; i < a->layers->count && !st; i++) {
		const fv_layer *l = &a->layers->item[i];
		h = fv_hash_mix(h, &l->share, sizeof l->share);
		if (l->mask.data)
			h = fv_hash_mix(h, l->mask.data,
			                (size_t)(l->mask.height * l->mask.stride_bytes));
		st = mix_model(err, l->model, &h);
	}
	*hash = h;
	return st;
}

fv_finished fv_finished_look(const fv_job *j, uint64_t settings, fv_mark *mark)
{
	char text[ROOM + 1];
	uint64_t in, how, out, own;
	*mark = (fv_mark){ .settings = settings };
	mark->known = strcmp(j->in, "-") && !fv_file_hash(NULL, j->in, &mark->in);
	/* Of a link there is none, and none of what it leads to is asked for. */
	ssize_t got = lgetxattr(j->out, NAME, text, ROOM);
	text[got > 0 ? got : 0] = 0;
	if (!mark->known ||
	    sscanf(text, "1 %" SCNx64 " %" SCNx64 " %" SCNx64, &in, &how, &out) < 3 ||
	    fv_file_hash(NULL, j->out, &own))
		return FV_UNPAINTED;
	/* One that is painted over itself is its own photograph. */
	if (own == out && how == settings && (in == mark->in || own == mark->in))
		return FV_FINISHED;
	return own != out && in == mark->in && how == settings ? FV_CHANGED : FV_UNPAINTED;
}

void fv_finished_mark(void *user, int fd, uint64_t hash)
{
	const fv_mark *m = user;
	char text[ROOM];
	if (!m->known)
		return;
	int n = snprintf(text, sizeof text, FORMAT, m->in, m->settings, hash);
	/* Where no marks are kept, all is painted again. */
	(void)!fsetxattr(fd, NAME, text, (size_t)n, 0);
}
