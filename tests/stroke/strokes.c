/* SPDX-License-Identifier: Apache-2.0 */
/* strokes GOLDEN: the fields of src/stroke against those of golden.py, which made the file, each
 * way that this processor can go; and what must hold for any picture. */
#include "model/safetensors.h"
#include "stroke/stroke.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>

#define H 128
#define W 192
#define EVERY 8                         /* rows of the golden file */

static float x[H * W * 3], directions[H * W * 2];
static const char *sets[] = { "ref", "plain", "avx2", "avx512" };

static fv_context *context(const char *isa, int threads, bool (*cancelled)(void *), void *user)
{
	fv_context *c = NULL;
	fv_err err;
	fv_context_options o = { .size = sizeof o, .threads = threads, .isa = isa,
	                         .cancelled = cancelled, .cancelled_user = user };
	check(!fv_context_new(&err, &o, &c), "context: %s", err.text);
	return c;
}

/* Other defaults shall not need another file. */
static fv_stroke_options options(void)
{
	return (fv_stroke_options){ .scale = 1, .brush = { 8, 4, 2 }, .brushes = 3, .broad = 1,
	                            .length = 4, .bristle = 1.5, .detail = 0.5, .seed = 7 };
}

/* Of |a - b|: the mean, the 99.9th of a hundred, the largest. */
typedef struct { double mean, most, all; } distance;
static int by_size(const void *a, const void *b)
{
	return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b);
}
static distance apart(const float *a, const float *b, int64_t n)
{
	float *d = malloc((size_t)n * sizeof *d);
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		sum += d[i] = fabsf(a[i] - b[i]);
	qsort(d, (size_t)n, sizeof *d, by_size);
	distance r = { sum / (double)n, d[n - 1 - n / 1000], d[n - 1] };
	free(d);
	return r;
}

/* Directions: degrees between them. Made at reduced sizes, fields differ where the flow has a
 * singular point, by a whole turn in it. */
static void same_way(const char *what, const char *isa, const float *a, const float *b, int64_t n,
                     double mean, double most)
{
	float *degrees = malloc((size_t)n * sizeof *degrees);
	float *zero = calloc((size_t)n, sizeof *zero);
	for (int64_t i = 0; i < n; i++)
		degrees[i] = (float)(180 / 3.14159265358979 *
		                     asin(fmin(1, fabs((double)a[2 * i] * b[2 * i + 1] -
		                                       (double)a[2 * i + 1] * b[2 * i]))));
	distance d = apart(degrees, zero, n);
	check(d.mean <= mean && d.most <= most,
	      "%s, %s: mean %.2g degrees, 99.9%% %.2g, largest %.2g; bounds %.2g, %.2g", what, isa,
	      d.mean, d.most, d.all, mean, most);
	if (getenv("VERBOSE"))
		printf("%s, %s: mean %.2g degrees, 99.9%% %.2g, largest %.2g\n", what, isa, d.mean,
		       d.most, d.all);
	free(degrees);
	free(zero);
}

/* Pixels: the share of which all channels are within `most`. Where a dab ends, and rarely whether
 * one is laid, a rounding may decide. */
static void alike(const char *what, const float *a, const float *b, int64_t n, int channels,
                  double most, double least)
{
	int64_t same = 0;
	for (int64_t i = 0; i < n; i++) {
		bool off = false;
		for (int64_t k = i * channels; k < (i + 1) * channels; k++)
			off |= !(fabsf(a[k] - b[k]) <= most);
		same += !off;
	}
	double share = (double)same / (double)n;
	check(share >= least, "%s: %.3f%% of the pixels are within %g; bound %.3f%%", what,
	      100 * share, most, 100 * least);
	if (getenv("VERBOSE"))
		printf("%s: %.3f%% of the pixels are within %g\n", what, 100 * share, most);
}

/* Rows of ours that the file has. `bound`: the least share of pixels that are alike; for the flow
 * the most degrees that they are apart. */
