/* SPDX-License-Identifier: Apache-2.0 */
/* A picture's hashes, borders, colours and detail.
 *
 * The perceptual hash is the usual one (Zauner: Implementation and Benchmarking of Perceptual Image
 * Hash Functions, 2010). A hash alone takes two hazy skies for one, so pictures are twins only if
 * their greys correlate too. */
#include "eval/inspect.h"
#include "base/hash.h"
#include "base/luma.h"
#include "base/resample.h"
#include "eval/metric.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE FV_GREY_SIDE
#define LOW 8                           /* frequencies each way */
#define NEAR 8                          /* bits of 63 */
#define ALIKE 0.93                      /* correlation of greys */
#define SAME_COLOUR 10                  /* levels about a border's mean */
#define ABRUPT 16                       /* levels to what is behind it, on average */
#define COLOURS 64                      /* a side that colours are looked at with */

size_t fv_inspect_room(int64_t height, int64_t width)
{
	return COLOURS * COLOURS * 3 +
	       (size_t)(height / 2 + 1) * (size_t)(width / 2 + 1) * sizeof(float) +
	       fv_resample_room(height, width, COLOURS, COLOURS) + 2 * FV_ALIGN;
}

/* ---- hashes */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static uint64_t signs(const double *v)
{
	double sorted[LOW * LOW - 1];
	uint64_t bits = 0;
	memcpy(sorted, v + 1, sizeof sorted);           /* less the mean */
	qsort(sorted, LOW * LOW - 1, sizeof *sorted, ascending);
	for (int i = 1; i < LOW * LOW; i++)
		bits |= (uint64_t)(v[i] > sorted[LOW * LOW / 2 - 1]) << i;
	return bits;
}

static void hashes(const uint8_t *grey, uint64_t *hash, uint64_t *mirror)
{
	double rows[SIDE][LOW], v[LOW * LOW] = { 0 }, wave[LOW][SIDE];
	for (int k = 0; k < LOW; k++)
		for (int x = 0; x < SIDE; x++)
			wave[k][x] = cos(M_PI / SIDE * (x + 0.5) * k);
	for (int y = 0; y < SIDE; y++)
		for (int k = 0; k < LOW; k++) {
			rows[y][k] = 0;
			for (int x = 0; x < SIDE; x++)
				rows[y][k] += grey[y * SIDE + x] * wave[k][x];
		}
	for (int j = 0; j < LOW; j++)
		for (int k = 0; k < LOW; k++)
			for (int y = 0; y < SIDE; y++)
				v[j * LOW + k] += rows[y][k] * wave[j][y];
	*hash = signs(v);
	/* Odd waves change their sign. */
	for (int i = 1; i < LOW * LOW; i += 2)
		v[i] = -v[i];
	*mirror = signs(v);
}

/* ---- borders */

/* Pixel i of line `line` from that edge. */
static const uint8_t *at(const fv_pixels *p, int edge, int64_t line, int64_t i)
{
	const bool across = edge == FV_TOP || edge == FV_BOTTOM;
	const int64_t far = (across ? p->height : p->width) - 1 - line,
		      from = edge == FV_BOTTOM || edge == FV_RIGHT ? far : line;
	return (const uint8_t *)p->data + (across ? from : i) * p->stride_bytes +
	       3 * (across ? i : from);
}

/* Mean distance of a line's channels from a colour; *most: the greatest. */
static double distance(const fv_pixels *p, int edge, int64_t line, const uint8_t colour[3],
                       int *most)
{
	const int64_t n = edge == FV_TOP || edge == FV_BOTTOM ? p->width : p->height;
	int64_t sum = 0;
	*most = 0;
	for (int64_t i = 0; i < n; i++) {
		const uint8_t *v = at(p, edge, line, i);
		for (int k = 0; k < 3; k++) {
			const int d = abs(v[k] - colour[k]);
			*most = d > *most ? d : *most;
			sum += d;
		}
	}
	return (double)sum / (double)(3 * n);
}

/* How many lines at an edge are of one colour. What goes over into the picture by degrees is a sky
 * or a night, and no border: 0. */
