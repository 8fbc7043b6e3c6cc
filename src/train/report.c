/* SPDX-License-Identifier: Apache-2.0 */
#include "train/report.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "train/run.h"
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

extern const char fv_report_page[]; /* report.html */

#define POINTS 240 /* of a curve: what lies between is their mean, least and most */
#define CURVES 120
#define SHEETS 400
#define EVENTS 200 /* of the watch, the last */
#define WIDTH 360
#define HEIGHT 130
#define LEFT 46
#define BOTTOM 18

typedef struct {
	char name[48];
	double sum[POINTS], low[POINTS], high[POINTS], last;
	int count[POINTS], all;
} curve;

typedef struct {
	curve *list;
	int count;
} curves;

typedef struct {
	FILE *out;
	fv_run *r;
	int64_t steps; /* the axis ends there */
	curves losses, measured, times;
	json_t *seen; /* lines of the watch */
} page;

/* ------------------------------------------------------------------ what the files say */
static curve *curve_of(curves *all, const char *name, bool add)
{
	for (int i = 0; i < all->count; i++)
		if (!strcmp(all->list[i].name, name))
			return &all->list[i];
	if (!add || all->count == CURVES || strlen(name) >= sizeof all->list->name)
		return NULL;
	curve *c = &all->list[all->count++];
	snprintf(c->name, sizeof c->name, "%s", name);
	return c;
}

static void add_point(curve *c, int64_t step, int64_t steps, double v)
{
	int i = (int)fv_min(POINTS - 1, step * POINTS / fv_max(1, steps));
	c->low[i] = c->count[i] ? fmin(c->low[i], v) : v;
	c->high[i] = c->count[i] ? fmax(c->high[i], v) : v;
	c->sum[i] += v;
	c->count[i]++;
	c->all++;
	c->last = v;
}

static void take_line(page *p, json_t *line, curves *to)
{
	const char *name;
	json_t *v;
	int64_t step = json_integer_value(json_object_get(line, "step"));
	if (step < 0 || step > p->r->step)
		return;
	if (json_is_string(json_object_get(line, "watch"))) {
		json_array_append(p->seen, line);
		if (json_array_size(p->seen) > EVENTS)
			json_array_remove(p->seen, 0);
		return;
	}
	json_object_foreach(line, name, v)
	{
		curve *c = !strcmp(name, "step") || !strcmp(name, "seconds") ||
					   !strcmp(name, "n") || !strcmp(name, "dropped") ||
					   !json_is_number(v)
				   ? NULL
				   : curve_of(to, name, true);
		if (c)
			add_point(c, step, p->steps, json_number_value(v));
	}
}

/* A file that is not there has no lines. */
static fv_status read_lines(fv_err *err, page *p, const char *name, curves *to)
{
	char path[FV_PATH_MAX], line[4096];
	int fd;
	snprintf(path, sizeof path, "%s/%s", p->r->folder, name);
	if (!(to->list = fv_alloc(p->r->context, CURVES * sizeof *to->list)))
		return fv_fail_memory(err, path, CURVES * sizeof *to->list);
	fv_status st =
		access(path, F_OK) ? FV_E_READ : fv_file_open(err, path, FV_OPEN_MEMBER, &fd, NULL);
	if (st)
		return st == FV_E_READ ? FV_OK : st;
	FILE *f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return fv_fail_memory(err, path, BUFSIZ);
	}
	while (fgets(line, sizeof line, f)) {
		json_t *j = json_loads(line, 0, NULL);
		if (json_is_object(j))
			take_line(p, j, to);
		json_decref(j);
	}
	fclose(f);
	return FV_OK;
}

/* ------------------------------------------------------------------ text */
/* Foreign text, as it may stand between tags and in quotes. */
static void put_text(FILE *f, const char *text)
{
	char shown[2000];
	for (const char *s = fv_show(shown, sizeof shown, text); *s; s++)
		switch (*s) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		default:
			fputc(*s, f);
		}
}

static void put_row(FILE *f, const char *name, const char *value)
{
	fputs("<tr><th scope=\"row\">", f);
	put_text(f, name);
	fputs("</th><td>", f);
	put_text(f, value);
	fputs("</td></tr>\n", f);
}

static const char *base_name(const char *folder, char *text, size_t room)
{
	size_t n = strlen(folder);
	while (n > 1 && folder[n - 1] == '/')
		n--;
	size_t from = n;
	while (from && folder[from - 1] != '/')
		from--;
	snprintf(text, room, "%.*s", (int)(n - from), folder + from);
	return text;
}

/* ------------------------------------------------------------------ curves */
static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double mean_at(const curve *c, int i)
{
	return c->sum[i] / c->count[i];
}

