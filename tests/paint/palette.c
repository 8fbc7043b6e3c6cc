/* SPDX-License-Identifier: Apache-2.0 */
/* palette MODEL: a painting in the photograph's colours, in its own, and in a palette's;
 * palettes that lie in a file. */
#include "paint/paint.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLOURS 300
#define MOST 400 /* pixels a side */
static uint8_t photo[MOST * MOST * 3], half[MOST * MOST * 3], other[MOST * MOST * 3];

typedef struct {
	int64_t w, h;
	float strokes;
	int threads;
} size;

/* Hills of two colours with a sharp ridge and some grain; nothing near black or white, where
 * strokes are cut off. */
static void draw(const size *s)
{
	for (int64_t y = 0; y < s->h; y++)
		for (int64_t x = 0; x < s->w; x++)
			for (int k = 0; k < 3; k++) {
				double u = (double)x / (double)s->w, v = (double)y / (double)s->h,
				       sky = v < 0.4 + 0.15 * sin(7 * u) ? 1 : 0;
				double base = sky * (110 + 20 * k + 40 * v) +
					      (1 - sky) * (90 + (k == 1 ? 40 : 0) +
							   30 * sin(9 * u + k) * v);
				photo[(y * s->w + x) * 3 + k] =
					(uint8_t)(base +
						  (double)((x * 7919 + y * 104729 + k * 31) % 13));
			}
}

static fv_status paint(fv_err *err, const char *path, const size *s, float palette, size_t known,
		       uint8_t (*colour)[3], int colours, uint8_t *result)
{
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_pixels in = { s->w, s->h, 3, 8, s->w * 3, photo }, out = in;
	fv_paint_options o = FV_PAINT_DEFAULTS;
	o.size = known;
	o.palette = palette;
	o.strokes = s->strokes;
	out.data = result;
	fv_status st = fv_context_new(
		err,
		&(fv_context_options){ .size = sizeof(fv_context_options), .threads = s->threads },
		&c);
	if (!st && !(st = fv_model_open(err, c, path, &m))) {
		if (colours) {
			m->colours = colours;
			memcpy(m->palette, colour, (size_t)colours * 3);
		}
		st = fv_paint(err, m, &in, &o, &out);
	}
	fv_model_free(m);
	fv_context_free(c);
	return st;
}

/* ------------------------------------------------------------------ coarse colours */
/* Gaussian of a thirtieth of the longer side, at each eighth pixel. Returns how many. */
static int64_t coarse(const uint8_t *p, const size *s, double (*to)[3])
{
	double sigma = (double)(s->w > s->h ? s->w : s->h) / 30;
	int64_t reach = (int64_t)(3 * sigma), n = 0;
	for (int64_t y = 4; y < s->h; y += 8)
		for (int64_t x = 4; x < s->w; x += 8, n++) {
			double sum[4] = { 0 };
			for (int64_t r = fv_max(0, y - reach); r <= fv_min(y + reach, s->h - 1);
			     r++)
				for (int64_t q = fv_max(0, x - reach);
				     q <= fv_min(x + reach, s->w - 1); q++) {
					int64_t at = (r * s->w + q) * 3;
					double weight = exp(
						-(double)((r - y) * (r - y) + (q - x) * (q - x)) /
						(2 * sigma * sigma));
					for (int k = 0; k < 3; k++)
						sum[k] += weight * p[at + k];
					sum[3] += weight;
				}
			for (int k = 0; k < 3; k++)
				to[n][k] = sum[k] / sum[3];
		}
	return n;
}

static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Sliced distance of two sets of colours: root of the mean square between their quantiles, over
 * directions. */
static double apart(double (*a)[3], int64_t n, uint8_t (*b)[3], int m)
{
	enum { DIRECTIONS = 31, QUANTILES = 64 };
	double *x = malloc((size_t)n * sizeof *x), *y = malloc((size_t)m * sizeof *y), sum = 0;
	for (int d = 0; d < DIRECTIONS && x && y; d++) {
		double z = (d + 0.5) / DIRECTIONS, r = sqrt(1 - z * z), t = 2.399963 * d;
		for (int64_t i = 0; i < n; i++)
			x[i] = r * cos(t) * a[i][0] + r * sin(t) * a[i][1] + z * a[i][2];
		for (int i = 0; i < m; i++)
			y[i] = r * cos(t) * b[i][0] + r * sin(t) * b[i][1] + z * b[i][2];
		qsort(x, (size_t)n, sizeof *x, rising);
		qsort(y, (size_t)m, sizeof *y, rising);
		for (int q = 0; q < QUANTILES; q++) {
			double e = x[(int64_t)((q + 0.5) / QUANTILES * (double)n)] -
				   y[(int)((q + 0.5) / QUANTILES * m)];
			sum += e * e / (DIRECTIONS * QUANTILES);
		}
	}
	free(x);
	free(y);
	return sqrt(sum);
}