static int64_t border_of(const fv_pixels *p, int edge, uint8_t colour[3])
{
	const bool across = edge == FV_TOP || edge == FV_BOTTOM;
	const int64_t lines = across ? p->height : p->width, n = across ? p->width : p->height;
	int64_t sum[3] = { 0 }, line = 0;
	int most = 0;
	for (int64_t i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			sum[k] += at(p, edge, 0, i)[k];
	for (int k = 0; k < 3; k++)
		colour[k] = (uint8_t)((sum[k] + n / 2) / n);
	while (line < lines && (distance(p, edge, line, colour, &most), most <= SAME_COLOUR))
		line++;
	if (line == lines)
		return line;
	/* Between the two a saved line is a mixture. */
	const int64_t behind = fv_min(line + 2, lines - 1);
	return distance(p, edge, behind, colour, &most) >= ABRUPT ? line : 0;
}

/* ---- detail */

/* Variance within blocks of 2x2 values; their means to `mean`. get: value y, x. */
typedef double (*value)(const void *from, int64_t width, int64_t y, int64_t x);

static double of_pixels(const void *from, int64_t width, int64_t y, int64_t x)
{
	const fv_pixels *p = from;
	const uint8_t *v = (const uint8_t *)p->data + y * p->stride_bytes + 3 * x;
	return fv_luma_exact(v[0], v[1], v[2]);
}

static double of_floats(const void *from, int64_t width, int64_t y, int64_t x)
{
	return (double)((const float *)from)[y * width + x];
}

static double within_blocks(value get, const void *from, int64_t height, int64_t width, float *mean)
{
	double sum = 0;
	for (int64_t y = 0; y + 1 < height; y += 2)
		for (int64_t x = 0; x + 1 < width; x += 2) {
			const double v[4] = { get(from, width, y, x), get(from, width, y, x + 1),
				              get(from, width, y + 1, x),
				              get(from, width, y + 1, x + 1) };
			const double m = (v[0] + v[1] + v[2] + v[3]) / 4;
			for (int i = 0; i < 4; i++)
				sum += (v[i] - m) * (v[i] - m) / 4;
			if (mean)
				mean[y / 2 * (width / 2) + x / 2] = (float)m;
		}
	const int64_t blocks = (height / 2) * (width / 2);
	return blocks ? sum / (double)blocks : 0;
}

void fv_inspect(const fv_pixels *p, fv_inspection *out, void *room)
{
	uint8_t *small = room, tiny[SIDE * SIDE * 3];
	float *half = (float *)(small + COLOURS * COLOURS * 3);
	uint8_t *work = (uint8_t *)half + fv_div_up((p->height / 2 + 1) * (p->width / 2 + 1) *
	                                            (int64_t)sizeof(float), FV_ALIGN) * FV_ALIGN;
	const int64_t row = 3 * p->width;
	*out = (fv_inspection){ .height = p->height, .width = p->width };
	uint64_t h = fv_hash_mix(FV_HASH, &p->width, sizeof p->width);
	for (int64_t y = 0; y < p->height; y++)
		h = fv_hash_mix(h, (const uint8_t *)p->data + y * p->stride_bytes, (size_t)row);
	out->pixels = h;

	fv_resample(p->data, p->height, p->width, p->stride_bytes, small, COLOURS, COLOURS,
	            FV_FILTER_BILINEAR, work);
	const fv_pixels s = { COLOURS, COLOURS, 3, 8, 3 * COLOURS, small };
	const fv_moments m = fv_moments_of(&s);
	out->lightness = m.mean[0], out->a = m.mean[1], out->b = m.mean[2];
	out->tint = hypot(m.deviation[1], m.deviation[2]);
	out->chroma = hypot(hypot(out->a, out->b), out->tint);

	fv_resample(p->data, p->height, p->width, p->stride_bytes, tiny, SIDE, SIDE,
	            FV_FILTER_BILINEAR, work);
	double sum = 0, square = 0;
	for (int i = 0; i < SIDE * SIDE; i++) {
		const uint8_t *v = tiny + 3 * i;
		out->grey[i] = (uint8_t)(fv_luma_exact(v[0], v[1], v[2]) + 0.5);
		sum += out->grey[i];
		square += (double)out->grey[i] * out->grey[i];
	}
	sum /= SIDE * SIDE;
	out->deviation = sqrt(fmax(square / (SIDE * SIDE) - sum * sum, 0));
	hashes(out->grey, &out->hash, &out->mirror);

	for (int e = 0; e < FV_BORDERS; e++)
		out->border[e] = border_of(p, e, out->colour[e]);
	const double fine = within_blocks(of_pixels, p, p->height, p->width, half);
	const double coarse = within_blocks(of_floats, half, p->height / 2, p->width / 2, NULL);
	out->detail = coarse > 0.01 ? fine / coarse : NAN;
}

/* ---- what follows */

bool fv_inspect_blank(const fv_inspection *i) { return i->border[FV_TOP] == i->height; }

bool fv_inspect_grey(const fv_inspection *i) { return i->chroma < 4 || i->tint < 1.5; }

bool fv_inspect_soft(const fv_inspection *i)
{
	return fv_min(i->height, i->width) >= 64 && i->detail < 0.31;
}

unsigned fv_inspect_bars(const fv_inspection *i)
{
	unsigned bars = 0;
	for (int e = 0; e < FV_BORDERS && !fv_inspect_blank(i); e++) {
		const int64_t side = e == FV_TOP || e == FV_BOTTOM ? i->height : i->width;
		if (i->border[e] >= 2 && 100 * i->border[e] >= side)
			bars |= 1u << e;
	}
	return bars;
}

/* Correlation of a's greys with b's, or with b's mirrored. */
static double correlation(const uint8_t *a, const uint8_t *b, bool mirrored)
{
	const double n = SIDE * SIDE;
	double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
	for (int i = 0; i < SIDE * SIDE; i++)
		ma += a[i] / n, mb += b[i] / n;
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++) {
			const double p = a[y * SIDE + x] - ma,
				     q = b[y * SIDE + (mirrored ? SIDE - 1 - x : x)] - mb;
			aa += p * p, bb += q * q, ab += p * q;
		}
	return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

fv_twins fv_inspect_twins(const fv_inspection *a, const fv_inspection *b)
{
	if (a->pixels == b->pixels && a->height == b->height)
		return FV_TWINS_EXACT;
	if (a->deviation < 1 || b->deviation < 1)       /* nothing to be known by */
		return FV_TWINS_NONE;
	if (__builtin_popcountll(a->hash ^ b->hash) <= NEAR &&
	    correlation(a->grey, b->grey, false) > ALIKE)
		return FV_TWINS_NEAR;
	return __builtin_popcountll(a->hash ^ b->mirror) <= NEAR &&
	                       correlation(a->grey, b->grey, true) > ALIKE
	               ? FV_TWINS_MIRRORED
	               : FV_TWINS_NONE;
}