static void golden(const fv_safetensors *f, const char *what, const char *isa, const float *ours,
                   int channels, double bound)
{
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, what)) {
			static float rows[H * W * 4];
			const float *theirs = fv_f32(f->entry[i].tensor);
			int64_t n = (int64_t)W * channels;
			for (int64_t y = 0; y < H; y += EVERY)
				memcpy(rows + y / EVERY * n, ours + y * n,
				       (size_t)n * sizeof(float));
			if (!check(fv_elements(f->entry[i].tensor.shape) == H / EVERY * n,
			           "%s has another size", what))
				return;
			if (!strcmp(what, "flow"))
				same_way(what, isa, rows, theirs, H / EVERY * W, bound, 30 * bound);
			else
				alike(what, rows, theirs, H / EVERY * W, channels, 2e-3, bound);
			return;
		}
	check(false, "no %s in the file", what);
}

static void make(void)
{
	for (int y = 0; y < H; y++)
		for (int q = 0; q < W; q++) {
			double angle = 1.1 * sin(q / 23.0) + 0.9 * cos(y / 19.0 + q / 57.0);
			double sign = cos(angle) < 0 ? -1 : 1;
			directions[2 * (y * W + q)] = (float)(sign * cos(angle));
			directions[2 * (y * W + q) + 1] = (float)(sign * sin(angle));
		}
}

static void flow_of_file(const fv_safetensors *f, const char *isa)
{
	static float v[H * W * 2];
	fv_context *c = context(isa, 2, NULL, NULL);
	fv_err err = { 0 };
	const fv_stroke_options o = options();
	check(!fv_stroke_flow(&err, c, x, H, W, &o, v), "flow: %s", err.text);
	golden(f, "flow", isa, v, 2, strcmp(isa, "ref") ? 0.5 : 0.01);
	fv_context_free(c);
}

/* These are the same whatever the processor has. */
static void rest_of_file(const fv_safetensors *f)
{
	static float y[H * W * 3], z[H * W * 4];
	fv_context *c = context(NULL, 2, NULL, NULL);
	fv_err err = { 0 };
	const double finer[] = { 12, 6, 3, 1.5 };
	fv_stroke_options o = options();
	memcpy(o.brush, finer, sizeof finer);
	o.brushes = 4;
	check(!fv_stroke_dabs(&err, c, x, directions, H, W, &o, y, z), "dabs: %s", err.text);
	golden(f, "under", "any set", y, 3, 0.997);
	golden(f, "marks", "any set", z, 4, 0.997);
	o = options(), o.broad = 1.7, o.detail = 0.9;
	check(!fv_stroke_dabs(&err, c, x, directions, H, W, &o, y, z), "dabs: %s", err.text);
	golden(f, "under broad", "any set", y, 3, 0.997);
	golden(f, "marks broad", "any set", z, 4, 0.997);
	check(!fv_stroke_flat(&err, c, x, directions, H, W, &o, 3, 0.22, y), "flat: %s", err.text);
	golden(f, "flat", "any set", y, 3, 0.997);
	check(!fv_stroke_lines(&err, c, x, directions, H, W, &o, y), "lines: %s", err.text);
	golden(f, "lines", "any set", y, 1, 0.997);
	fv_context_free(c);
}

static bool at_once(void *user) { return true; }

/* The same bits at 1, 2 and 3 threads; a word where there is none to be given. */
static void threads(const char *isa, fv_medium medium)
{
	static float v[3][H * W * 2], y[3][H * W * 3], z[3][H * W * 4];
	fv_stroke_options o = fv_stroke_default();
	fv_err err = { 0 };
	o.medium = medium;
	for (int i = 0; i < 3; i++) {
		fv_context *c = context(isa, i + 1, NULL, NULL);
		check(!fv_stroke_prepare(&err, c, x, H, W, &o, NULL, v[i], y[i], z[i]),
		      "prepare: %s", err.text);
		fv_context_free(c);
		check(!memcmp(v[0], v[i], sizeof v[0]) && !memcmp(y[0], y[i], sizeof y[0]) &&
		      !memcmp(z[0], z[i], sizeof z[0]),
		      "%s, %s: %d threads give other bits than one", isa,
		      fv_medium_name[medium], i + 1);
	}
	fv_context *c = context(isa, 2, at_once, NULL);
	check(fv_stroke_prepare(&err, c, x, H, W, &o, NULL, v[1], y[1], z[1]) ==
	      FV_E_CANCELLED, "%s: not cancelled", isa);
	check(fv_stroke_dabs(&err, c, x, v[0], H, W, NULL, y[1], z[1]) == FV_E_CANCELLED,
	      "%s: dabs are not cancelled", isa);
	fv_context_free(c);
}