static double most_apart(double (*a)[3], double (*b)[3], int64_t n)
{
	double most = 0;
	for (int64_t i = 0; i < 3 * n; i++)
		most = fmax(most, fabs(a[i / 3][i % 3] - b[i / 3][i % 3]));
	return most;
}

/* How much of one picture's fine detail is the other's: correlation of what is left without the
 * means of 8x8 pixels. */
static double alike(const uint8_t *a, const uint8_t *b, const size *s)
{
	double aa = 0, bb = 0, ab = 0;
	for (int64_t y = 0; y + 8 <= s->h; y += 8)
		for (int64_t x = 0; x + 8 <= s->w; x += 8)
			for (int k = 0; k < 3; k++) {
				double ma = 0, mb = 0;
				for (int pass = 0; pass < 2; pass++)
					for (int64_t i = 0; i < 64; i++) {
						int64_t at =
							((y + i / 8) * s->w + x + i % 8) * 3 + k;
						if (!pass)
							ma += a[at] / 64.0, mb += b[at] / 64.0;
						else
							aa += (a[at] - ma) * (a[at] - ma),
								bb += (b[at] - mb) * (b[at] - mb),
								ab += (a[at] - ma) * (b[at] - mb);
					}
			}
	return ab / sqrt(aa * bb + 1e-9);
}

/* ------------------------------------------------------------------ */
/* From blue over green to ochre. */
static void ochres(uint8_t palette[COLOURS][3])
{
	for (int i = 0; i < COLOURS; i++) {
		double u = fmod(i * 0.618034, 1), v = fmod(i * 0.754878, 1);
		double w = fmod(i * 0.569840, 1);
		palette[i][0] = (uint8_t)(40 + 160 * u + 30 * v);
		palette[i][1] = (uint8_t)(70 + 80 * u + 40 * w);
		palette[i][2] = (uint8_t)(150 - 110 * u + 50 * v * w);
	}
}

static uint8_t byte(float v)
{
	return (uint8_t)(fminf(fmaxf((v + 1) * 127.5f, 0), 255) + 0.5f);
}

/* A painting as one would like it: the photograph in other colours, which swing more widely than
 * it, under strokes of 8 pixels. The functions themselves, in rows longer than the picture. */
static void turned(const char *model, const size *s, float palette)
{
	static double painted[MOST * MOST / 64][3], of_photo[MOST * MOST / 64][3];
	uint8_t colour[COLOURS][3];
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_palette *p = NULL;
	int64_t stride = s->w + 8, n;
	float *x = malloc((size_t)(stride * s->h * 3) * sizeof *x),
	      *y = malloc((size_t)(stride * s->h * 3) * sizeof *y);
	draw(s);
	ochres(colour);
	for (int64_t r = 0; r < s->h; r++)
		for (int64_t q = 0; q < stride; q++)
			for (int k = 0; k < 3; k++) {
				int64_t i = (r * stride + q) * 3;
				const uint8_t *at = photo + (r * s->w + fv_min(q, s->w - 1)) * 3;
				x[i + k] = q < s->w ? (float)at[k] / 127.5f - 1 : NAN;
				y[i + k] =
					q < s->w ? (float)(0.9 * x[i + k] - 0.15 * (k - 1) +
							   0.12 * sin((double)r / 60 + k) +
							   0.1 * sin((double)(q + 2 * r) * 0.8 + k))
						 : NAN;
				if (q < s->w)
					half[(r * s->w + q) * 3 + k] = byte(y[i + k]);
			}
	if (fv_context_new(&err,
			   &(fv_context_options){ .size = sizeof(fv_context_options),
						  .threads = s->threads },
			   &c) ||
	    fv_model_open(&err, c, model, &m)) {
		check(false, "%s", err.text);
		return;
	}
	m->colours = COLOURS;
	memcpy(m->palette, colour, sizeof colour);
	fv_status st = fv_palette_new(&err, m, palette, s->h, s->w, &p);
	if (!st && !(st = fv_palette_look(&err, p, x, stride)))
		st = fv_palette_turn(&err, p, y, stride);
	check(!st, "%s", err.text);
	for (int64_t i = 0; i < s->w * s->h * 3; i++)
		other[i] = byte(y[i / 3 / s->w * stride * 3 + i % (s->w * 3)]);
	n = coarse(half, s, painted);
	coarse(photo, s, of_photo);
	double before = palette > 0.5f ? apart(painted, n, colour, COLOURS)
				       : most_apart(painted, of_photo, n),
	       after;
	coarse(other, s, painted);
	after = palette > 0.5f ? apart(painted, n, colour, COLOURS)
			       : most_apart(painted, of_photo, n);
	double kept = alike(half, other, s);
	if (palette > 0.5f)
		check(before > 3 * after, "%dx%d: the palette is %.2f away before and %.2f after",
		      (int)s->w, (int)s->h, before, after);
	else
		check(after <= 2 && before > 20,
		      "%dx%d: coarse colours are %.2f of 255 from the photograph's, %.2f before",
		      (int)s->w, (int)s->h, after, before);
	check(kept > 0.95, "%dx%d: strokes are alike by %.3f", (int)s->w, (int)s->h, kept);
	fv_palette_free(p);
	fv_model_free(m);
	fv_context_free(c);
	free(x);
	free(y);
}