/* The range that all but a few of the points lie in: one step that went astray flattens no curve.
 */
static void range_of(const curve *c, double aim, double *low, double *high)
{
	double v[POINTS + 1];
	int n = 0;
	for (int i = 0; i < POINTS; i++)
		if (c->count[i])
			v[n++] = mean_at(c, i);
	qsort(v, (size_t)n, sizeof *v, ascending);
	*low = v[n / 50], *high = v[n - 1 - n / 50];
	if (!isnan(aim))
		*low = fmin(*low, aim), *high = fmax(*high, aim);
	double room = *high > *low ? 0.06 * (*high - *low) : fmax(1e-6, 0.1 * fabs(*high));
	*low -= room, *high += room;
}

static double across(double share)
{
	return LEFT + share * (WIDTH - LEFT - 6);
}
static double down(double v, double low, double high)
{
	return 6 + (1 - fmin(1, fmax(0, (v - low) / (high - low)))) * (HEIGHT - BOTTOM - 6);
}
static double middle(int i)
{
	return across((i + 0.5) / POINTS);
}

static void put_steps(FILE *f, int64_t steps)
{
	for (int k = 0; k <= 2; k++)
		fprintf(f, "<text x=\"%.0f\" y=\"%d\" text-anchor=\"%s\">%" PRId64 "</text>",
			across(k / 2.0), HEIGHT - 4,
			k == 0   ? "start"
			: k == 1 ? "middle"
				 : "end",
			steps * k / 2);
}

/* aim: a line to reach, or NAN. */
static void put_curve(page *p, const curve *c, const char *title, double aim)
{
	FILE *f = p->out;
	double low, high;
	if (!c->all)
		return;
	range_of(c, aim, &low, &high);
	fputs("<figure><figcaption><b>", f);
	put_text(f, title);
	fprintf(f,
		"</b><span>%.4g</span></figcaption>\n<svg viewBox=\"0 0 %d %d\" "
		"role=\"img\"><title>",
		c->last, WIDTH, HEIGHT);
	put_text(f, title);
	fprintf(f, ": %d values, the last %.6g</title>", c->all, c->last);
	fprintf(f, "<path class=\"axis\" fill=\"none\" d=\"M%d 6V%dH%d\"/>", LEFT, HEIGHT - BOTTOM,
		WIDTH - 6);
	fprintf(f,
		"<text x=\"%d\" y=\"14\" text-anchor=\"end\">%.3g</text>"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.3g</text>",
		LEFT - 4, high, LEFT - 4, HEIGHT - BOTTOM, low);
	put_steps(f, p->steps);
	fputs("<path class=\"band\" d=\"", f);
	for (int i = 0, n = 0; i < POINTS; i++)
		if (c->count[i])
			fprintf(f, "%c%.1f %.1f", n++ ? 'L' : 'M', middle(i),
				down(c->high[i], low, high));
	for (int i = POINTS; i--;)
		if (c->count[i])
			fprintf(f, "L%.1f %.1f", middle(i), down(c->low[i], low, high));
	fputs("Z\"/><path class=\"line\" d=\"", f);
	for (int i = 0, n = 0; i < POINTS; i++)
		if (c->count[i])
			fprintf(f, "%c%.1f %.1f", n++ ? 'L' : 'M', middle(i),
				down(mean_at(c, i), low, high));
	fputs("\"/>", f);
	if (!isnan(aim))
		fprintf(f, "<path class=\"aim\" d=\"M%d %.1fH%d\"/>", LEFT, down(aim, low, high),
			WIDTH - 6);
	if (c->all == 1)
		for (int i = 0; i < POINTS; i++)
			if (c->count[i])
				fprintf(f,
					"<circle class=\"dot\" r=\"3\" cx=\"%.1f\" cy=\"%.1f\"/>",
					middle(i), down(c->last, low, high));
	fputs("</svg></figure>\n", f);
}

static void put_curves(page *p, const char *heading, const curves *all)
{
	if (!all->count)
		return;
	fprintf(p->out, "<h2>%s</h2>\n<div class=\"curves\">\n", heading);
	for (int i = 0; i < all->count; i++)
		put_curve(p, &all->list[i], all->list[i].name, NAN);
	fputs("</div>\n", p->out);
}

