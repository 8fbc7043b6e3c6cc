/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/file.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define M ((int64_t)1 << 20)
#define G ((int64_t)1 << 30)

const fv_limit_entry fv_limit_table[FV_LIMITS] = {
	[FV_LIMIT_MODEL] = { "model", "a file of weights", true, 8 * G, 1024 * G },
	[FV_LIMIT_HEADER] = { "header", "its header", true, 8 * M, G },
	[FV_LIMIT_TENSORS] = { "tensors", "tensors in it", false, 4096, 65536 },
	[FV_LIMIT_NAME] = { "name", "a tensor's name", true, 199, 199 },
	[FV_LIMIT_VALUES] = { "values", "values in its metadata", false, 100000, 100000000 },
	[FV_LIMIT_DEPTH] = { "depth", "levels of its metadata", false, 16, 16 },
	[FV_LIMIT_TEXT] = { "text", "a text in its metadata", true, 65536, 65536 },
	[FV_LIMIT_DATA] = { "data", "an idx file, unpacked", true, G, 1024 * G },
	[FV_LIMIT_RATIO] = { "ratio", "times that a gz file may grow", false, 100, 2000 },
};

_Static_assert(FV_LIMITS <= FV_COUNT(((fv_context *)0)->limit),
	       "fv_context has no room for all limits");

bool fv_size_parse(const char *text, double *out)
{
	static const char units[] = "KMGT";
	char *end;
	if (!isdigit((unsigned char)*text))
		return false;
	double v = strtod(text, &end);
	if (*end) {
		const char *u = strchr(units, toupper((unsigned char)*end));
		if (!u)
			return false;
		for (const char *i = units; i <= u; i++)
			v *= 1024;
		end++;
		if (*end == 'i')
			end++;
		if (*end == 'B')
			end++;
	}
	*out = v;
	return !*end && isfinite(v);
}

static fv_status set(fv_err *err, const char *name, const char *value, int64_t limit[FV_LIMITS])
{
	char all[200] = "";
	for (int i = 0; i < FV_LIMITS; i++) {
		const fv_limit_entry *e = &fv_limit_table[i];
		double v;
		if (e->preset < e->most)
			snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s",
				 *all ? ", " : "", e->name);
		if (strcmp(e->name, name))
			continue;
		if (e->preset == e->most)
			return fv_fail(err, FV_E_ARGUMENT,
				       "limit %s: it is %" PRId64 " and cannot be set", name,
				       e->preset);
		if (!fv_size_parse(value, &v) || v < 1 || v > (double)e->most)
			return fv_fail(err, FV_E_ARGUMENT,
				       "limit %s: '%s' is not between 1 and %" PRId64 "; write %s",
				       name, value, e->most, e->bytes ? "64M or 2G" : "20000");
		limit[i] = (int64_t)v;
		return FV_OK;
	}
	return fv_fail(err, FV_E_ARGUMENT,
		       "limit '%s' is unknown: there are %s; write NAME=SIZE, as `fauve doctor` "
		       "shows them",
		       name, all);
}

fv_status fv_limits_set(fv_err *err, const char *text, int64_t limit[FV_LIMITS])
{
	fv_status st = FV_OK;
	for (int i = 0; i < FV_LIMITS; i++)
		limit[i] = fv_limit_table[i].preset;
	while (text && *text && !st) {
		char word[64];
		size_t n = strcspn(text, ",");
		snprintf(word, sizeof word, "%.*s", (int)fv_min((int64_t)n, (int64_t)sizeof word),
			 text);
		char *equals = strchr(word, '=');
		if (equals)
			*equals++ = 0;
		st = set(err, word, equals ? equals : "", limit);
		text += n + (text[n] == ',');
	}
	return st;
}

/* "8.4 MB", "4096". */
static const char *amount(const fv_limit_entry *e, double v, char text[32])
{
	if (e->bytes && v >= 1e6)
		snprintf(text, 32, "%.1f MB", v / 1e6);
	else
		snprintf(text, 32, "%.0f%s", v, e->bytes ? " bytes" : "");
	return text;
}

fv_status fv_over_limit(fv_err *err, const int64_t limit[FV_LIMITS], fv_limit which,
			const char *path, double found)
{
	const fv_limit_entry *e = &fv_limit_table[which];
	char is[32], may[32], help[64] = "it cannot be raised";
	if (e->preset < e->most)
		snprintf(help, sizeof help, "if you trust the file: --limit %s=SIZE", e->name);
	return fv_fail(err, FV_E_LIMIT, "%s: %s: %s are over the limit of %s; %s", path, e->what,
		       amount(e, found, is), amount(e, (double)limit[which], may), help);
}

fv_status fv_limit_map(fv_err *err, const int64_t limit[FV_LIMITS], fv_limit which,
		       const char *path, const void **data, size_t *bytes)
{
	fv_err e;
	fv_status st = fv_file_map(&e, path, (size_t)limit[which], data, bytes);
	if (!st)
		return FV_OK;
	if (st == FV_E_LIMIT)
		return fv_fail(err, st, "%s; if you trust the file: --limit %s=SIZE", e.text,
			       fv_limit_table[which].name);
	return fv_fail(err, st, "%s", e.text);
}