static void colours_of(const char *model, const size *s)
{
	static double of_photo[MOST * MOST / 64][3], painted[MOST * MOST / 64][3];
	static uint8_t again[MOST * MOST * 3];
	uint8_t palette[COLOURS][3];
	fv_err err = { 0 };
	size_t bytes = (size_t)(s->w * s->h * 3), known = sizeof(fv_paint_options),
	       before = offsetof(fv_paint_options, palette);
	size one = *s;
	one.threads = 1;
	ochres(palette);
	draw(s);
	if (!check(!paint(&err, model, s, 0.5f, known, palette, COLOURS, half), "%s", err.text))
		return;
	check(!paint(&err, model, s, 0.9f, before, NULL, 0, other) && !memcmp(half, other, bytes),
	      "a caller that knows of no palette gets another picture: %s", err.text);

	/* Random weights paint wildly, over black and white, where values are cut off. */
	check(!paint(&err, model, s, 0, known, NULL, 0, other), "%s", err.text);
	int64_t n = coarse(photo, s, of_photo);
	coarse(half, s, painted);
	double far = most_apart(painted, of_photo, n);
	coarse(other, s, painted);
	double near = most_apart(painted, of_photo, n);
	check(near < far / 4,
	      "%dx%d: at 0 coarse colours are %.2f of 255 from the photograph's, %.2f at 0.5",
	      (int)s->w, (int)s->h, near, far);
	check(!paint(&err, model, &one, 0, known, NULL, 0, again) && !memcmp(other, again, bytes),
	      "at 0 one thread paints another picture");

	check(!paint(&err, model, s, 1, known, palette, COLOURS, other), "%s", err.text);
	coarse(half, s, painted);
	far = apart(painted, n, palette, COLOURS);
	coarse(other, s, painted);
	near = apart(painted, n, palette, COLOURS);
	check(near < far / 2, "%dx%d: the palette is %.2f away at 0.5 and %.2f at 1", (int)s->w,
	      (int)s->h, far, near);
	check(!paint(&err, model, &one, 1, known, palette, COLOURS, again) &&
		      !memcmp(other, again, bytes),
	      "at 1 one thread paints another picture");

	memset(other, 7, bytes);
	check(paint(&err, model, s, 0.51f, known, NULL, 0, other) == FV_E_ARGUMENT &&
		      strstr(err.text, "palette") && other[0] == 7,
	      "no palette, and 0.51 is painted: %s", err.text);
	check(paint(&err, model, s, NAN, known, palette, COLOURS, other) == FV_E_ARGUMENT &&
		      other[0] == 7,
	      "a palette of NaN is painted");
}

static bool asked(void *user) { return *(bool *)user; }

/* Stopped between looking and turning; and the memory that it takes counts. */
static void refused(const char *model)
{
	enum { W = 64, H = 48 };
	static float y[W * H * 3], x[W * H * 3];
	bool stop = false;
	fv_context_options how = { .size = sizeof how, .cancelled = asked };
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_palette *p = NULL;
	how.cancelled_user = &stop;
	if (!check(!fv_context_new(&err, &how, &c) && !fv_model_open(&err, c, model, &m) &&
			   !fv_palette_new(&err, m, 0, H, W, &p),
		   "%s", err.text))
		return;
	check(!fv_palette_look(&err, p, x, W), "%s", err.text);
	stop = true;
	check(fv_palette_turn(&err, p, y, W) == FV_E_CANCELLED && err.text[0],
	      "goes on when told to stop");
	stop = false;
	fv_palette_free(p);
	fv_pixels in = { W, H, 3, 8, W * 3, photo }, out = in;
	fv_paint_options o = FV_PAINT_DEFAULTS;
	o.strokes = 0.2f;
	out.data = other;
	o.max_memory = 1300000;
	check(!fv_paint(&err, m, &in, &o, &out), "in little memory: %s", err.text);
	o.palette = 0;
	check(fv_palette_bytes(c, H, W) > o.max_memory / 2 &&
		      fv_paint(&err, m, &in, &o, &out) == FV_E_MEMORY,
	      "the palette's %d bytes are not counted", (int)fv_palette_bytes(c, H, W));
	o.max_memory += fv_palette_bytes(c, H, W);
	check(!fv_paint(&err, m, &in, &o, &out), "in little memory, counted: %s", err.text);
	fv_model_free(m);
	fv_context_free(c);
}

