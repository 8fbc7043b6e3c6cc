/* SPDX-License-Identifier: Apache-2.0 */
/* Previews: what the recipe's first model makes of some noise, or of some of its photographs, as a contact sheet. */
#include "model/model.h"
#include "paint/paint.h"
#include "train/feed.h"
#include "train/run.h"
#include "train/watch.h"
#include <math.h>

#define CELLS 64 /* made from noise */
#define PREVIEWS 6 /* painted */
#define PREVIEW_SIDE 384 /* pixels of a painted one */

/* The model's network with its weights as they are; ports in the family's order. */
static fv_status open_sample(fv_err *err, fv_run *r, int side, fv_graph **g, fv_program **p)
{
	const fv_recipe_model *m = r->model;
	const void *config = (const char *)r->config + m->config;
	fv_node *in[FV_PORTS] = { NULL }, *out[FV_PORTS] = { NULL };
	fv_status st = fv_graph_new(err, r->context, g);
	if (st)
		return st;
	for (int i = 0; m->family->in[i].name; i++) {
		const fv_port *port = &m->family->in[i];
		if (port->kind == FV_PORT_NOISE)
			in[i] = fv_random(*g, FV_NORMAL, port->name, FV_F32,
					  FV_SHAPE(CELLS, fv_port_channels(port, config)), 0, 1);
		else if (port->kind == FV_PORT_LABEL && !fv_port_missing(port, config))
			in[i] = fv_port_labels(*g, port, config, CELLS);
	}
	/* As fv_paint() and fv_generate() do where nothing is asked for. */
	const fv_scope s = { .g = *g, .store = r->store, .prefix = m->prefix,
	                     .batch_statistics = m->family->use == FV_PAINTS };
	fv_family_build(&s, m->family, config, side, side, in, out);
	fv_output(*g, out[0], "%s", m->family->out[0].name);
	return fv_program_new(err, r->context, *g, NULL, p);
}

/* v, of a port's range, as a byte. */
static uint8_t byte_of(float v) { return (uint8_t)(fminf(fmaxf(v, 0), 1) * 255 + 0.5f); }

static fv_status show_made(fv_err *err, fv_run *r, const char *path)
{
	const fv_port *out = &r->model[0].family->out[0];
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_type type;
	fv_shape shape;
	fv_pixels cell[CELLS];
	float *v = NULL;
	uint8_t *bytes = NULL;
	fv_status st = open_sample(err, r, 0, &g, &p);
	if (st || (st = fv_program_run(err, p, (fv_key){ 1, 0, 0 })))
		goto done;
	fv_program_port(p, out->name, &type, &shape);
	/* Of a flat one the data say how high and wide it is. */
	int64_t channels = out->flat ? 1 : shape.c, height = out->flat ? r->data[0].height : shape.h,
		width = out->flat ? r->data[0].width : shape.w;
	int64_t values = fv_elements(shape) / CELLS, area = height * width;
	v = fv_alloc(r->context, (size_t)(CELLS * values) * sizeof *v);
	bytes = fv_alloc(r->context, (size_t)(CELLS * area * 3));
	st = v && bytes ? fv_program_get(err, p, out->name, v) : fv_fail_memory(err, path, (size_t)(CELLS * area * 3));
	if (st)
		goto done;
	for (int64_t i = 0; i < CELLS * values; i++)
		v[i] = (v[i] - (float)out->low) / (float)(out->high - out->low);
	if ((st = fv_watch_made(err, r, v, CELLS, values)))
		goto done;
	for (int64_t i = 0; i < CELLS * area; i++)
		for (int c = 0; c < 3; c++)
			bytes[3 * i + c] = byte_of(v[i * channels + c % channels]);
	for (int i = 0; i < CELLS; i++)
		cell[i] = (fv_pixels){ width, height, 3, 8, width * 3, bytes + i * area * 3 };
	st = r->o.sheet(r->o.user, err, path, cell, CELLS, 8);
done:
	fv_free(r->context, bytes);
	fv_free(r->context, v);
	fv_program_free(p);
	fv_graph_free(g);
	return st;
}

/* A picture is shown as large as this, or, of a pair, as it was learnt from. */
static int64_t side_of(const fv_run *r, const fv_data *d)
{
	const fv_recipe_model *m = r->model;
	const fv_port *image = &m->family->in[fv_port_find(m->family->in, FV_PORT_IMAGE)];
	const void *config = (const char *)r->config + m->config;
	return fv_port_side(image, config, d->want->type->paired ? r->size : PREVIEW_SIDE);
}

