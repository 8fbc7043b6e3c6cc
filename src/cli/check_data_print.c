/* SPDX-License-Identifier: Apache-2.0 */
/* What check-data found, for people and as JSON. */
#include "base/json.h"
#include "base/text.h"
#include "cli/check_data.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_NAMES 6                   /* of a kind, for people */

/* ---- kinds of pictures that stand out. To add one: a line. */

static bool is_blank(const fv_checked *f) { return fv_inspect_blank(&f->look); }
/* Of a pair A|B one half is a drawing. */
static bool is_grey(const fv_checked *f)
{
	return !is_blank(f) && f->look.width != 2 * f->look.height && fv_inspect_grey(&f->look);
}
/* Where a file ends too soon, the rest is a bar. */
static bool is_barred(const fv_checked *f) { return !f->reason && fv_inspect_bars(&f->look); }
static bool is_soft(const fv_checked *f) { return !is_blank(f) && fv_inspect_soft(&f->look); }
static bool is_warned(const fv_checked *f) { return f->reason != NULL; }

static const struct {
	const char *key, *title, *what;
	bool (*is)(const fv_checked *f);
} kinds[] = {
	{ "warned", "warnings", "readable, but not as they should be", is_warned },
	{ "blank", "blank", "of one colour throughout", is_blank },
	{ "grey", "near grey", "without colour, or of one faint tint", is_grey },
	{ "bars", "bars", "with a border of one colour", is_barred },
	{ "soft", "soft", "enlarged or blurred: finest detail is missing", is_soft },
};
enum { KIND_BARS = 3 };

/* "left and right, 24 and 24 pixels, black" */
static const char *bars_text(const fv_inspection *i, char *to, size_t room)
{
	static const char *const edges[] = { "top", "bottom", "left", "right" };
	const unsigned bars = fv_inspect_bars(i);
	const char *colour = NULL;
	size_t n = 0;
	*to = 0;
	for (int e = 0; e < FV_BORDERS; e++) {
		if (!(bars & 1u << e))
			continue;
		const uint8_t *v = i->colour[e];
		const int low = (int)fv_min(v[0], fv_min(v[1], v[2])),
			  high = (int)fv_max(v[0], fv_max(v[1], v[2]));
		const char *own = high < 32 ? "black" : low > 223 ? "white" : "one colour";
		colour = !colour || !strcmp(colour, own) ? own : "one colour each";
		n += (size_t)snprintf(to + n, room - n, "%s%s %" PRId64, n ? ", " : "", edges[e],
		                      i->border[e]);
	}
	snprintf(to + n, room - n, ": %s", colour ? colour : "");
	return to;
}

/* ---- numbers of a set */

typedef struct { double lightness, chroma, spread, between; } colours;

static colours colours_of(const fv_check *c, const fv_check_set *s)
{
	double sum[5] = { 0 }, square = 0, n = s->readable;
	for (int i = s->first; i < s->first + s->count; i++) {
		const fv_inspection *v = &c->picture[i].look;
		if (c->picture[i].status)
			continue;
		const double own[5] = { v->lightness, v->a, v->b, v->chroma, v->tint };
		for (int k = 0; k < 5; k++)
			sum[k] += own[k] / n;
		square += (v->lightness * v->lightness + v->a * v->a + v->b * v->b) / n;
	}
	const double mean = sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2];
	return (colours){ sum[0], sum[3], sum[4], sqrt(fmax(square - mean, 0)) };
}

static int64_t thousandths(const fv_inspection *i) { return 1000 * i->width / i->height; }

/* ---- for people */

static const char *shown(const char *text)
{
	static char room[FV_SHOWN * 1000];
	return fv_show(room, sizeof room, text);
}

