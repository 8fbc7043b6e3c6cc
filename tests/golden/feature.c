/* SPDX-License-Identifier: Apache-2.0 */
/* feature GOLDEN VGG16 SMALL: KID, the Frechet distance, pictures' points and LPIPS against numpy,
 * scipy and PyTorch (feature.py made GOLDEN); known answers; files of LPIPS that lie. */
#include "golden.h"
#include "eval/feature.h"
#include "model/safetensors.h"
#include <string.h>
#include <unistd.h>

static fv_err err;

static const double *entry(const fv_safetensors *f, const char *format, const char *name)
{
	static const double none[512];
	char full[80];
	snprintf(full, sizeof full, format, name);
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, full))
			return f->entry[i].tensor.data;
	check(false, "%s is not in the golden file", full);
	return none;
}

/* name: "tall x"; then times scale, plus shift, in single precision as feature.py does it. */
static float *points(const char *name, const char *set, int n, int d, double scale, double shift)
{
	float *to = malloc((size_t)n * (size_t)d * sizeof *to);
	char full[40];
	snprintf(full, sizeof full, "%s %s", name, set);
	for (int i = 0; i < n * d; i++) {
		double v = golden_value(full, i) * (1 + 2.0 / (1 + i % d)) + .5;
		to[i] = (float)((double)(float)v * scale + shift);
	}
	return to;
}

static void near(const char *what, double is, double golden, double wrong, double limit)
{
	const double off = fabs(is - golden) / fabs(golden);
	golden_check(off < limit, what, off, limit);
	const double apart = fabs(is - wrong) / fabs(golden);
	golden_check(apart > 2 * limit, "what tells right from wrong, too little: it", apart,
	             limit);
}

static void distances(fv_context *c, const fv_safetensors *f)
{
	static const struct { const char *name; int n, m, d; } cases[] = {
		{ "tall", 40, 60, 16 }, { "wide", 12, 9, 64 }, { "mixed", 100, 20, 32 },
		{ "long", 2600, 40, 16 },
	};
	for (size_t i = 0; i < FV_COUNT(cases); i++) {
		const int n = cases[i].n, m = cases[i].m, d = cases[i].d;
		float *x = points(cases[i].name, "x", n, d, 1, 0);
		float *y = points(cases[i].name, "y", m, d, 1.1, .05);
		const double *k = entry(f, "%s.kid", cases[i].name);
		const double *r = entry(f, "%s.frechet", cases[i].name);
		fv_kid_figures kid = { 0 };
		double frechet = 0, back = 0;
		check(!fv_kid(&err, c, x, n, y, m, d, &kid), "%s", err.text);
		near("KID", kid.mean, k[0], k[2], 1e-9);
		golden_check(fabs(kid.deviation / k[1] - 1) < 1e-9, "KID's deviation",
		             fabs(kid.deviation / k[1] - 1), 1e-9);
		check(kid.subset == (n < m ? n : m) / 2, "subsets of %d", kid.subset);
		check(!fv_frechet(&err, c, x, n, y, m, d, &frechet) &&
		      !fv_frechet(&err, c, y, m, x, n, d, &back), "%s", err.text);
		/* scipy's root of a singular product is good to some 1e-7. */
		near("the Frechet distance", frechet, r[0], r[1], 1e-6);
		check(fabs(frechet - back) < 1e-9 * frechet,
		      "from the other side it is %.15g, %.15g", frechet, back);
		free(x);
		free(y);
	}
}

/* What KID expects of a set and itself: below 0, for a share 1/n of the pairs across are a point
 * and itself. */
static double same_set(const float *x, int n, int d)
{
	double apart = 0, itself = 0;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++) {
			double dot = 0;
			for (int k = 0; k < d; k++)
				dot += (double)x[i * d + k] * (double)x[j * d + k];
			*(i == j ? &itself : &apart) += pow(dot / d + 1, 3);
		}
	return -2.0 / n * (itself / n - apart / n / (n - 1));
}