/* x: PREVIEWS photographs; y: their paintings. room: a float for each value of a picture. */
static fv_status paint(fv_err *err, fv_run *r, int side, const float *x, float *y, float *room)
{
	const fv_recipe_model *m = r->model;
	const fv_family *f = m->family;
	const int image = fv_port_find(f->in, FV_PORT_IMAGE), marks = fv_port_find(f->in, FV_PORT_MARKS);
	const int64_t n = (int64_t)side * side;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	float *under = fv_alloc(r->context, (size_t)(n * (3 + FV_STROKE_MARKS)) * sizeof *under), *z = under + 3 * n;
	fv_status st = under ? open_sample(err, r, side, &g, &p)
			     : fv_fail_memory(err, "preview", (size_t)(n * (3 + FV_STROKE_MARKS)) * sizeof *under);
	for (int i = 0; i < PREVIEWS && !st; i++) {
		const float *from = x + i * 3 * n;
		float *to = y + i * 3 * n;
		if (f->strokes) {
			fv_stroke_options o = f->strokes((const char *)r->config + m->config);
			o.seed = (uint64_t)i;
			if ((st = fv_stroke_prepare(err, r->context, from, side, side, &o, NULL, room, under, z)))
				break;
			from = under;
			fv_program_put(p, f->in[marks].name, z);
		}
		fv_program_put(p, f->in[image].name, from);
		if (!(st = fv_program_run(err, p, (fv_key){ 1, 0, 0 })) &&
		    !(st = fv_program_get(err, p, f->out[0].name, to)) && r->recipe->finish)
			st = r->recipe->finish(err, r, to, side, room);
	}
	fv_program_free(p);
	fv_graph_free(g);
	fv_free(r->context, under);
	return st;
}

/* Left the photograph, then its painting, and of a pair what it ought to be. */
static fv_status show_painted(fv_err *err, fv_run *r, const char *path)
{
	const fv_data *d = fv_run_data(r, r->model[0].shows);
	const fv_data_type *type = d->want->type;
	const int columns = type->paired ? 3 : 2;
	const int64_t side = side_of(r, d), n = side * side * 3, all = columns * PREVIEWS * n;
	uint8_t *bytes = fv_alloc(r->context, (size_t)all);
	float *x = fv_alloc(r->context, (size_t)(all + n) * sizeof *x), *y = x + PREVIEWS * n;
	fv_status st = x && bytes ? type->show(err, r, d, 0, side, PREVIEWS, x)
				  : fv_fail_memory(err, path, (size_t)all * sizeof *x);
	if (!st && type->paired)
		st = type->show(err, r, d, 1, side, PREVIEWS, y + PREVIEWS * n);
	if (st || (st = paint(err, r, (int)side, x, y, x + all)))
		goto done;
	/* Of a pair it is known what the painting ought to be like; else it is like the photograph. */
	const float *like = type->paired ? y + PREVIEWS * n : x;
	if ((st = fv_watch_painted(err, r, like, y, PREVIEWS, side)))
		goto done;
	fv_pixels cell[3 * PREVIEWS];
	for (int i = 0; i < columns * PREVIEWS; i++) {
		const float *v = x + (i % columns * PREVIEWS + i / columns) * n;
		for (int64_t k = 0; k < n; k++)
			bytes[i * n + k] = (uint8_t)(fminf(fmaxf((v[k] + 1) * 127.5f, 0), 255) + 0.5f);
		cell[i] = (fv_pixels){ side, side, 3, 8, side * 3, bytes + i * n };
	}
	if (!r->recipe->look || !(st = r->recipe->look(err, r, cell, PREVIEWS)))
		st = r->o.sheet(r->o.user, err, path, cell, columns * PREVIEWS, 2 * columns);
done:
	fv_free(r->context, bytes);
	fv_free(r->context, x);
	return st;
}

fv_status fv_run_preview(fv_err *err, fv_run *r, const char *path)
{
	const fv_recipe_model *m = r->model;
	if (!r->o.sheet || !m->file)
		return FV_OK;
	return m->family->use == FV_GENERATES ? show_made(err, r, path) : m->shows ? show_painted(err, r, path) : FV_OK;
}
