/* SPDX-License-Identifier: Apache-2.0 */
/* Distances between many long rows: |a - b|^2 = |a|^2 + |b|^2 - 2 a b, block by block. What is
 * compared is standardised and cut at 3, so that float products are enough: a distance is off by
 * a millionth. */
#include "eval/likeness.h"
#include "eval/pcg64.h"
#include "device/program.h"
#include <math.h>

#define A_ROWS 256                      /* of a block */
#define B_ROWS 1024
#define NEIGHBOURS 5

struct fv_pairs {
	fv_context *context;
	int values;
	fv_graph *graph;
	fv_program *program;
	float *product;                 /* A_ROWS,B_ROWS */
};

fv_status fv_pairs_open(fv_err *err, fv_context *c, int values, fv_pairs **out)
{
	fv_pairs *p = fv_alloc(c, sizeof *p);
	if (!p)
		return fv_fail_memory(err, "distances", sizeof *p);
	*p = (fv_pairs){ .context = c, .values = values };
	fv_status st = fv_graph_new(err, c, &p->graph);
	if (!st) {
		fv_node *a = fv_input(p->graph, "a", FV_F32, FV_SHAPE(A_ROWS, values));
		fv_node *b = fv_input(p->graph, "b", FV_F32, FV_SHAPE(B_ROWS, values));
		fv_output(p->graph, fv_matmul(p->graph, a, b, false, true), "product");
		st = fv_program_new(err, c, p->graph, NULL, &p->program);
	}
	if (!st && !(p->product = fv_alloc(c, A_ROWS * B_ROWS * sizeof *p->product)))
		st = fv_fail_memory(err, "distances", A_ROWS * B_ROWS * sizeof *p->product);
	if (st)
		fv_pairs_close(p);
	else
		*out = p;
	return st;
}

void fv_pairs_close(fv_pairs *p)
{
	if (!p)
		return;
	fv_program_free(p->program);
	fv_graph_free(p->graph);
	fv_free(p->context, p->product);
	fv_free(p->context, p);
}

static double length(const float *v, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += (double)v[i] * (double)v[i];
	return sum;
}

fv_status fv_pairs_run(fv_err *err, fv_pairs *p, const float *a, int a_count, const float *b,
                       int b_count, fv_pair_fn fn, void *arg)
{
	const size_t row = (size_t)p->values;
	for (int i = 0; i < a_count; i += A_ROWS) {
		double square_a[A_ROWS], square_b[B_ROWS];
		int rows = (int)fv_min(A_ROWS, a_count - i);
		for (int k = 0; k < rows; k++) {
			const float *v = a + (size_t)(i + k) * row;
			fv_program_put_part(p->program, "a", k, A_ROWS, v);
			square_a[k] = length(v, p->values);
		}
		for (int j = 0; j < b_count; j += B_ROWS) {
			int columns = (int)fv_min(B_ROWS, b_count - j);
			for (int k = 0; k < columns; k++) {
				const float *v = b + (size_t)(j + k) * row;
				fv_program_put_part(p->program, "b", k, B_ROWS, v);
				square_b[k] = length(v, p->values);
			}
			fv_status st = fv_program_run(err, p->program, (fv_key){ 0 });
			if (st || (st = fv_program_get(err, p->program, "product", p->product)))
				return st;
			for (int k = 0; k < rows; k++)
				for (int m = 0; m < columns; m++)
					fn(arg, i + k, j + m,
					   fmax(square_a[k] + square_b[m] -
					                2 * (double)p->product[k * B_ROWS + m],
					        0));
		}
	}
	return FV_OK;
}

typedef struct { double sum; bool same; } spreading;

static void add_distance(void *arg, int i, int j, double square)
{
	spreading *s = arg;
	if (!s->same || i != j)
		s->sum += sqrt(square);
}

fv_status fv_spread(fv_err *err, fv_pairs *p, const float *a, int a_count, const float *b,
                    int b_count, double *out)
{
	spreading s = { 0, a == b };
	fv_status st = fv_pairs_run(err, p, a, a_count, b, b_count, add_distance, &s);
	if (!st)
		*out = s.sum / sqrt(p->values) / a_count / (s.same ? b_count - 1 : b_count);
	return st;
}

/* The nearest so far, ascending, and whether they are paintings'. */
typedef struct { double square[NEIGHBOURS]; bool art[NEIGHBOURS]; int count; } nearest;
typedef struct { nearest *of; int art; } searching;

static void keep_nearest(void *arg, int i, int j, double square)
{
	searching *s = arg;
	nearest *n = &s->of[i];
	if (n->count == NEIGHBOURS && square >= n->square[NEIGHBOURS - 1])
		return;
	int at = n->count < NEIGHBOURS ? n->count++ : NEIGHBOURS - 1;
	for (; at > 0 && n->square[at - 1] > square; at--) {
		n->square[at] = n->square[at - 1];
		n->art[at] = n->art[at - 1];
	}
	n->square[at] = square;
	n->art[at] = j < s->art;
}

static void draw(fv_pcg64 *g, const float *from, int count, int n, int values, uint32_t *order,
                 float *to)
{
	fv_pcg64_permutation(g, order, count);
	for (int i = 0; i < n; i++)
		memcpy(to + (size_t)i * (size_t)values, from + (size_t)order[i] * (size_t)values,
		       (size_t)values * sizeof(float));
}

fv_status fv_share_near(fv_err *err, fv_context *c, fv_pairs *p, const float *x, int x_count,
                        const float *art, int art_count, const float *photos, int photo_count,
                        double *out)
{
	int n = (int)fv_min(art_count, photo_count), like = 0;
	size_t bytes = (size_t)n * (size_t)p->values * sizeof(float);
	fv_arena *mem = fv_arena_new(c);
	float *both = mem ? fv_arena_get(mem, 2 * bytes) : NULL;
	searching s = { mem ? fv_arena_get(mem, (size_t)x_count * sizeof *s.of) : NULL, n };
	uint32_t *order =
		mem ? fv_arena_get(mem, (size_t)fv_max(art_count, photo_count) * sizeof *order)
		    : NULL;
	fv_status st = both && s.of && order ? FV_OK : fv_fail_memory(err, "neighbours", 2 * bytes);
	if (!st) {
		fv_pcg64 g = fv_pcg64_seed(0);
		draw(&g, art, art_count, n, p->values, order, both);
		draw(&g, photos, photo_count, n, p->values, order,
		     both + (size_t)n * (size_t)p->values);
		st = fv_pairs_run(err, p, x, x_count, both, 2 * n, keep_nearest, &s);
	}
	for (int i = 0; i < x_count && !st; i++) {
		int of_art = 0;
		for (int k = 0; k < s.of[i].count; k++)
			of_art += s.of[i].art[k];
		like += 2 * of_art > s.of[i].count;
	}
	if (!st)
		*out = (double)like / x_count;
	fv_arena_free(mem);
	return st;
}