static void known(fv_context *c)
{
	static const int size[][2] = { { 300, 24 }, { 20, 48 } };
	for (int s = 0; s < 2; s++) {
		const int n = size[s][0], d = size[s][1];
		float *x = points("known", "x", n, d, 1, 0), *y = points("known", "x", n, d, 1, 0);
		double *mean = calloc((size_t)d, sizeof *mean), trace = 0, length = 0, is = 0;
		fv_kid_figures kid = { 0 }, far = { 0 };
		for (int i = 0; i < n * d; i++)
			mean[i % d] += (double)x[i] / n;
		for (int i = 0; i < n * d; i++)
			trace += ((double)x[i] - mean[i % d]) * ((double)x[i] - mean[i % d]) /
			         (n - 1);
		for (int k = 0; k < d; k++)
			length += mean[k] * mean[k];
		check(!fv_frechet(&err, c, x, n, y, n, d, &is) && fabs(is) < 1e-6 * trace,
		      "the same set is %g away", is);
		fv_status st = fv_kid(&err, c, x, n, y, n, d, &kid);
		const double same = same_set(x, n, d);
		check(!st && fabs(kid.mean - same) < 0.4 * kid.deviation && same > -0.5,
		      "the same set has KID %g (%g), not %g", kid.mean, kid.deviation, same);
		float *other = points("another", "x", n, d, 1, 0);
		st = fv_kid(&err, c, x, n, other, n, d, &kid);
		check(!st && fabs(kid.mean) < 2 * kid.deviation,
		      "others of the same kind have KID %g (%g)", kid.mean, kid.deviation);
		free(other);
		/* Normal distributions of one covariance: the square of the shift. */
		for (int i = 0; i < n * d; i++)
			y[i] = x[i] + (i % d ? 0.25f : 2);
		const double shift = 4 + (d - 1) / 16.0;
		check(!fv_frechet(&err, c, x, n, y, n, d, &is) && fabs(is / shift - 1) < 1e-6,
		      "shifted by %g: %.9g", shift, is);
		st = fv_kid(&err, c, x, n, y, n, d, &far);
		check(!st && far.mean > 2 * far.deviation, "shifted: KID %g (%g)", far.mean,
		      far.deviation);
		/* Twice as wide: S2 = 4 S1, so tr(S1 + S2 - 2 (S1 S2)^(1/2)) = tr S1. */
		for (int i = 0; i < n * d; i++)
			y[i] = 2 * x[i];
		check(!fv_frechet(&err, c, x, n, y, n, d, &is) &&
		      fabs(is / (trace + length) - 1) < 1e-6,
		      "twice as wide: %.9g, not %.9g", is, trace + length);
		check(!fv_frechet(&err, c, x, 1, y, n, d, &is) && isnan(is) &&
		      !fv_kid(&err, c, x, 3, y, n, d, &kid) && isnan(kid.mean),
		      "of one, of three points: %g, %g", is, kid.mean);
		x[d + 1] = NAN;
		check(!fv_frechet(&err, c, x, n, y, n, d, &is) && isnan(is), "of NaN: %g", is);
		free(mean);
		free(x);
		free(y);
	}
}

static uint8_t *square(const char *name)
{
	uint8_t *to = malloc(FV_SQUARE_BYTES);
	int32_t *blocks = malloc(16 * 16 * 3 * sizeof *blocks);
	int32_t *specks = malloc(FV_SQUARE_BYTES * sizeof *specks);
	char of_specks[40];
	snprintf(of_specks, sizeof of_specks, "%s specks", name);
	golden_whole(blocks, 16 * 16 * 3, name, 0, 200);
	golden_whole(specks, FV_SQUARE_BYTES, of_specks, 0, 55);
	for (int y = 0; y < FV_SIDE; y++)
		for (int x = 0; x < FV_SIDE; x++)
			for (int k = 0; k < 3; k++) {
				int at = (y * FV_SIDE + x) * 3 + k;
				to[at] = (uint8_t)(blocks[(y / 16 * 16 + x / 16) * 3 + k] +
				                   specks[at]);
			}
	free(blocks);
	free(specks);
	return to;
}

