/* SPDX-License-Identifier: Apache-2.0 */
/* strokes GOLDEN: the fields of src/stroke against PyTorch's (golden.py made the file), each way
 * that this processor can go against the plain one, and what must hold for any picture. */
#include "golden.h"
#include "model/safetensors.h"
#include "stroke/stroke.h"
#include "test.h"

#define H 128
#define W 192
#define EVERY 8                         /* rows of the golden file */

static float x[H * W * 3], directions[H * W * 2], reach[H * W];
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

/* A thousandth of the values may be off: a line that comes upon a place where the flow turns about
 * goes one way or the other by a rounding. */
static void near(const char *what, const char *isa, const float *a, const float *b, int64_t n,
                 double most)
{
	distance d = apart(a, b, n);
	check(d.most <= most, "%s, %s: mean %.2g, 99.9%% %.2g, largest %.2g; bound %.2g", what, isa,
	      d.mean, d.most, d.all, most);
	if (getenv("VERBOSE"))
		printf("%s, %s: mean %.2g, 99.9%% %.2g, largest %.2g\n", what, isa, d.mean, d.most,
		       d.all);
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

/* Channels of z that are as large as the picture, and those that are made smaller. */
static void streaks(const char *isa, const float *ours, const float *theirs, int64_t n)
{
	for (int k = 0; k < 4; k++) {
		double sum = 0, a2 = 0, b2 = 0;
		float *a = malloc((size_t)n * sizeof *a), *b = malloc((size_t)n * sizeof *b);
		for (int64_t i = 0; i < n; i++) {
			a[i] = ours[4 * i + k], b[i] = theirs[4 * i + k];
			sum += (double)a[i] * b[i], a2 += (double)a[i] * a[i],
			b2 += (double)b[i] * b[i];
		}
		double corr = sum / sqrt(a2 * b2);
		if (k < 2 || !strcmp(isa, "ref"))
			near("noise", isa, a, b, n, strcmp(isa, "ref") ? 3e-3 : 1e-3);
		check(corr > 0.95, "noise %d, %s: correlation with PyTorch's %.4f", k, isa, corr);
		if (getenv("VERBOSE"))
			printf("noise %d, %s: correlation with PyTorch's %.5f\n", k, isa, corr);
		free(a);
		free(b);
	}
}

/* Rows of ours that the file has. */
static void golden(const fv_safetensors *f, const char *what, const char *isa, const float *ours,
                   int channels, double most)
{
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, what)) {
			static float rows[H * W * 4];
			int64_t n = (int64_t)W * channels;
			for (int64_t y = 0; y < H; y += EVERY)
				memcpy(rows + y / EVERY * n, ours + y * n,
				       (size_t)n * sizeof(float));
			check(fv_elements(f->entry[i].tensor.shape) == H / EVERY * n,
			      "%s has another size", what);
			if (!strcmp(what, "flow"))
				same_way(what, isa, rows, fv_f32(f->entry[i].tensor), H / EVERY * W,
				         most, 30 * most);
			else if (!strcmp(what, "noise"))
				streaks(isa, rows, fv_f32(f->entry[i].tensor), H / EVERY * W);
			else
				near(what, isa, rows, fv_f32(f->entry[i].tensor), H / EVERY * n,
				     most);
			return;
		}
	check(false, "no %s in the file", what);
}

static float *white(double width)
{
	int64_t rows = fv_stroke_grid(H, width), columns = fv_stroke_grid(W, width);
	float *p = malloc((size_t)(rows * columns) * sizeof *p);
	for (int64_t i = 0; i < rows * columns; i++)
		p[i] = (float)golden_value("white", i);
	return p;
}

static void make(void)
{
	for (int y = 0; y < H; y++)
		for (int q = 0; q < W; q++) {
			double angle = 1.1 * sin(q / 23.0) + 0.9 * cos(y / 19.0 + q / 57.0);
			double sign = cos(angle) < 0 ? -1 : 1;
			directions[2 * (y * W + q)] = (float)(sign * cos(angle));
			directions[2 * (y * W + q) + 1] = (float)(sign * sin(angle));
			reach[y * W + q] = (float)(0.6 + 0.4 * sin(q / 11.0) * sin(y / 13.0));
		}
}

