/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/eval_print.h"
#include <jansson.h>
#include <stdlib.h>

static const char *const titles[FV_ROWS] = { "painted", "photographs", "colour transfer", "band histograms", "real paintings" };

static json_t *real(double v) { return isfinite(v) ? json_real(v) : json_null(); }

static json_t *as_json(const fv_measures *m)
{
	return json_pack("{s:i, s:{s:o, s:[o,o,o,o]}, s:o, s:{s:o, s:o, s:o}, s:o, s:{s:o, s:o, "
	                 "s:o}, s:o, s:o}",
	                 "n", m->count, "swd", "mean", real(m->swd), "levels", real(m->level[0]),
	                 real(m->level[1]), real(m->level[2]), real(m->level[3]), "auc",
	                 real(m->auc), "lattice", "2", real(m->lattice[0]), "4",
	                 real(m->lattice[1]), "8", real(m->lattice[2]), "chroma", real(m->chroma),
	                 "lattice_input", "2", real(m->lattice_input[0]), "4",
	                 real(m->lattice_input[1]), "8", real(m->lattice_input[2]), "ssim",
	                 real(m->ssim), "corr", real(m->corr));
}

/* Of the first network by plain names; of the second under its own. */
static json_t *strokes_as_json(const fv_eval_report *r, const fv_yard_figures *f)
{
	json_t *j = json_pack("{s:i}", "n", f->count);
	for (int i = 0; i < r->rows.networks; i++) {
		const fv_likeness_figures *l = &f->by[i];
		json_t *seen =
			json_pack("{s:o, s:o, s:o, s:o, s:o}", "hand", real(l->view[FV_HAND]),
		                  "look", real(l->view[FV_LOOK]), "far", real(l->view[FV_FAR]),
		                  "near", real(l->near), "content", real(l->content));
		if (i)
			json_object_set_new(j, r->network[i], seen);
		else {
			json_object_update(j, seen);
			json_decref(seen);
		}
	}
	for (int k = 0; k < FV_FIGURES; k++) {
		char name[40];
		json_object_set_new(j, fv_figure_names[k], real(f->mean[k]));
		snprintf(name, sizeof name, "%s_off", fv_figure_names[k]);
		if (k < FV_OF_STROKES && f != &r->rows.art)
			json_object_set_new(j, name, real(f->off[k]));
	}
	return j;
}

static json_t *points_as_json(const fv_feature_figures *f)
{
	return json_pack("{s:o, s:o, s:i, s:i, s:o}", "kid", real(f->kid.mean), "kid_deviation",
	                 real(f->kid.deviation), "kid_subset", f->kid.subset, "kid_subsets",
	                 FV_KID_SUBSETS, "frechet", real(f->frechet));
}

/* Of the first network by plain names; of the second under its own. */
static json_t *features_as_json(const fv_eval_report *r, const fv_feature_row *f)
{
	json_t *j = json_object();
	for (int i = 0; i < r->rows.networks; i++) {
		json_t *own = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "network", r->network[i],
		                        "layer", FV_FEATURE_LAYER, "pooling", "mean", "numbers",
		                        r->rows.values[i], "n", f->count, "n_paintings",
		                        f->art_count);
		json_t *figures = points_as_json(&f->by[i]);
		json_object_update(own, figures);
		json_decref(figures);
		if (i)
			json_object_set_new(j, r->network[i], own);
		else {
			json_object_update(j, own);
			json_decref(own);
		}
	}
	return j;
}

static void add_features(const fv_eval_report *r, json_t *row, const fv_feature_row *f)
{
	if (f->count && r->rows.networks)
		json_object_set_new(row, "features", features_as_json(r, f));
	if (f->pairs)
		json_object_set_new(row, "lpips",
		                    json_pack("{s:s, s:s, s:i, s:o}", "version", "0.1", "trunk",
		                              r->rows.trunk, "n", f->pairs, "mean",
		                              real(f->lpips)));
}