static void point(fv_context *c, const char *path, const char *network, int values,
                  const fv_safetensors *f, const uint8_t *picture)
{
	fv_model *m = NULL;
	fv_pooled *p = NULL;
	float v[512];
	double off = 0, most = 0;
	check(!fv_model_open(&err, c, path, &m) && !fv_pooled_open(&err, c, m, &p) &&
	      fv_pooled_values(p) == values && !fv_pooled_of(&err, p, picture, v), "%s", err.text);
	const double *golden = entry(f, "%s.point", network);
	for (int k = 0; k < values; k++) {
		off = fmax(off, fabs((double)v[k] - golden[k]));
		most = fmax(most, fabs(golden[k]));
	}
	golden_check(off < 1e-4 * most, network, off / most, 1e-4);
	fv_pooled_close(p);
	fv_model_free(m);
}

/* ---- LPIPS, of weights by the formula. The file lies in the folder where the test runs. */

typedef struct { char name[40]; int o, i, k; double scale, shift; } array;
enum { ARRAYS = 2 * 13 + 5 };

static int arrays_of(bool vgg, array *to)
{
	static const int alex[][4] = { { 0, 1, 64, 11 }, { 3, 2, 192, 5 }, { 6, 3, 384, 3 },
		                       { 8, 4, 256, 3 }, { 10, 5, 256, 3 } };
	static const int deep[][4] = { { 0, 1, 64, 3 },   { 2, 1, 64, 3 },   { 5, 2, 128, 3 },
		                       { 7, 2, 128, 3 },  { 10, 3, 256, 3 }, { 12, 3, 256, 3 },
		                       { 14, 3, 256, 3 }, { 17, 4, 512, 3 }, { 19, 4, 512, 3 },
		                       { 21, 4, 512, 3 }, { 24, 5, 512, 3 }, { 26, 5, 512, 3 },
		                       { 28, 5, 512, 3 } };
	int n = 0, in = 3, layers = vgg ? (int)FV_COUNT(deep) : (int)FV_COUNT(alex);
	for (int i = 0; i < layers; i++) {
		const int *l = vgg ? deep[i] : alex[i];
		array w = { "", l[2], in, l[3], sqrt(6.0 / (in * l[3] * l[3])), 0 };
		array b = { "", l[2], 0, 0, .1, 0 };
		snprintf(w.name, sizeof w.name, "net.slice%d.%d.weight", l[1], l[0]);
		snprintf(b.name, sizeof b.name, "net.slice%d.%d.bias", l[1], l[0]);
		to[n++] = w, to[n++] = b;
		in = l[2];
		if (i + 1 == layers || (vgg ? deep[i + 1] : alex[i + 1])[1] > l[1]) {
			array lin = { "", 1, in, 1, .5, 1 };
			snprintf(lin.name, sizeof lin.name, "lin%d.model.1.weight", l[1] - 1);
			to[n++] = lin;
		}
	}
	return n;
}

static fv_status array_values(fv_err *e, void *user, int i, const void **values)
{
	static fv_tensor t;
	const array *a = (const array *)user + i;
	free(t.data);
	t = (fv_tensor){ FV_F16, a->k ? fv_nhwc(a->o, a->i, a->k, a->k) : FV_SHAPE(a->o), NULL };
	if (!(t.data = malloc((size_t)fv_elements(t.shape) * 2)))
		return fv_fail_memory(e, a->name, 0);
	for (int64_t k = 0; k < fv_elements(t.shape); k++)
		fv_put(t, k, (double)(float)((golden_value(a->name, k) + a->shift) * a->scale));
	*values = t.data;
	return FV_OK;
}

/* count: fewer than there are leaves the last away. */
static void write_arrays(fv_context *c, const char *path, array *a, int count)
{
	static fv_entry e[ARRAYS];
	for (int i = 0; i < count; i++)
		e[i] = (fv_entry){ a[i].name,
			           { FV_F16,
			             a[i].k ? fv_nhwc(a[i].o, a[i].i, a[i].k, a[i].k)
			                    : FV_SHAPE(a[i].o),
			             NULL } };
	check(!fv_safetensors_write(&err, c, path, e, count, NULL, array_values, a), "%s",
	      err.text);
}