static void against_pytorch(const fv_safetensors *f, const char *isa)
{
	static float y[H * W * 4];
	fv_context *c = context(isa, 2, NULL, NULL);
	fv_err err = { 0 };
	fv_stroke_options o = fv_stroke_default();
	o.wander = 0;
	check(!fv_stroke_flow(&err, c, x, H, W, &o, y), "flow: %s", err.text);
	golden(f, "flow", isa, y, 2, strcmp(isa, "ref") ? 0.5 : 0.01);
	check(!fv_stroke_hold(&err, c, x, H, W, &o, y), "hold: %s", err.text);
	golden(f, "hold", isa, y, 1, 1e-3);
	check(!fv_stroke_smear(&err, c, x, directions, reach, H, W, &o, y), "smear: %s", err.text);
	golden(f, "smear", isa, y, 3, 1e-4);
	check(!fv_stroke_smear(&err, c, x, directions, NULL, H, W, &o, y), "smear: %s", err.text);
	golden(f, "even", isa, y, 3, 1e-4);
	float *w[] = { white(1.5), white(3), white(6), white(12) };
	check(!fv_stroke_noise_of(&err, c, directions, H, W, &o, (const float *const *)w, y),
	      "noise: %s", err.text);
	golden(f, "noise", isa, y, 4, 0);
	for (int i = 0; i < 4; i++)
		free(w[i]);
	if (!strcmp(isa, "ref")) {
		check(!fv_stroke_flat(&err, c, x, directions, H, W, &o, 3, 0.22, y), "flat: %s",
		      err.text);
		golden(f, "flat", isa, y, 3, 1e-4);
		check(!fv_stroke_lines(&err, c, x, directions, H, W, &o, y), "lines: %s", err.text);
		golden(f, "lines", isa, y, 1, 1e-3);
	}
	fv_context_free(c);
}

static bool at_once(void *user) { return true; }

/* The same bits at 1, 2 and 3 threads; a word where there is none to be given. */
static void threads(const char *isa)
{
	static float v[3][H * W * 2], m[3][H * W], y[3][H * W * 3], z[3][H * W * 4];
	fv_err err = { 0 };
	for (int i = 0; i < 3; i++) {
		fv_context *c = context(isa, i + 1, NULL, NULL);
		check(!fv_stroke_prepare(&err, c, x, H, W, NULL, NULL, v[i], m[i], y[i], z[i]),
		      "prepare: %s", err.text);
		fv_context_free(c);
		check(!memcmp(v[0], v[i], sizeof v[0]) && !memcmp(m[0], m[i], sizeof m[0]) &&
		      !memcmp(y[0], y[i], sizeof y[0]) && !memcmp(z[0], z[i], sizeof z[0]),
		      "%s: %d threads give other bits than one", isa, i + 1);
	}
	fv_context *c = context(isa, 2, at_once, NULL);
	check(fv_stroke_prepare(&err, c, x, H, W, NULL, NULL, v[1], m[1], y[1], z[1]) ==
	      FV_E_CANCELLED, "%s: not cancelled", isa);
	check(fv_stroke_smear(&err, c, x, v[0], m[0], H, W, NULL, y[1]) == FV_E_CANCELLED,
	      "%s: smear is not cancelled", isa);
	check(fv_stroke_noise(&err, c, v[0], H, W, NULL, z[1]) == FV_E_CANCELLED,
	      "%s: noise is not cancelled", isa);
	fv_context_free(c);
}

