/* SPDX-License-Identifier: Apache-2.0 */
/* Options: defaults, and values as they are typed. */
#include "base/option.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- suggestions: edit distance where swapping two neighbours counts as one (Damerau, "optimal string alignment") */

#define WORD 32

static int distance(const char *a, const char *b)
{
	int n = (int)strlen(a), m = (int)strlen(b), d[WORD + 1][WORD + 1];
	if (n > WORD || m > WORD)
		return WORD;
	for (int i = 0; i <= n; i++)
		for (int j = 0; j <= m; j++) {
			if (!i || !j) {
				d[i][j] = i + j;
				continue;
			}
			int change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			int one = (d[i - 1][j] < d[i][j - 1] ? d[i - 1][j] : d[i][j - 1]) + 1;
			d[i][j] = change < one ? change : one;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[n][m];
}

void fv_nearer(const char *word, const char *name, fv_near *best)
{
	size_t length = strlen(word);
	/* A beginning of three letters or more is as good as one slip. */
	bool begins = length >= 3 && !strncmp(word, name, length);
	int d = begins ? 1 : distance(word, name);
	if (d < (best->name ? best->slips : WORD) && d <= (length < 4 ? 1 : (int)length / 3 + 1))
		*best = (fv_near){ name, d };
}

const char *fv_nearest(const char *word, const char *const *names)
{
	fv_near best = { 0 };
	for (int i = 0; names[i]; i++)
		fv_nearer(word, names[i], &best);
	return best.name;
}

/* ---- values */

static fv_status wrong(fv_err *err, const fv_option *o, const char *value, const char *want)
{
	return fv_fail(err, FV_E_ARGUMENT, "%s: '%s' is not %s", o->name, value, want);
}

bool fv_option_in_range(const fv_option *o, double v)
{
	return o->low < o->high ? v >= o->low && v <= o->high : v >= 0;
}

static fv_status check_range(fv_err *err, const fv_option *o, const char *value, double v)
{
	if (fv_option_in_range(o, v))
		return FV_OK;
	if (o->low < o->high)
		return fv_fail(err, FV_E_ARGUMENT, "%s: %s is not between %g and %g", o->name, value, o->low, o->high);
	return fv_fail(err, FV_E_ARGUMENT, "%s: %s is below 0", o->name, value);
}

bool fv_duration_parse(const char *text, double *out)
{
	static const struct { const char *name; double seconds; } units[] = {
		{ "ms", 1e-3 }, { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 },
	};
	double sum = 0;
	if (!*text)
		return false;
	while (*text) {
		char *end;
		if (!isdigit((unsigned char)*text) && *text != '.')
			return false;
		double v = strtod(text, &end);
		if (end == text || !isfinite(v))
			return false;
		size_t n = 0, u;
		while (isalpha((unsigned char)end[n]))
			n++;
		for (u = 0; u < FV_COUNT(units); u++)
			if (strlen(units[u].name) == n && !strncmp(units[u].name, end, n))
				break;
		if (u == FV_COUNT(units))
			return false;
		sum += v * units[u].seconds;
		text = end + n;
	}
	*out = sum;
	return true;
}

fv_status fv_option_set(fv_err *err, const fv_option *o, const char *value, void *to, int room)
{
	void *at = (char *)to + o->at;
	char *end;
	double v;
	switch (o->type) {
	case FV_OPT_FLAG:
		if (value && strcmp(value, "on") && strcmp(value, "off"))
			return wrong(err, o, value, "on or off");
		*(bool *)at = !value || strcmp(value, "off");
		return FV_OK;
	case FV_OPT_TEXT:
		if (!*value)
			return fv_fail(err, FV_E_ARGUMENT, "%s: the value is empty; %s is wanted", o->name, o->arg);
		*(const char **)at = value;
		return FV_OK;
	case FV_OPT_TEXTS: {
		fv_texts *t = at;
		if (!*value)
			return fv_fail(err, FV_E_ARGUMENT, "%s: the value is empty; %s is wanted", o->name, o->arg);
		if (t->count >= room)
			return fv_fail(err, FV_E_INTERNAL, "%s: more values than words", o->name);
		((const char **)t->item)[t->count++] = value;
		return FV_OK;
	}
	case FV_OPT_INT: {
		errno = 0;
		long long n = strtoll(value, &end, 10);
		if (end == value || *end || isspace((unsigned char)*value))
			return wrong(err, o, value, "a whole number");
		if (errno)
			return fv_fail(err, FV_E_ARGUMENT, "%s: %s is too large", o->name, value);
		*(int64_t *)at = n;
		if (o->multiple && n % o->multiple)
			return fv_fail(err, FV_E_ARGUMENT, "%s: %s is no multiple of %d", o->name, value, o->multiple);
		return check_range(err, o, value, (double)n);
	}
	case FV_OPT_FLOAT:
		v = strtod(value, &end);
		if (end == value || *end || !isfinite(v) || isspace((unsigned char)*value))
			return wrong(err, o, value, "a number");
		*(double *)at = v;
		return check_range(err, o, value, v);
	case FV_OPT_DURATION:
		if (!fv_duration_parse(value, &v))
			return wrong(err, o, value, "a time; write 45s, 90m, 2h or 1h30m");
		*(double *)at = v;
		return check_range(err, o, value, v);
	case FV_OPT_SIZE:
		if (!fv_size_parse(value, &v) || v > 9e18)
			return wrong(err, o, value, "a size; write 500M or 2G");
		*(int64_t *)at = (int64_t)v;
		return check_range(err, o, value, v);
	case FV_OPT_ENUM:
		for (int i = 0; o->choices[i]; i++)
			if (!strcmp(o->choices[i], value)) {
				*(int *)at = i;
				return FV_OK;
			}
		const char *near = fv_nearest(value, o->choices);
		char all[300] = "";
		for (int i = 0, n = 0; o->choices[i] && n < (int)sizeof all; i++)
			n += snprintf(all + n, sizeof all - (size_t)n, "%s%s", i ? ", " : "", o->choices[i]);
		if (near)
			return fv_fail(err, FV_E_ARGUMENT, "%s: '%s' is none of %s; did you mean '%s'?", o->name, value, all, near);
		return fv_fail(err, FV_E_ARGUMENT, "%s: '%s' is none of %s", o->name, value, all);
	}
	return fv_fail(err, FV_E_INTERNAL, "%s: an option of unknown type", o->name);
}

const fv_option *fv_option_find(const fv_option *table, const char *name)
{
	for (; table && table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

fv_status fv_option_presets(fv_err *err, const fv_option *o, void *values)
{
	for (; o && o->name; o++) {
		void *at = (char *)values + o->at;
		fv_status st = o->preset && o->type != FV_OPT_TEXTS ? fv_option_set(err, o, o->preset, values, 0) : FV_OK;
		if (st)
			return st;
		if (!o->preset && (o->type == FV_OPT_FLOAT || o->type == FV_OPT_DURATION))
			*(double *)at = NAN;
		else if (!o->preset && o->type == FV_OPT_ENUM)
			*(int *)at = -1;
	}
	return FV_OK;
}