static void put_metrics(page *p)
{
	const fv_measured *m = &p->r->measured;
	FILE *f = p->out;
	if (!*m->metric || !p->measured.count)
		return;
	const curve *c = curve_of(&p->measured, m->metric, false);
	fputs("<h2>How good: what it makes of pictures that it does not learn from</h2>\n", f);
	if (m->step && !isnan(m->best))
		fprintf(f,
			"<p>%s: the best is %.4g, of step %" PRId64
			", kept as best.safetensors; the last %.4g; %s is better; "
			"%d pictures, every %" PRId64 " steps.</p>\n",
			m->metric, m->best, m->best_step, m->value, m->more ? "more" : "less", m->n,
			m->every);
	fputs("<div class=\"curves\">\n", f);
	if (c)
		put_curve(p, c, c->name, m->until);
	fputs("</div>\n<details><summary>all figures</summary>\n<div class=\"curves\">\n", f);
	for (int i = 0; i < p->measured.count; i++)
		if (&p->measured.list[i] != c)
			put_curve(p, &p->measured.list[i], p->measured.list[i].name, NAN);
	fputs("</div></details>\n", f);
}

/* Rates are functions of the step: those that are to come are drawn too. */
static fv_status put_rates(fv_err *err, page *p)
{
	char name[80];
	double v;
	curves all = { fv_alloc(p->r->context, FV_RATES * sizeof *all.list), 0 };
	if (!all.list)
		return fv_fail_memory(err, "report", FV_RATES * sizeof *all.list);
	const int64_t now = p->steps, whole = p->r->steps;
	for (int i = 0; i < FV_RATES && fv_run_rate(p->r, i, 0, name, sizeof name, &v); i++) {
		curve *c = &all.list[all.count++];
		snprintf(c->name, sizeof c->name, "%.47s", name);
		for (int k = 0; k < POINTS; k++) {
			int64_t step = (int64_t)((double)whole * k / POINTS);
			if (fv_run_rate(p->r, i, step, name, sizeof name, &v) && isfinite(v))
				add_point(c, step, whole, v);
		}
		fv_run_rate(p->r, i, p->r->step, name, sizeof name, &c->last);
	}
	p->steps = whole;
	put_curves(p, "Rates, over the whole run", &all);
	p->steps = now;
	fv_free(p->r->context, all.list);
	return FV_OK;
}

/* ------------------------------------------------------------------ the rest */
static int by_step(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;
	return (x > y) - (x < y);
}

static void put_sheets(page *p)
{
	char path[FV_PATH_MAX], name[40];
	long long *steps = malloc(100000 * sizeof *steps), step;
	int n = 0;
	snprintf(path, sizeof path, "%s/sheets", p->r->folder);
	DIR *d = steps ? opendir(path) : NULL;
	for (struct dirent *e; d && n < 100000 && (e = readdir(d));) {
		if (sscanf(e->d_name, "sheet_%lld", &step) != 1 || step < 0)
			continue;
		snprintf(name, sizeof name, "sheet_%06lld.jpg", step);
		if (!strcmp(name, e->d_name))
			steps[n++] = step;
	}
	if (d)
		closedir(d);
	if (n) {
		qsort(steps, (size_t)n, sizeof *steps, by_step);
		const int shown = (int)fv_min(n, SHEETS);
		fprintf(p->out,
			"<h2>Sheets</h2>\n<p><input type=\"range\" id=\"when\" min=\"0\" "
			"max=\"%d\" value=\"%d\" "
			"aria-label=\"which sheet\" data-steps=\"",
			shown - 1, shown - 1);
		for (int i = 0; i < shown; i++)
			fprintf(p->out, "%s%lld", i ? "," : "",
				steps[shown > 1 ? (int64_t)i * (n - 1) / (shown - 1) : n - 1]);
		fprintf(p->out,
			"\"> <output id=\"step\">step %lld</output></p>\n<img id=\"sheet\" "
			"alt=\"step %lld\" "
			"src=\"sheets/sheet_%06lld.jpg\">\n",
			steps[n - 1], steps[n - 1], steps[n - 1]);
	}
	free(steps);
}

static void put_watch(page *p)
{
	size_t i;
	json_t *line;
	FILE *f = p->out;
	fputs("<h2>What the watch saw</h2>\n", f);
	if (!json_array_size(p->seen)) {
		fputs("<p>Nothing that is amiss.</p>\n", f);
		return;
	}
	fputs("<table><tr><th>step</th><th>what</th><th></th><th></th></tr>\n", f);
	json_array_foreach(p->seen, i, line)
	{
		static const char *const column[] = { "watch", "state", "text" };
		fprintf(f, "<tr><td class=\"n\">%lld</td>",
			(long long)json_integer_value(json_object_get(line, "step")));
		for (int k = 0; k < 3; k++) {
			const char *text = json_string_value(json_object_get(line, column[k]));
			fputs("<td>", f);
			put_text(f, text ? text : "");
			fputs("</td>", f);
		}
		fputs("</tr>\n", f);
	}
	fputs("</table>\n", f);
}