static void lpips(fv_context *c, const fv_safetensors *f, const uint8_t *a, const uint8_t *b)
{
	static array list[ARRAYS];
	char path[64];
	snprintf(path, sizeof path, "lpips-%ld.safetensors", (long)getpid());
	for (int vgg = 0; vgg < 2; vgg++) {
		fv_lpips *l = NULL;
		double d = 0, same = 1;
		const char *trunk = vgg ? "vgg" : "alex";
		const int n = arrays_of(vgg, list);
		write_arrays(c, path, list, n);
		if (check(!fv_lpips_open(&err, c, path, &l), "%s", err.text)) {
			check(!strcmp(fv_lpips_trunk(l), trunk), "%s", fv_lpips_trunk(l));
			check(!fv_lpips_of(&err, l, a, b, &d) && !fv_lpips_of(&err, l, a, a, &same),
			      "%s", err.text);
			const double *golden = entry(f, "lpips.%s", trunk);
			near("LPIPS", d, golden[0], golden[1], 2e-5);
			near("LPIPS", d, golden[0], golden[2], 2e-5);
			check(fabs(same) < 1e-9, "of a picture with itself: %g", same);
			fv_lpips_close(l);
		}
		write_arrays(c, path, list, n - 1);
		check(fv_lpips_open(&err, c, path, &l) == FV_E_FORMAT &&
		              strstr(err.text, "missing") && strstr(err.text, trunk),
		      "without its last array: %s", err.text);
	}
	list[0].k = 5;
	write_arrays(c, path, list, 20);
	fv_lpips *l = NULL;
	check(fv_lpips_open(&err, c, path, &l) == FV_E_FORMAT && strstr(err.text, "wants"),
	      "of another trunk: %s", err.text);
	write_arrays(c, path, list + 1, 3);
	check(fv_lpips_open(&err, c, path, &l) == FV_E_FORMAT && strstr(err.text, "yardstick.md"),
	      "of no trunk: %s", err.text);
	remove(path);
}

/* ---- memory that ends */

typedef struct { int left; } scarce;

static void *take(void *user, size_t bytes, size_t align)
{
	scarce *s = user;
	return s->left-- > 0 ? aligned_alloc(align, (bytes + align - 1) / align * align) : NULL;
}

static void give(void *user, void *memory) { free(memory); }

/* Each allocation of points and distances fails once, and is told. network: the small one. */
static void out_of_memory(const char *network, const uint8_t *picture)
{
	scarce s = { 1 << 30 };
	fv_allocator a = { take, give, &s };
	fv_context_options o = { .size = sizeof o, .threads = 1, .allocator = &a };
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_status st = fv_context_new(&err, &o, &c);
	bool said = true;
	int k = 0;
	if (!check(!st && !fv_model_open(&err, c, network, &m), "%s", err.text))
		return;
	for (st = FV_E_MEMORY; st == FV_E_MEMORY && k < 3000; k++) {
		const fv_model *networks[] = { m };
		fv_points *p = NULL;
		fv_point_set seen = { 0 };
		fv_feature_row row = { 0 };
		err = (fv_err){ 0 };
		s.left = k;
		st = fv_points_open(&err, c, networks, 1, NULL, &p);
		for (int i = 0; i < 8 && !st; i++)
			st = fv_points_add(&err, p, &seen, picture, NULL);
		if (!st && !(st = fv_points_measure(&err, p, &seen, &seen, &row)))
			st = fv_points_halves(&err, p, &seen, &row);
		fv_point_set_free(p, &seen);
		fv_points_close(p);
		said = said && (!st || (st == FV_E_MEMORY && *err.text));
	}
	s.left = 1 << 30;
	check(said && !st && k > 10, "of %d allocations each that failed is told: %s", k, err.text);
	fv_model_free(m);
	fv_context_free(c);
}

int main(int argc, char **argv)
{
	fv_context *c = NULL;
	fv_safetensors f = { 0 };
	fv_status st =
		argc < 4 ? fv_fail(&err, FV_E_ARGUMENT, "usage: golden-feature GOLDEN VGG16 SMALL")
			 : fv_context_new(&err, NULL, &c);
	if (!st)
		st = fv_safetensors_open(&err, c, argv[1], &f);
	if (check(!st, "%s", err.text)) {
		uint8_t *a = square("a"), *b = square("b");
		distances(c, &f);
		known(c);
		point(c, argv[2], "vgg16", 512, &f, a);
		point(c, argv[3], "vgg19-small", 128, &f, a);
		lpips(c, &f, a, b);
		out_of_memory(argv[3], a);
		free(a);
		free(b);
	}
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-feature");
}