/* The picture enlarged three times, with scale 3: the same flow, the same noise enlarged. */
static void enlarged(const char *isa)
{
	enum { S = 3 };
	static float big[S * S * H * W * 3], vb[S * S * H * W * 2], zb[S * S * H * W * 4];
	static float v[H * W * 2], z[H * W * 4];
	fv_context *c = context(isa, 2, NULL, NULL);
	fv_err err = { 0 };
	fv_stroke_options o = fv_stroke_default();
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
	check(!fv_stroke_prepare(&err, c, x, H, W, &o, NULL, v, NULL, NULL, z), "prepare: %s",
	      err.text);
	o.scale = S;
	check(!fv_stroke_prepare(&err, c, big, S * H, S * W, &o, NULL, vb, NULL, NULL, zb),
	      "prepare: %s", err.text);
	double same = 0, sum[4] = { 0 }, a2[4] = { 0 }, b2[4] = { 0 };
	for (int y = 0; y < H; y++)
		for (int q = 0; q < W; q++) {
			int64_t i = y * W + q, j = (S * y + S / 2) * S * W + S * q + S / 2;
			double dot = (double)v[2 * i] * vb[2 * j] +
			             (double)v[2 * i + 1] * vb[2 * j + 1];
			/* This is the cosine of twice the angle between the two. */
			same += (2 * dot * dot - 1) / (H * W);
			for (int k = 0; k < 4; k++) {
				sum[k] += (double)z[4 * i + k] * zb[4 * j + k];
				a2[k] += (double)z[4 * i + k] * z[4 * i + k],
				b2[k] += (double)zb[4 * j + k] * zb[4 * j + k];
			}
		}
	check(same > 0.97, "%s: the enlarged picture's flow agrees by %.3f", isa, same);
	for (int k = 0; k < 4; k++)
		check(sum[k] / sqrt(a2[k] * b2[k]) > (k ? 0.9 : 0.8),
		      "%s: the enlarged picture's noise %d agrees by %.3f", isa, k,
		      sum[k] / sqrt(a2[k] * b2[k]));
	if (getenv("VERBOSE"))
		printf("enlarged, %s: flow %.4f, noise %.3f %.3f %.3f %.3f\n", isa, same,
		       sum[0] / sqrt(a2[0] * b2[0]), sum[1] / sqrt(a2[1] * b2[1]),
		       sum[2] / sqrt(a2[2] * b2[2]), sum[3] / sqrt(a2[3] * b2[3]));
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

static void no_memory(const char *isa)
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
		fv_status st = fv_stroke_prepare(&err, c, x, 32, 48, &o,
		                                 &(fv_stroke_drawing){ x, 4, 4 }, v, NULL, y, z);
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

static void refusals(void)
{
	fv_context *c = context(NULL, 1, NULL, NULL);
	fv_err err = { 0 };
	fv_stroke_options o = fv_stroke_default();
	static float v[16 * 16 * 2], m[16 * 16], y[16 * 16 * 3], z[16 * 16 * 4];
	check(fv_stroke_flow(&err, c, x, 15, 16, NULL, v) == FV_E_SHAPE, "15 rows are taken");
	check(fv_stroke_flow(&err, c, x, 16, INT64_MAX / 3, NULL, v) == FV_E_SHAPE,
	      "a picture larger than memory is taken");
	o.scale = NAN;
	check(fv_stroke_flow(&err, c, x, 16, 16, &o, v) == FV_E_ARGUMENT,
	      "a scale of NaN is taken");
	o = fv_stroke_default(), o.widths = 5;
	check(fv_stroke_noise(&err, c, v, 16, 16, &o, z) == FV_E_ARGUMENT, "five widths are taken");
	/* The smallest picture at the largest scale, and the other way round. */
	for (int i = 0; i < 2; i++) {
		o = fv_stroke_default(), o.scale = i ? 64 : 1.0 / 16;
		check(!fv_stroke_prepare(&err, c, x, 16, 16, &o, NULL, v, m, y, z),
		      "16x16 at scale %g: %s", o.scale, err.text);
		bool finite = true;
		for (int k = 0; k < 16 * 16 * 4; k++)
			finite &= isfinite(z[k]) && (k >= 16 * 16 * 3 || isfinite(y[k])) &&
			          (k >= 16 * 16 * 2 || isfinite(v[k]));
		check(finite, "16x16 at scale %g: not finite", o.scale);
	}
	o = fv_stroke_default(), o.detail = 0;
	check(!fv_stroke_hold(&err, c, x, 16, 16, &o, m) && m[0] == 1 && m[255] == 1,
	      "detail 0 holds");
	/* A plain grey picture has the slow random field; without it strokes lie level. */
	static float grey[16 * 16 * 3];
	o = fv_stroke_default(), o.wander = 0;
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
		against_pytorch(&f, sets[i]);
		threads(sets[i]);
		no_memory(sets[i]);
		if (i)                                  /* the plain way takes seconds for it */
			enlarged(sets[i]);
	}
	refusals();
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("strokes");
}