static fv_status put_settings(fv_err *err, page *p)
{
	json_t *all = fv_settings_all(p->r), *v, *item;
	const char *name;
	size_t i;
	char number[20];
	if (!all)
		return fv_fail_memory(err, "report", 1);
	fputs("<h2>Settings</h2>\n<table>\n", p->out);
	json_object_foreach(all, name, v)
	{
		if (json_is_string(v))
			put_row(p->out, name, json_string_value(v));
		else if (json_is_array(v)) {
			json_array_foreach(v, i, item)
				put_row(p->out, name,
					json_string_value(item) ? json_string_value(item) : "");
		} else if (strcmp(name, "stopped")) {
			char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
			put_row(p->out, name, text ? text : "");
			free(text);
		}
	}
	put_row(p->out, "pictures", p->r->found);
	snprintf(number, sizeof number, "%d", p->r->context->threads);
	put_row(p->out, "threads", number);
	put_row(p->out, "fauve", FV_VERSION);
	fputs("</table>\n", p->out);
	json_decref(all);
	return FV_OK;
}

static fv_status put_body(fv_err *err, page *p)
{
	const fv_run *r = p->r;
	char name[300];
	FILE *f = p->out;
	fputs("<h1>", f);
	put_text(f, base_name(r->folder, name, sizeof name));
	fprintf(f, " <small>%s</small></h1>\n<p>Step %" PRId64 " of %" PRId64 ", %.0f %%. ",
		r->recipe->name, r->step, r->steps, 100 * fv_run_done(r));
	if (r->stopped) {
		fprintf(f, "Stopped (%s): ", r->stopped);
		put_text(f, r->stopped_text);
		fputs(".", f);
	} else
		fputs("It is training; reload the page to see how it goes on.", f);
	if (r->dropped)
		fprintf(f, " %" PRId64 " steps were dropped.", r->dropped);
	fputs("</p>\n", f);
	put_metrics(p);
	put_sheets(p);
	put_curves(p, "Losses", &p->losses);
	put_curves(p, "Speed, and what previews show", &p->times);
	fv_status st = put_rates(err, p);
	put_watch(p);
	return st ? st : put_settings(err, p);
}

/* The page with what stands in it in place of its @NAMES@. */
static fv_status put_page(fv_err *err, page *p)
{
	unsigned char random[16];
	char nonce[2 * sizeof random + 1], name[300];
	fv_status st = FV_OK;
	/* Whatever got in between the tags cannot know it, so that no script of it would run. */
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return fv_fail(err, FV_E_INTERNAL, "report: the system gives no random numbers");
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(nonce + 2 * i, 3, "%02x", random[i]);
	for (const char *s = fv_report_page; *s && !st;) {
		const char *at = strchr(s, '@');
		fwrite(s, 1, at ? (size_t)(at - s) : strlen(s), p->out);
		if (!at)
			break;
		s = at + 1;
		if (!strncmp(s, "NONCE@", 6))
			fputs(nonce, p->out), s += 6;
		else if (!strncmp(s, "TITLE@", 6))
			put_text(p->out, base_name(p->r->folder, name, sizeof name)), s += 6;
		else if (!strncmp(s, "BODY@", 5))
			st = put_body(err, p), s += 5;
		else
			fputc('@', p->out);
	}
	return st;
}

fv_status fv_report_write(fv_err *err, fv_run *r)
{
	char path[FV_PATH_MAX], *text = NULL;
	size_t bytes = 0;
	fv_writer *w = NULL;
	page p = { .r = r, .steps = fv_max(1, r->step), .seen = json_array() };
	fv_status st = read_lines(err, &p, "stats.jsonl", &p.losses);
	if (!st)
		st = read_lines(err, &p, "metrics.jsonl", &p.measured);
	if (!st)
		st = read_lines(err, &p, "times.jsonl", &p.times);
	if (!st && !(p.out = open_memstream(&text, &bytes)))
		st = fv_fail_memory(err, "report", BUFSIZ);
	if (!st)
		st = put_page(err, &p);
	if (p.out && fclose(p.out) && !st)
		st = fv_fail_memory(err, "report", bytes);
	snprintf(path, sizeof path, "%s/report.html", r->folder);
	if (!st && !(st = fv_writer_open(err, r->context, path, &w))) {
		if ((st = fv_writer_put(err, w, text, bytes)))
			fv_writer_abort(w);
		else
			st = fv_writer_commit(err, w);
	}
	free(text);
	json_decref(p.seen);
	fv_free(r->context, p.losses.list);
	fv_free(r->context, p.measured.list);
	fv_free(r->context, p.times.list);
	return st;
}
