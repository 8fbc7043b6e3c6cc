/* SPDX-License-Identifier: Apache-2.0 */
/* A canvas that is painted by tiles: the network in windows. What a window is shown, how far the
 * network reaches, and programs that make one of its values, by statistics that are known. */
#include "paint/tile_canvas.h"

static bool is_leaf(const fv_node *n)
{
	return n->op == &fv_op_read || n->op == &fv_op_constant || n->op == &fv_op_input;
}

/* Means over pixels and what else needs all of them at once cannot be had in windows. */
static bool understood(const fv_graph *g, const bool *pictures, const fv_node *n)
{
	return is_leaf(n) || !pictures[n->id] ||
	       (n->op != &fv_op_random && !n->op->whole && n->op->rows &&
	        n->op->rows(n, (fv_span){ 0, n->shape.h }, &(fv_span){ 0 }));
}

/* Which nodes the picture has a part in. */
static void find_pictures(const fv_graph *g, bool *pictures)
{
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		pictures[i] = n->op == &fv_op_input || n->op == &fv_op_random;
		for (int k = 0; k < n->inputs; k++)
			pictures[i] |= n->in[k] && pictures[n->in[k]->id];
	}
}

/* How far rows of the output reach, in the network's pixels; align: of its deepest maps. */
fv_status fv_tile_measure(fv_err *err, fv_tiling *p)
{
	const fv_graph *g = p->net.graph;
	const fv_node *y = g->output[0].node;
	const int64_t h = p->net.height;
	const size_t nodes = (size_t)g->nodes;
	bool *pictures = fv_alloc(p->c, nodes);
	fv_span *rows = fv_alloc(p->c, nodes * sizeof *rows), at = { h / 2, h / 2 + 1 };
	fv_status st = pictures && rows ? FV_OK : fv_fail_memory(err, "network", nodes);
	p->align = 1;
	if (!st) {
		find_pictures(g, pictures);
		rows[y->id] = at;
	}
	for (int i = 0; i < g->nodes && !st; i++) {
		const fv_node *n = g->node[i];
		if (!understood(g, pictures, n))
			st = fv_fail(err, FV_E_MEMORY, "this network cannot be run in tiles (%s), and "
			             "its picture is too large to be painted as a whole; paint a "
			             "smaller copy, or with wider strokes", n->op->name);
		else if (pictures[i] && n->shape.h > 1)
			p->align = fv_max(p->align, h / n->shape.h);
	}
	for (int i = y->id; i >= 0 && !st; i--) {
		const fv_node *n = g->node[i];
		fv_span need = rows[i];
		if (!pictures[i] || need.lo == need.hi)
			continue;
		if (n->op == &fv_op_input) {
			at.lo = fv_min(at.lo, need.lo);
			at.hi = fv_max(at.hi, need.hi);
			continue;
		}
		n->op->rows(n, need, &need);
		for (int k = 0; k < n->inputs; k++) {
			const fv_node *in = n->in[k];
			if (!in || !pictures[in->id])
				continue;
			fv_span *s = &rows[in->id];
			*s = s->lo == s->hi ? need
			                    : (fv_span){ fv_min(s->lo, need.lo), fv_max(s->hi, need.hi) };
		}
	}
	p->margin = fv_div_up(fv_max(h / 2 - at.lo, at.hi - h / 2) + p->align, p->align) * p->align;
	fv_free(p->c, pictures);
	fv_free(p->c, rows);
	return st;
}