static void line(const char *title, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void line(const char *title, const char *format, ...)
{
	char text[1000];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	fv_out("  %-11s %s\n", title, text);
}

static void print_counts(const fv_check *c, const fv_check_set *s)
{
	char text[400] = "";
	const char *seen[8] = { NULL };
	size_t n = 0;
	for (int i = s->first; i < s->first + s->count; i++) {
		int k = 0, count = 0;
		const char *format = c->picture[i].format;
		while (format && k < 8 && seen[k] && strcmp(seen[k], format))
			k++;
		if (!format || k == 8 || seen[k])
			continue;
		seen[k] = format;
		for (int j = s->first; j < s->first + s->count; j++)
			count += c->picture[j].format && !strcmp(c->picture[j].format, format);
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %d", n ? ", " : " (", format,
		                      count);
	}
	if (s->count)
		line("pictures", "%d, readable %d%s%s", s->count, s->readable, text, n ? ")" : "");
	*text = 0, n = 0;
	for (int i = 0; i < s->others && n < sizeof text - 40; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %d", i ? ", " : "",
		                      *s->other[i].ending ? s->other[i].ending : "(no ending)",
		                      s->other[i].count);
	if (s->others)
		line("others", "not read by a training: %s%s", text, s->more_others ? ", ..." : "");
	if (s->deeper)
		line("deeper", "%d folders in folders are not looked at", s->deeper);
}

static void print_sizes(const fv_check *c, const fv_check_set *s)
{
	if (!s->readable)
		return;
	line("longer side", "%" PRId64 " least, %" PRId64 " median, %" PRId64 " largest",
	     fv_check_quantile(c, s, fv_longer_side, 0),
	     fv_check_quantile(c, s, fv_longer_side, 0.5),
	     fv_check_quantile(c, s, fv_longer_side, 1));
	line("shorter", "%" PRId64 " least, %" PRId64 " median, %" PRId64 " largest",
	     fv_check_quantile(c, s, fv_shorter_side, 0),
	     fv_check_quantile(c, s, fv_shorter_side, 0.5),
	     fv_check_quantile(c, s, fv_shorter_side, 1));
	line("aspect", "width over height %.2f least, %.2f median, %.2f largest%s",
	     (double)fv_check_quantile(c, s, thousandths, 0) / 1000,
	     (double)fv_check_quantile(c, s, thousandths, 0.5) / 1000,
	     (double)fv_check_quantile(c, s, thousandths, 1) / 1000,
	     fv_check_paired(s) ? ": pairs A|B" : "");
	const colours k = colours_of(c, s);
	line("colour",
	     "lightness %.0f of 100, chroma %.0f; within a picture colours spread by %.0f, "
	     "from picture to picture by %.0f",
	     k.lightness, k.chroma, k.spread, k.between);
}

static void print_folders(const fv_check_set *s)
{
	if (s->folders < 2)
		return;
	line(fv_check_classes(s) ? "classes" : "folders", "%d",
	     s->folders - !s->folder[0].names.count);
	for (int i = 0; i < s->folders; i++) {
		const char *slash = strrchr(s->folder[i].path, '/');
		if (s->folder[i].names.count)
			fv_out("    %s: %d\n",
			       i ? shown(slash ? slash + 1 : s->folder[i].path) : "(itself)",
			       s->folder[i].readable);
	}
}

static void print_idx(const fv_check_set *s)
{
	for (int i = 0; i < s->idxs; i++) {
		const fv_check_idx *x = &s->idx[i];
		if (x->status)
			line("idx", "%s", shown(x->reason));
		else
			line("idx",
			     "%s: %" PRId64 " pictures of %" PRId64 "x%" PRId64 ", %" PRId64
			     " there before",
			     shown(x->path), x->count, x->width, x->height, x->repeated);
	}
	if (s->labels)
		line("labels", "%d idx files of them", s->labels);
}

static void print_kind(fv_cli *cli, const fv_check *c, const fv_check_set *s, int kind)
{
	int n = 0;
	for (int i = s->first; i < s->first + s->count; i++)
		n += !c->picture[i].status && kinds[kind].is(&c->picture[i]);
	if (!n)
		return;
	line(kinds[kind].title, "%d %s", n, kinds[kind].what);
	const int most = cli->verbose ? n : SHOWN_NAMES;
	int told = 0;
	for (int i = s->first; i < s->first + s->count && told < most; i++) {
		const fv_checked *f = &c->picture[i];
		char text[200];
		if (f->status || !kinds[kind].is(f))
			continue;
		told++;
		if (kind == KIND_BARS)
			fv_out("    %s: %s\n", shown(f->path),
			       bars_text(&f->look, text, sizeof text));
		else
			fv_out("    %s\n", shown(f->reason ? f->reason : f->path));
	}
	if (n > told)
		fv_out("    and %d more (-v names them, --json too)\n", n - told);
}

static void print_broken(fv_cli *cli, const fv_check *c, const fv_check_set *s)
{
	const int n = s->count - s->readable, most = cli->verbose ? n : 2 * SHOWN_NAMES;
	int told = 0;
	if (n)
		line("broken", "%d cannot be read", n);
	for (int i = s->first; i < s->first + s->count && told < most; i++)
		if (c->picture[i].status) {
			const fv_checked *f = &c->picture[i];
			fv_out("    %s\n", shown(f->reason ? f->reason : f->path));
			told++;
		}
	if (n > told)
		fv_out("    and %d more (-v names them, --json too)\n", n - told);
}

static const char *const hows[] = { "", "same pixels", "alike", "alike, mirrored" };

static void print_twins(fv_cli *cli, const fv_check *c)
{
	const int most = cli->verbose ? c->repeated : 2 * SHOWN_NAMES;
	int told = 0;
	if (!c->repeated)
		return;
	fv_out("duplicates\n");
	line("repeated", "%d that are there before; pairs: %d", c->repeated, c->twin_count);
	for (int i = 0; i < c->count && told < most; i++) {
		const fv_checked *f = &c->picture[i],
				 *first = f->twin < 0 ? NULL : &c->picture[f->twin];
		if (!first)
			continue;
		told++;
		fv_out("    %s = ", shown(f->path));
		fv_out("%s (%s%s)\n", shown(first->path),
		       hows[fv_inspect_twins(&first->look, &f->look)],
		       first->set == f->set ? "" : ", in both folders");
	}
	if (c->repeated > told)
		fv_out("    and %d more (-v names them, --json the pairs)\n", c->repeated - told);
}

static void print_shared(const fv_check *c)
{
	for (int i = 0; i + 1 < c->sets; i++)
		for (int k = i + 1; k < c->sets; k++) {
			const fv_check_set *a = &c->set[i], *b = &c->set[k];
			const int n = fv_check_shared(c, a, b);
			if (!n)
				continue;
			fv_out("names\n");
			line("shared", "%d of %d and %d%s", n, a->count, b->count,
			     n == a->count && n == b->count ? ": pairs by name"
			                                    : "; the others have no partner");
		}
}

void fv_check_print(fv_cli *cli, const fv_check *c)
{
	fv_advice advice;
	for (int i = 0; i < c->sets; i++) {
		const fv_check_set *s = &c->set[i];
		fv_out("%s\n", shown(s->path));
		print_counts(c, s);
		print_sizes(c, s);
		print_folders(s);
		print_idx(s);
		print_broken(cli, c, s);
		for (size_t k = 0; k < FV_COUNT(kinds); k++)
			print_kind(cli, c, s, (int)k);
	}
	print_twins(cli, c);
	print_shared(c);
	fv_check_advise(c, &advice);
	fv_out("advice\n");
	if (*advice.command)
		fv_out("  %s\n", advice.command);
	fv_out("  %s.\n", advice.reason);
	fv_say(cli, "%d pictures in %.1f s", c->count, c->seconds);
}

/* ---- JSON */

static json_t *range(const fv_check *c, const fv_check_set *s, fv_check_measure of, double scale)
{
	return json_pack("{s:f, s:f, s:f}", "least", scale * (double)fv_check_quantile(c, s, of, 0),
	                 "median", scale * (double)fv_check_quantile(c, s, of, 0.5), "largest",
	                 scale * (double)fv_check_quantile(c, s, of, 1));
}

static json_t *set_as_json(const fv_check *c, const fv_check_set *s)
{
	const colours k = colours_of(c, s);
	json_t *j = json_pack("{s:o, s:i, s:i, s:b, s:b}", "path", fv_json_text(s->path),
	                      "pictures", s->count, "readable", s->readable, "pairs",
	                      fv_check_paired(s), "classes", fv_check_classes(s));
	json_t *formats = json_object(), *others = json_object(), *folders = json_array(),
	       *broken = json_array(), *idx = json_array();
	for (int i = s->first; i < s->first + s->count; i++) {
		const fv_checked *f = &c->picture[i];
		if (f->status)
			json_array_append_new(broken,
			                      json_pack("{s:o, s:o}", "path", fv_json_text(f->path),
			                                "reason",
			                                fv_json_text(f->reason ? f->reason : "")));
		else
			json_object_set_new(
				formats, f->format,
				json_integer(1 + json_integer_value(
							 json_object_get(formats, f->format))));
	}
	for (int i = 0; i < s->others; i++)
		json_object_set_new(others, s->other[i].ending, json_integer(s->other[i].count));
	for (int i = 0; i < s->folders; i++)
		if (s->folder[i].names.count)
			json_array_append_new(
				folders, json_pack("{s:o, s:i, s:i}", "path",
			                           fv_json_text(s->folder[i].path), "pictures",
			                           s->folder[i].names.count, "readable",
			                           s->folder[i].readable));
	for (int i = 0; i < s->idxs; i++) {
		const fv_check_idx *x = &s->idx[i];
		json_t *o = json_pack("{s:o}", "path", fv_json_text(x->path));
		if (x->status)
			json_object_set_new(o, "reason", fv_json_text(x->reason));
		else
			json_object_update_new(o, json_pack("{s:I, s:I, s:I, s:I}", "pictures",
			                                    (json_int_t)x->count, "width",
			                                    (json_int_t)x->width, "height",
			                                    (json_int_t)x->height, "repeated",
			                                    (json_int_t)x->repeated));
		json_array_append_new(idx, o);
	}
	json_object_update_new(j,
	                       json_pack("{s:o, s:o, s:o, s:o, s:o}", "formats", formats, "others",
	                                 others, "folders", folders, "broken", broken, "idx", idx));
	if (s->readable) {
		json_object_set_new(j, "longer_side", range(c, s, fv_longer_side, 1));
		json_object_set_new(j, "shorter_side", range(c, s, fv_shorter_side, 1));
		json_object_set_new(j, "aspect", range(c, s, thousandths, 0.001));
		json_object_set_new(j, "colour",
		                    json_pack("{s:f, s:f, s:f, s:f}", "lightness", k.lightness,
		                              "chroma", k.chroma, "within", k.spread, "between",
		                              k.between));
	}
	for (size_t kind = 0; kind < FV_COUNT(kinds); kind++) {
		json_t *list = json_array();
		for (int i = s->first; i < s->first + s->count; i++) {
			const fv_checked *f = &c->picture[i];
			char text[200];
			if (f->status || !kinds[kind].is(f))
				continue;
			json_t *o = json_pack("{s:o}", "path", fv_json_text(f->path));
			if (f->reason)
				json_object_set_new(o, "reason", fv_json_text(f->reason));
			if (kind == KIND_BARS)
				json_object_set_new(o, "bars", json_string(bars_text(&f->look, text,
				                                                     sizeof text)));
			json_array_append_new(list, o);
		}
		json_object_set_new(j, kinds[kind].key, list);
	}
	return j;
}

fv_status fv_check_print_json(fv_err *err, const fv_check *c)
{
	fv_advice advice;
	json_t *sets = json_array(), *pairs = json_array();
	fv_check_advise(c, &advice);
	for (int i = 0; i < c->sets; i++)
		json_array_append_new(sets, set_as_json(c, &c->set[i]));
	for (int i = 0; i < c->twins_named; i++)
		json_array_append_new(pairs, json_pack("{s:o, s:o, s:s}", "first",
		                                       fv_json_text(c->picture[c->twins[i].a].path),
		                                       "second",
		                                       fv_json_text(c->picture[c->twins[i].b].path),
		                                       "how", hows[c->twins[i].how]));
	json_t *all = json_pack("{s:o, s:{s:i, s:i, s:o}, s:{s:o, s:s}, s:f}", "sets", sets,
	                        "duplicates", "repeated", c->repeated, "count", c->twin_count,
	                        "pairs", pairs, "advice", "command", fv_json_text(advice.command),
	                        "reason", advice.reason, "seconds", c->seconds);
	fv_status st = all ? fv_out_json(err, all, JSON_INDENT(1) | JSON_REAL_PRECISION(6))
	                   : fv_fail_memory(err, "what was found", 1000);
	json_decref(all);
	return st;
}