/* Whether two pixels are of the same dab: its three numbers are. */
static bool same_dab(const float *a, const float *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/* The picture enlarged three times, with scale 3 and broad 3: the same flow, the same dabs
 * enlarged. */
static void enlarged(const char *isa)
{
	enum { S = 3 };
	static float big[S * S * H * W * 3], vb[S * S * H * W * 2], yb[S * S * H * W * 3];
	static float zb[S * S * H * W * 4], v[H * W * 2], under[H * W * 3], z[H * W * 4];
	fv_context *c = context(isa, 2, NULL, NULL);
	fv_err err = { 0 };
	fv_stroke_options o = options();
	o.wander = 0.12;
	for (int y = 0; y < S * H; y++)
		for (int q = 0; q < S * W; q++) {
			double sy = fmax(0, fmin(H - 1, (y + 0.5) / S - 0.5));
			double sx = fmax(0, fmin(W - 1, (q + 0.5) / S - 0.5)), fy = sy - floor(sy);
			double fx = sx - floor(sx);
			int y0 = (int)sy, x0 = (int)sx, y1 = y0 < H - 1 ? y0 + 1 : y0;
			int x1 = x0 < W - 1 ? x0 + 1 : x0;
			for (int k = 0; k < 3; k++)
				big[(y * S * W + q) * 3 + k] = (float)(
					(1 - fy) * ((1 - fx) * x[(y0 * W + x0) * 3 + k] +
					            fx * x[(y0 * W + x1) * 3 + k]) +
					fy * ((1 - fx) * x[(y1 * W + x0) * 3 + k] +
					      fx * x[(y1 * W + x1) * 3 + k]));
		}
	check(!fv_stroke_prepare(&err, c, x, H, W, &o, NULL, v, under, z), "prepare: %s",
	      err.text);
	o.scale = o.broad = S;
	check(!fv_stroke_prepare(&err, c, big, S * H, S * W, &o, NULL, vb, yb, zb),
	      "prepare: %s", err.text);
	double way = 0, dabs = 0;
	for (int y = 0; y < H; y++)
		for (int q = 0; q < W; q++) {
			int64_t i = y * W + q, j = (S * y + S / 2) * S * W + S * q + S / 2;
			double dot = (double)v[2 * i] * vb[2 * j] +
			             (double)v[2 * i + 1] * vb[2 * j + 1];
			/* This is the cosine of twice the angle between the two. */
			way += (2 * dot * dot - 1) / (H * W);
			dabs += same_dab(z + 4 * i, zb + 4 * j) / (double)(H * W);
		}
	check(way > 0.97, "%s: the enlarged picture's flow agrees by %.3f", isa, way);
	check(dabs > 0.86, "%s: of the enlarged picture's pixels %.3f have the same dab", isa,
	      dabs);
	if (getenv("VERBOSE"))
		printf("enlarged, %s: flow %.4f, dabs %.4f\n", isa, way, dabs);
	fv_context_free(c);
}

/* The k-th allocation fails, for every k. */
typedef struct { int64_t calls, fail_at, live; } counter;
static void *counted_alloc(void *user, size_t bytes, size_t align)
{
	counter *n = user;
	if (++n->calls == n->fail_at)
		return NULL;
	void *p = aligned_alloc(align, bytes);
	if (p)
		memset(p, 0xa5, bytes), n->live++;
	return p;
}
static void counted_free(void *user, void *p)
{
	((counter *)user)->live -= p != NULL;
	free(p);
}

static void no_memory(const char *isa, fv_medium medium)
{
	static float v[H * W * 2], y[H * W * 3], z[H * W * 4], lines[H * W];
	for (int64_t k = 1, calls = 1; k <= calls; k++) {
		counter n = { 0 };
		fv_allocator a = { counted_alloc, counted_free, &n };
		fv_context *c = NULL;
		fv_err err = { 0 };
		check(!fv_context_new(&err, &(fv_context_options){
			.size = sizeof(fv_context_options), .threads = 2, .isa = isa,
			.allocator = &a
		}, &c), "%s", err.text);
		int64_t live = n.live;
		n.calls = 0, n.fail_at = k;
		fv_stroke_options o = fv_stroke_default();
		o.scale = 1.5;
		o.medium = medium;
		fv_status st = fv_stroke_prepare(&err, c, x, 32, 48, &o,
		                                 &(fv_stroke_drawing){ x, 4, 4 }, v, y, z);
		if (!st)
			st = fv_stroke_flat(&err, c, x, v, 32, 48, &o, 1, 0.22, y);
		if (!st)
			st = fv_stroke_lines(&err, c, x, v, 32, 48, &o, lines);
		check(n.live == live, "%s: allocation %d fails: %d pieces of memory are lost", isa,
		      (int)k, (int)(n.live - live));
		check(n.calls < k ? !st : st == FV_E_MEMORY,
		      "%s: allocation %d of %d fails: status %d, '%s'",
		      isa, (int)k, (int)n.calls, st, err.text);
		calls = n.calls < k ? k : k + 1;
		fv_context_free(c);
	}
}

/* What must hold for any picture's print. */
static void printed(void)
{
	static float v[H * W * 2], y[H * W * 3], z[H * W * 4], even[H * W * 3];
	fv_context *c = context(NULL, 2, NULL, NULL);
	fv_err err = { 0 };
	fv_stroke_options o = fv_stroke_default();
	o.medium = FV_MEDIUM_PRINT;
	int wrong = 0, drawn = 0;
	double inked = 0, texture = 0;
	check(!fv_stroke_prepare(&err, c, x, H, W, &o, NULL, v, y, z), "prepare: %s", err.text);
	for (int64_t i = 0; i < H * W; i++) {
		const float *m = z + 4 * i;
		for (int k = 0; k < FV_STROKE_MARKS; k++)
			wrong += !(fabsf(m[k]) <= 1);
		inked += m[0] > 0 || m[1] > 0;
		texture += fabs(m[3]) / (H * W);
	}
	check(!wrong, "%d marks are beyond 1", wrong);
	check(inked > 0.01 * H * W && inked < 0.5 * H * W, "%g of %d pixels are lines", inked, H * W);
	check(texture > 0.02, "of its texture %g is left", texture);
	/* Nothing is drawn where nothing is. */
	for (int64_t i = 0; i < H * W * 3; i++)
		even[i] = 0.25f * (float)(i % 3);
	check(!fv_stroke_prepare(&err, c, even, H, W, &o, NULL, v, y, z), "even: %s", err.text);
	check(apart(even, y, H * W * 3).most < 1e-5, "an even picture comes out uneven");
	for (int64_t i = 0; i < H * W; i++)
		drawn += !(z[4 * i] < -0.99f && z[4 * i + 1] < -0.99f &&
		           fabsf(z[4 * i + 3]) < 1e-4f);
	check(!drawn, "%d pixels of an even picture are drawn on", drawn);
	fv_context_free(c);
}

/* What must hold for any picture's dabs. */
static void painted(void)
{
	static float v[H * W * 2], y[H * W * 3], z[H * W * 4], plain[H * W * 3], other[H * W * 4];
	fv_context *c = context(NULL, 2, NULL, NULL);
	fv_err err = { 0 };
	fv_stroke_options o = options();
	int64_t covered = 0, same = 0;
	check(!fv_stroke_prepare(&err, c, x, H, W, NULL, NULL, v, y, z), "prepare: %s", err.text);
	for (int64_t i = 0; i < H * W; i++)
		covered += z[4 * i] != 0 || z[4 * i + 1] != 0 || z[4 * i + 2] != 0 ||
		           z[4 * i + 3] != 0;
	check(covered >= 0.999 * H * W, "%d pixels are bare canvas", (int)(H * W - covered));
	check(!fv_stroke_dabs(&err, c, x, v, H, W, &o, y, z), "dabs: %s", err.text);
	/* Between two bristles lies a mean of them, so the last channel's spread is less. */
	for (int k = 0; k < 4; k++) {
		double sum = 0, squares = 0, wanted = k < 3 ? 1 : sqrt(2.0 / 3);
		for (int64_t i = 0; i < H * W; i++)
			sum += z[4 * i + k], squares += (double)z[4 * i + k] * z[4 * i + k];
		double mean = sum / (H * W), spread = sqrt(squares / (H * W) - mean * mean);
		check(fabs(mean) < 0.1 && fabs(spread - wanted) < 0.05,
		      "marks %d: mean %.3f, spread %.3f, wanted %.3f", k, mean, spread, wanted);
		if (getenv("VERBOSE"))
			printf("marks %d: mean %.4f, spread %.4f\n", k, mean, spread);
	}
	o.seed++;
	check(!fv_stroke_dabs(&err, c, x, v, H, W, &o, y, other), "dabs: %s", err.text);
	for (int64_t i = 0; i < H * W; i++)
		same += same_dab(z + 4 * i, other + 4 * i);
	check(same <= 0.001 * H * W, "another seed gives %d pixels the same dab", (int)same);
	o.seed--;
	double last = INFINITY;
	for (int i = 0; i <= 2; i++) {
		o.detail = i / 2.0;
		check(!fv_stroke_dabs(&err, c, x, v, H, W, &o, y, z), "dabs: %s", err.text);
		double now = apart(x, y, H * W * 3).mean;
		check(now < last, "detail %g is off the photograph by %.4f, less detail by %.4f",
		      o.detail, now, last);
		if (getenv("VERBOSE"))
			printf("detail %g: off the photograph by %.4f\n", o.detail, now);
		last = now;
	}
	for (int64_t i = 0; i < H * W * 3; i++)
		plain[i] = i % 3 == 0 ? 0.3f : i % 3 == 1 ? -0.7f : 1;
	check(!fv_stroke_dabs(&err, c, plain, v, H, W, NULL, y, z), "dabs: %s", err.text);
	double most = apart(plain, y, H * W * 3).all;
	check(most <= 1e-6, "a picture of one colour is painted in another, off by %.2g", most);
	fv_context_free(c);
}

static void extremes(void)
{
	enum { N = 16 };
	static float v[N * N * 2], y[N * N * 3], z[N * N * 4];
	fv_context *c = context(NULL, 1, NULL, NULL);
	fv_err err = { 0 };
	/* The smallest picture; the finest brushes that broad 1/16 leaves half a pixel, and the
	 * widest. */
	for (int i = 0; i < 8; i++) {
		fv_stroke_options o = fv_stroke_default();
		o.scale = i & 1 ? 64 : 1.0 / 16;
		o.broad = i & 2 ? 64 : 1.0 / 16;
		o.length = i & 4 ? 32 : 1;
		o.brush[0] = 64, o.brush[1] = 8, o.brushes = 2;
		check(!fv_stroke_prepare(&err, c, x, N, N, &o, NULL, v, y, z),
		      "16x16 at scale %g, broad %g, length %g: %s", o.scale, o.broad, o.length,
		      err.text);
		bool finite = true;
		for (int k = 0; k < N * N * 4; k++)
			finite &= isfinite(z[k]) && (k >= N * N * 3 || isfinite(y[k])) &&
			          (k >= N * N * 2 || isfinite(v[k]));
		check(finite, "16x16 at scale %g, broad %g, length %g: not finite", o.scale,
		      o.broad, o.length);
	}
	fv_context_free(c);
}

static void refused(fv_context *c, const char *what, fv_stroke_options o)
{
	static float v[16 * 16 * 2], y[16 * 16 * 3], z[16 * 16 * 4];
	fv_err err = { 0 };
	check(fv_stroke_flow(&err, c, x, 16, 16, &o, v) == FV_E_ARGUMENT &&
	      fv_stroke_dabs(&err, c, x, directions, 16, 16, &o, y, z) == FV_E_ARGUMENT,
	      "taken: %s", what);
}

static void refusals(void)
{
	fv_context *c = context(NULL, 1, NULL, NULL);
	fv_err err = { 0 };
	fv_stroke_options o;
	static float v[16 * 16 * 2], y[16 * 16 * 3], z[16 * 16 * 4];
	check(fv_stroke_flow(&err, c, x, 15, 16, NULL, v) == FV_E_SHAPE, "15 rows are taken");
	check(fv_stroke_dabs(&err, c, x, v, 16, 15, NULL, y, z) == FV_E_SHAPE,
	      "15 columns are taken");
	check(fv_stroke_flow(&err, c, x, 16, INT64_MAX / 3, NULL, v) == FV_E_SHAPE,
	      "a picture larger than memory is taken");
	const struct { const char *name; double *of, low, high; } range[] = {
		{ "scale", &o.scale, 1.0 / 16, 64 }, { "wander", &o.wander, 0, 100 },
		{ "broad", &o.broad, 1.0 / 16, 64 }, { "length", &o.length, 1, 32 },
		{ "bristle", &o.bristle, 0.25, 64 }, { "detail", &o.detail, 0, 1 },
		{ "a brush", &o.brush[0], 0.5, 64 },
	};
	for (size_t i = 0; i < FV_COUNT(range); i++) {
		const double bad[] = { range[i].low - 1e-3, range[i].high + 1e-3, NAN, INFINITY };
		for (size_t k = 0; k < FV_COUNT(bad); k++) {
			char what[64];
			snprintf(what, sizeof what, "%s of %g", range[i].name, bad[k]);
			o = options(), o.brushes = 1;
			*range[i].of = bad[k];
			refused(c, what, o);
		}
	}
	o = options(), o.brushes = 0;
	refused(c, "no brushes", o);
	o = options(), o.brushes = 5;
	refused(c, "five brushes", o);
	o = options(), o.brush[1] = 8.5;
	refused(c, "a second brush that is wider than the first", o);
	o = options(), o.brush[2] = NAN;
	refused(c, "a third brush of NaN", o);
	o = options(), o.broad = 0.24;
	refused(c, "a brush that is less than half a pixel here", o);
	o.broad = 0.25;
	check(!fv_stroke_dabs(&err, c, x, directions, 16, 16, &o, y, z),
	      "a brush of half a pixel: %s", err.text);
	/* A plain grey picture has the slow random field; without it strokes lie level. */
	static float grey[16 * 16 * 3];
	o = options();
	check(!fv_stroke_flow(&err, c, grey, 16, 16, &o, v) && fabsf(v[0]) == 1 && v[1] == 0,
	      "a grey picture's strokes are not level");
	/* A drawing all cyan: upright strokes. Half red: level there. */
	float cyan[] = { -1, 1, 1 }, two[] = { 1, -1, -1, -1, 1, 1 };
	check(!fv_stroke_given(&err, c, cyan, 1, 1, x, 16, 16, NULL, v) && fabsf(v[0]) < 1e-3 &&
	      fabsf(v[300]) < 1e-3, "cyan is not upright");
	check(!fv_stroke_given(&err, c, two, 1, 2, x, 16, 16, NULL, v) && fabsf(v[1]) < 1e-3 &&
	      fabsf(v[30]) < 1e-3, "red is not level");
	float yellow_green[] = { 0, 1, -1 };
	check(!fv_stroke_given(&err, c, yellow_green, 1, 1, x, 16, 16, NULL, v) &&
	      v[0] > 0 && v[1] < 0, "yellow-green does not rise to the right");
	fv_context_free(c);
}

/* A part of a picture has the bits of the whole, and dabs drawn once more those of the first time. */
static void parts(uint64_t seed, double length)
{
	enum { PH = 500, PW = 700 };
	fv_err err;
	fv_context *c = context(NULL, 2, NULL, NULL);
	fv_stroke_options o = options();
	o.seed = seed;
	o.length = length;
	float *p = malloc(PH * PW * 3 * sizeof *p), *v = malloc(PH * PW * 2 * sizeof *v);
	const fv_area all = { 0, 0, PH, PW };
	float *y = malloc(PH * PW * 3 * sizeof *y), *z = malloc(PH * PW * 4 * sizeof *z);
	float *part = malloc(PH * PW * 3 * sizeof *part), *marks = malloc(PH * PW * 4 * sizeof *marks);
	fv_dabs *kept = NULL;
	for (int64_t i = 0; i < PH * PW * 3; i++)
		p[i] = x[(i / 3 / PW % H * W + i / 3 % PW % W) * 3 + i % 3];
	/* Of a copy, which here is the picture in the file. */
	check(!fv_stroke_enlarge(&err, c, directions, H, W, PH, PW, &all, v), "flow: %s", err.text);
	check(!fv_stroke_dabs_kept(&err, c, p, v, PH, PW, &o, y, z, &kept), "dabs: %s", err.text);
	const int64_t m = fv_stroke_margin(&o);
	const fv_area list[] = { { 0, 0, 90, 130 }, { 200, 300, 64, 64 }, { 410, 620, 90, 80 },
		                 { 251, 1, 1, 699 }, { 0, 333, 500, 7 } };
	for (size_t k = 0; k < FV_COUNT(list); k++) {
		const fv_area a = list[k];
		const int64_t y0 = fv_max(0, a.y - m), x0 = fv_max(0, a.x - m);
		const fv_area seen = { y0, x0, fv_min(PH, a.y + a.h + m) - y0,
			               fv_min(PW, a.x + a.w + m) - x0 };
		float *sx = malloc((size_t)(seen.h * seen.w * 3) * sizeof *sx);
		for (int64_t r = 0; r < seen.h; r++) {
			const int64_t at = (seen.y + r) * PW + seen.x;
			memcpy(sx + r * seen.w * 3, p + at * 3, (size_t)(seen.w * 3) * sizeof *sx);
		}
		check(!fv_stroke_dabs_part(&err, c, sx, directions, H, W, PH, PW, &seen, &a, &o, part, marks),
		      "part: %s", err.text);
		int64_t off = 0;
		for (int64_t i = 0; i < a.h * a.w; i++) {
			const int64_t at = (a.y + i / a.w) * PW + a.x + i % a.w;
			off += memcmp(part + 3 * i, y + 3 * at, 3 * sizeof *y) ||
			       memcmp(marks + 4 * i, z + 4 * at, 4 * sizeof *z);
		}
		check(!off, "part %d: %d of %d pixels are others", (int)k, (int)off, (int)(a.h * a.w));
		/* As large as they were laid they are what they were, a pixel from the edges too. */
		check(!fv_dabs_draw(&err, kept, PH, PW, p, &all, NULL, &a, part), "draw: %s", err.text);
		off = 0;
		for (int64_t i = 0; i < a.h * a.w; i++)
			off += memcmp(part + 3 * i, y + 3 * ((a.y + i / a.w) * PW + a.x + i % a.w),
			              3 * sizeof *y) != 0;
		check(!off, "part %d drawn again: %d of %d pixels are others", (int)k, (int)off,
		      (int)(a.h * a.w));
		const fv_area little = { 10, 10, 20, 20 };
		check(fv_stroke_dabs_part(&err, c, sx, directions, H, W, PH, PW, &little, &a, &o, part, marks) ==
		      FV_E_SHAPE, "a part without its margin is painted");
		free(sx);
	}
	fv_dabs_free(kept);
	free(p), free(v), free(y), free(z), free(part), free(marks);
	fv_context_free(c);
}

int main(int argc, char **argv)
{
	fv_safetensors f = { 0 };
	fv_err err = { 0 };
	if (argc != 2) {
		fprintf(stderr, "usage: strokes GOLDEN\n");
		return 2;
	}
	fv_context *c = context(NULL, 1, NULL, NULL);
	if (!check(!fv_safetensors_open(&err, c, argv[1], &f), "%s", err.text))
		return finish("strokes");
	for (int i = 0; i < f.count; i++)
		for (int64_t k = 0; k < H * W * 3 && !strcmp(f.entry[i].name, "picture"); k++)
			x[k] = (float)(fv_get(f.entry[i].tensor, k) / 127.5 - 1);
	make();
	for (size_t i = 0; i < FV_COUNT(sets); i++) {
		uint32_t mask = 0;
		fv_isa_cap(sets[i], &mask);
		if (i > 1 &&
		    strcmp(fv_isa_name(fv_isa_detect() & mask & ~(uint32_t)FV_ISA_BF16), sets[i]))
			continue;                       /* not on this machine */
		flow_of_file(&f, sets[i]);
		for (int m = 0; m < FV_MEDIA; m++) {
			threads(sets[i], (fv_medium)m);
			no_memory(sets[i], (fv_medium)m);
		}
		if (i)                                  /* the plain way takes seconds for it */
			enlarged(sets[i]);
	}
	rest_of_file(&f);
	for (uint64_t seed = 1; seed <= 6; seed++)
		parts(seed, 1.5 + (double)seed);
	painted();
	printed();
	extremes();
	refusals();
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("strokes");
}