/* Writes the model with a palette, and opens it. */
static fv_status with(fv_err *err, fv_context *c, fv_model *m, json_t *palette, int *colours)
{
	char path[] = "/tmp/fauve-palette-XXXXXX";
	fv_model *read = NULL;
	int fd = mkstemp(path);
	json_t *about = json_pack("{s:o}", "palette", palette);
	fv_status st =
		fd < 0 ? FV_E_WRITE
		       : fv_model_write(err, c, path, m->store, "", m->family, m->config, about);
	if (!st && !(st = fv_model_open(err, c, path, &read)))
		*colours = read->colours;
	fv_model_free(read);
	json_decref(about);
	if (fd >= 0)
		close(fd);
	unlink(path);
	return st;
}

static void files(const char *path)
{
	static char text[6 * 2000 + 1];
	static const struct {
		const char *what;
		size_t length;
		const char *end;
	} lies[] = {
		{ "none", 0, "" },
		{ "too few", 6 * 15, "" },
		{ "too many", 6 * 513, "" },
		{ "half a colour", 6 * 20 + 3, "" },
		{ "no digit", 6 * 20, "00000g" },
		{ "capitals", 6 * 20, "ABCDEF" },
		{ "spaces", 6 * 20, " 1 2 3" },
		{ "not ASCII", 6 * 20, "\xc3\xa4\xc3\xa4\xc3\xa4" },
	};
	uint8_t colour[512][3];
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_model *m = NULL;
	int colours = 0;
	if (!check(!fv_context_new(&err, NULL, &c) && !fv_model_open(&err, c, path, &m), "%s",
		   err.text))
		return;
	for (int i = 0; i < 512 * 3; i++)
		colour[i / 3][i % 3] = (uint8_t)(i * 37);
	check(!with(&err, c, m, fv_colours_json(colour, 512), &colours) && colours == 512,
	      "512 colours: %s", err.text);
	check(!with(&err, c, m, fv_colours_json(colour, 16), &colours) && colours == 16,
	      "16 colours: %s", err.text);
	for (size_t i = 0; i < FV_COUNT(lies); i++) {
		memset(text, '7', sizeof text - 1);
		text[lies[i].length] = 0;
		strcpy(text + lies[i].length - strlen(lies[i].end), lies[i].end);
		check(with(&err, c, m, json_string(text), &colours) == FV_E_FORMAT &&
			      strstr(err.text, "palette"),
		      "a palette of %s is taken: %s", lies[i].what, err.text);
	}
	check(with(&err, c, m, json_integer(7), &colours) == FV_E_FORMAT,
	      "a palette of 7 is taken");
	check(with(&err, c, m, json_null(), &colours) == FV_E_FORMAT, "a palette of null is taken");
	memset(text, '7', sizeof text - 1);
	text[6] = 0;
	check(with(&err, c, m, json_stringn(text, 6 * 20), &colours) == FV_E_FORMAT,
	      "a palette with a zero byte is taken");
	fv_model_free(m);
	fv_context_free(c);
}

int main(int argc, char **argv)
{
	/* At its own size, padded; on a larger canvas; on a smaller one; narrow. */
	static const size list[] = { { 331, 250, 0.06f, 3 },
				     { 240, 320, 0.02f, 3 },
				     { 400, 300, 0.4f, 2 },
				     { 40, 390, 0.06f, 3 } };
	if (argc != 2) {
		fprintf(stderr, "usage: palette MODEL\n");
		return 2;
	}
	for (size_t i = 0; i < FV_COUNT(list); i++)
		colours_of(argv[1], &list[i]), turned(argv[1], &list[i], 0);
	/* In the last one neighbours are few: it is moved less. */
	for (size_t i = 0; i + 1 < FV_COUNT(list); i++)
		turned(argv[1], &list[i], 1);
	refused(argv[1]);
	files(argv[1]);
	return finish("palette");
}