fv_status fv_eval_print_json(fv_err *err, const fv_eval_report *r)
{
	json_t *all = json_object(), *shortfall = json_array();
	for (int i = 0; i < FV_ROWS; i++)
		if (r->rows.pixels[i].count) {
			json_t *row = as_json(&r->rows.pixels[i]);
			if (r->rows.strokes[i].count)
				json_object_set_new(row, "strokes",
				                    strokes_as_json(r, &r->rows.strokes[i]));
			add_features(r, row, &r->rows.features[i]);
			json_object_set_new(all, fv_row_names[i], row);
		}
	if (r->rows.art.count || r->rows.halves.count) {
		json_t *art = json_pack("{s:i}", "n", r->rows.art_count), *halves = json_object();
		if (r->rows.art.count)
			json_object_set_new(art, "strokes", strokes_as_json(r, &r->rows.art));
		add_features(r, halves, &r->rows.halves);
		if (json_object_size(halves))
			json_object_set(art, "half_against_half", halves);
		json_decref(halves);
		json_object_set_new(all, "paintings", art);
	}
	for (int i = 0; i < r->shortfalls; i++)
		json_array_append_new(shortfall,
		                      json_pack("{s:s, s:o, s:f, s:f}", "figure",
		                                r->shortfall[i].name, "value",
		                                real(r->shortfall[i].value), "low",
		                                r->shortfall[i].low, "high", r->shortfall[i].high));
	if (r->shortfalls)
		json_object_set(all, "short", shortfall);
	json_decref(shortfall);
	fv_status st = fv_out_json(err, all, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(all);
	return st;
}

/* Right-aligned, "-" for what there is none of. */
static const char *figure(char room[16], double v, int width, int digits)
{
	if (v == v)
		snprintf(room, 16, "%*.*f", width, digits, v);
	else
		snprintf(room, 16, "%*s", width, "-");
	return room;
}

static void likeness_row(const fv_eval_report *r, const char *title, const fv_yard_figures *f)
{
	char t[4][16];
	const fv_likeness_figures *l = f->by;
	fv_out("%-16s %4d %s %s %s %s", title, f->count, figure(t[0], l->view[FV_HAND], 6, 1),
	       figure(t[1], l->view[FV_LOOK], 6, 1), figure(t[2], l->view[FV_FAR], 6, 1),
	       figure(t[3], l->near, 5, 2));
	fv_out(" %s %s %s", figure(t[0], l->content, 7, 2), figure(t[1], f->mean[FV_GREY], 5, 1),
	       figure(t[2], f->mean[FV_SKIN], 5, 1));
	if (r->rows.networks > 1)
		fv_out("   %s %s %s", figure(t[0], l[1].view[FV_HAND], 6, 1),
		       figure(t[1], l[1].view[FV_LOOK], 6, 1),
		       figure(t[2], l[1].view[FV_FAR], 6, 1));
	fv_out("\n");
}

/* A figure, and how far it is off the paintings' in their deviations. */
static void stroke_row(const char *title, const fv_yard_figures *f, bool art)
{
	fv_out("%-16s %4d", title, f->count);
	for (int k = 0; k < FV_OF_STROKES; k++) {
		char t[16], off[16] = "";
		if (!art && f->off[k] == f->off[k])
			snprintf(off, sizeof off, "(%+.1f)", f->off[k]);
		fv_out(" %s %-7s", figure(t, f->mean[k], 6, 2), off);
	}
	fv_out("\n");
}

static void print_strokes(const fv_eval_report *r)
{
	fv_out("%-16s %4s %6s %6s %6s %5s %7s %5s %5s", "", "n", "hand", "look", "far", "near",
	       "content", "grey", "skin");
	if (r->rows.networks > 1)
		fv_out("   %6s %6s %6s by %s", "hand", "look", "far", r->network[1]);
	fv_out("\n");
	for (int i = 0; i < FV_ROWS; i++)
		if (r->rows.strokes[i].count)
			likeness_row(r, titles[i], &r->rows.strokes[i]);
	fv_out("\n%-16s %4s", "", "n");
	for (int k = 0; k < FV_OF_STROKES; k++)
		fv_out(" %6s %-7s", fv_figure_names[k], "");
	fv_out("\n");
	stroke_row("the paintings", &r->rows.art, true);
	for (int i = 0; i < FV_ROWS; i++)
		if (r->rows.strokes[i].count)
			stroke_row(titles[i], &r->rows.strokes[i], false);
	fv_out("\nBy %s. hand, look, far: distance from the paintings in grey, in colour, from afar,\n"
	       "%% of their own spread; lower is nearer. near: share of windows that lie among\n"
	       "paintings, not photographs. content: 1 is the same scene. grey, skin: colour put on\n"
	       "the photograph's greys, taken from its skin. coh: straightness, run: length, stroke:\n"
	       "width of strokes, grain: finest detail; in parentheses: off the paintings', in their\n"
	       "spread. docs/yardstick.md says more.\n\n",
	       r->network[0]);
}

static void print_pixels(const fv_eval_rows *rows)
{
	fv_out("%-16s %4s %6s %6s %6s %6s %6s   %s\n", "", "n", "SWD", "AUC", "SSIM", "corr",
	       "chroma", "lattice at 2, 4, 8 (input's)");
	for (int i = 0; i < FV_ROWS; i++) {
		const fv_measures *m = &rows->pixels[i];
		char t[11][16];
		if (!m->count)
			continue;
		fv_out("%-16s %4d %s %s %s %s %s   %s %s %s", titles[i], m->count,
		       figure(t[0], m->swd, 6, 1), figure(t[1], m->auc, 6, 3),
		       figure(t[2], m->ssim, 6, 3), figure(t[3], m->corr, 6, 3),
		       figure(t[4], m->chroma, 6, 3), figure(t[5], m->lattice[0], 4, 2),
		       figure(t[6], m->lattice[1], 4, 2), figure(t[7], m->lattice[2], 4, 2));
		if (m->lattice_input[0] == m->lattice_input[0])
			fv_out(" (%s %s %s)", figure(t[8], m->lattice_input[0], 4, 2),
			       figure(t[9], m->lattice_input[1], 4, 2),
			       figure(t[10], m->lattice_input[2], 4, 2));
		fv_out("\n");
	}
	fv_out("\nCompared with %d paintings. SWD: distance of patches, lower is nearer. AUC: how "
	       "well a judge tells patches from the\n"
	       "paintings': 0.5 not at all, 1 always. SSIM, corr: what is kept of the photograph. "
	       "chroma: the paintings' is 1.\n"
	       "lattice: 1 is none; noise below 30 pictures. Every figure moves with n: compare "
	       "equal n only.\n",
	       rows->art_count);
}

/* By its four digits: its scale is the features' to the sixth power. */
static const char *four(char room[16], double v, int width)
{
	if (v == v)
		snprintf(room, 16, "%*.4g", width, v);
	else
		snprintf(room, 16, "%*s", width, "-");
	return room;
}

static void point_row(const fv_eval_report *r, const char *title, const fv_feature_row *f)
{
	char t[3][16];
	fv_out("%-16s %4d %9d", title, f->count, f->art_count);
	for (int i = 0; i < r->rows.networks; i++) {
		char spread[20] = "";
		if (isfinite(f->by[i].kid.deviation))
			snprintf(spread, sizeof spread, "(%.3g)", f->by[i].kid.deviation);
		fv_out("   %s %-10s %s", four(t[0], f->by[i].kid.mean, 8), spread,
		       four(t[1], f->by[i].frechet, 8));
	}
	if (r->rows.trunk)
		fv_out("   %s", figure(t[2], f->lpips, 6, 3));
	fv_out("\n");
}

static void print_points(const fv_eval_report *r)
{
	const fv_eval_rows *rows = &r->rows;
	fv_out("\n%-16s %4s %9s", "", "n", "paintings");
	for (int i = 0; i < rows->networks; i++)
		fv_out("   %8s %-10s %8s", "KID", "", "Frechet");
	fv_out("%s\n", rows->trunk ? "    LPIPS" : "");
	for (int i = 0; i < FV_ROWS; i++)
		if (rows->features[i].count)
			point_row(r, titles[i], &rows->features[i]);
	if (rows->halves.count && rows->networks)
		point_row(r, "half and half", &rows->halves);
	fv_out("\n");
	if (rows->networks) {
		fv_out("KID, Frechet: distance from the paintings of pictures as points, ");
		for (int i = 0; i < rows->networks; i++)
			fv_out("%sthe %d numbers of %s's " FV_FEATURE_LAYER, i ? " and\n" : "",
			       rows->values[i], r->network[i]);
		fv_out(": no FID or KID of Inception's compares with them. In parentheses:\n"
		       "deviation over %d subsets of %d. half and half: the paintings' one half "
		       "against the other, the floor at that n.\n",
		       FV_KID_SUBSETS, rows->features[FV_ROW_PAINTED].by[0].kid.subset);
		if (fv_min(rows->features[FV_ROW_PAINTED].count, rows->art_count) <= rows->values[0])
			fv_out("With no more than %d pictures on a side the Frechet distance says "
			       "mostly how few there are: read KID.\n",
			       rows->values[0]);
	}
	if (rows->trunk)
		fv_out("LPIPS 0.1 by %s, of the squares of %d photographs and paintings: 0 is the "
		       "same picture.\n",
		       rows->trunk, rows->features[FV_ROW_PAINTED].pairs);
}

void fv_eval_print(const fv_eval_report *r)
{
	if (r->rows.networks)
		print_strokes(r);
	print_pixels(&r->rows);
	if (r->rows.networks || r->rows.trunk)
		print_points(r);
	for (int i = 0; i < r->shortfalls; i++)
		fv_out("short: %s %.2f, not in %g..%g\n", r->shortfall[i].name,
		       r->shortfall[i].value, r->shortfall[i].low, r->shortfall[i].high);
}