fv_status fv_tile_under(fv_err *err, fv_tiling *p, const fv_area *a, float *y, float *z)
{
	const int64_t h = p->how->h, w = p->how->w;
	if (!p->how->strokes)
		return p->o->read(err, p->o->user, a, y);
	const bool print = p->strokes.medium == FV_MEDIUM_PRINT;
	const int64_t more = print ? (int64_t)(96 * p->how->broad) / 64 * 64 + 64
	                           : fv_stroke_margin(&p->strokes);
	const int64_t y0 = fv_max(0, a->y - more), x0 = fv_max(0, a->x - more);
	const fv_area seen = { y0, x0, fv_min(h, a->y + a->h + more) - y0,
	                       fv_min(w, a->x + a->w + more) - x0 };
	const int64_t pixels = seen.h * seen.w, each = print ? 5 + 3 + FV_STROKE_MARKS : 3;
	const size_t bytes = (size_t)(each * pixels + (z ? 0 : FV_STROKE_MARKS * a->h * a->w)) *
	                     sizeof(float);
	float *x = fv_alloc_rough(p->c, bytes), *v = x + 3 * pixels;
	fv_status st = x ? p->o->read(err, p->o->user, &seen, x)
	                 : fv_fail_memory(err, "strokes", bytes);
	if (!st && print)
		st = fv_stroke_enlarge(err, p->c, p->flow, p->how->sh, p->how->sw, h, w, &seen, v);
	if (!st && !print)
		st = fv_stroke_dabs_part(err, p->c, x, p->flow, p->how->sh, p->how->sw, h, w, &seen,
		                         a, &p->strokes, y, z ? z : x + each * pixels);
	if (!st && print) {
		float *all = v + 2 * pixels, *marks = all + 3 * pixels;
		st = fv_stroke_print(err, p->c, x, v, seen.h, seen.w, &p->strokes, all, marks);
		for (int64_t r = 0; r < a->h && !st; r++) {
			const int64_t at = (a->y - y0 + r) * seen.w + a->x - x0;
			memcpy(y + r * 3 * a->w, all + 3 * at, (size_t)(3 * a->w) * sizeof *y);
			if (z)
				memcpy(z + r * FV_STROKE_MARKS * a->w, marks + FV_STROKE_MARKS * at,
				       (size_t)(FV_STROKE_MARKS * a->w) * sizeof *z);
		}
	}
	fv_free(p->c, x);
	return st;
}

void fv_tile_forget(fv_tiling *p)
{
	fv_program_free(p->program);
	fv_graph_free(p->graph);
	p->program = NULL;
	p->graph = NULL;
}

fv_status fv_tile_program(fv_err *err, fv_tiling *p, const fv_node *goal)
{
	const fv_graph *g = p->net.graph;
	bool *need = fv_alloc(p->c, (size_t)g->nodes);
	fv_node **built = fv_alloc(p->c, (size_t)g->nodes * sizeof *built);
	fv_tile_forget(p);
	fv_status st = need && built ? fv_graph_new(err, p->c, &p->graph)
	                             : fv_fail_memory(err, "network", (size_t)g->nodes);
	if (!st)
		need[goal->id] = true;
	for (int i = goal->id; i >= 0 && !st; i--)
		for (int k = 0; k < g->node[i]->inputs && need[i]; k++)
			if (g->node[i]->in[k])
				need[g->node[i]->in[k]->id] = true;
	for (int i = 0; i <= goal->id && !st; i++) {
		const fv_node *n = g->node[i];
		fv_node *in[FV_INPUTS] = { 0 };
		fv_attr a = n->attr;
		if (!need[i])
			continue;
		for (int k = 0; k < n->inputs; k++)
			in[k] = n->in[k] ? built[n->in[k]->id] : NULL;
		if (n->op == &fv_op_read)
			built[i] = fv_read(p->graph, n->attr.variable.p);
		else if (n->op == &fv_op_constant)
			built[i] = fv_constant(p->graph, n->type, n->shape, n->attr.constant.data);
		else if (n->op == &fv_op_input)
			built[i] = fv_input(p->graph, n->attr.input.name, n->type, n->shape);
		else if (n->op->by_stats && p->stats[i])
			built[i] = n->op->by_stats(p->graph, n, in[0], p->stats[i],
			                           p->stats[i] + n->shape.c);
		else
			built[i] = fv_append(p->graph, n->op, n->inputs, in, ~0u, &a);
	}
	if (!st) {
		fv_output(p->graph, built[goal->id], "made");
		st = fv_program_new(err, p->c, p->graph, &(fv_program_options){ 0 }, &p->program);
	}
	if (!st) {
		fv_err ignored;                 /* without that memory all goes on as it did */
		fv_program_prepack(&ignored, p->program, FV_PAINT_KEEP);
	}
	fv_free(p->c, need);
	fv_free(p->c, built);
	return st;
}

fv_status fv_tile_run(fv_err *err, fv_tiling *p, float *x, const float *z, float *out)
{
	const fv_port *image = fv_paint_image(p->m);
	fv_paint_to_range(image, x, 3 * p->wh * p->ww);
	if (fv_program_values(p->program, image->name))
		fv_program_put(p->program, image->name, x);
	if (z && fv_program_values(p->program, fv_paint_marks(p->m)->name))
		fv_program_put(p->program, fv_paint_marks(p->m)->name, z);
	fv_status st = fv_program_run(err, p->program, (fv_key){ 0 });
	return st ? st : fv_program_get(err, p->program, "made", out);
}
