/* SPDX-License-Identifier: Apache-2.0 */
/* Windows' descriptors: mean and deviation (of n - 1) of each channel of relu2_1, relu3_1,
 * relu4_1. Windows overlap by half, so sums are made of cells a step wide, and a window is four
 * of them. */
#include "base/luma.h"
#include "eval/likeness.h"
#include "device/program.h"
#include <math.h>

#define LAYERS 3                        /* relu1_1 is left out: it is edges and colours */

typedef struct {
	int64_t height, width;
	fv_graph *graph;
	fv_program *program;
} sized;

struct fv_windows {
	fv_context *context;
	const fv_model *network;
	int values;
	/* Of a square picture, the largest: all others work in its memory, so a program for another
	 * size is made in half a millisecond where 150 MB of fresh memory would take as long as
	 * the network. */
	sized largest, current;
	/* The picture and what the network makes of it, of the current size; room for so many. */
	float *x, *layer[LAYERS];
	int64_t floats;
};

static int channels(const fv_windows *w, int layer)
{
	return (int)fv_vgg_channels(w->network->config, layer + 1);
}

static void forget(sized *s)
{
	fv_program_free(s->program);
	fv_graph_free(s->graph);
	*s = (sized){ 0 };
}

fv_status fv_windows_open(fv_err *err, fv_context *c, const fv_model *network, fv_windows **out)
{
	if (network->family != &fv_family_vgg)
		return fv_fail(err, FV_E_ARGUMENT,
		               "a model of family %s is no feature network; give one of features/",
		               network->family->name);
	fv_windows *w = fv_alloc(c, sizeof *w);
	if (!w)
		return fv_fail_memory(err, "a feature network", sizeof *w);
	*w = (fv_windows){ .context = c, .network = network };
	for (int l = 0; l < LAYERS; l++)
		w->values += 2 * channels(w, l);
	*out = w;
	return FV_OK;
}

void fv_windows_close(fv_windows *w)
{
	if (!w)
		return;
	forget(&w->current);
	forget(&w->largest);
	fv_free(w->context, w->x);
	fv_free(w->context, w);
}

int fv_windows_values(const fv_windows *w) { return w->values; }

/* A picture is cut to multiples of 8 pixels, so that each layer's map is whole. */
static int64_t whole(int64_t n) { return n & ~(int64_t)7; }

static int64_t along(int64_t n, int win, int step) { return n < win ? 1 : (n - win) / step + 1; }

int fv_windows_count(const fv_small *p, int win, int step)
{
	return (int)(along(whole(p->height), win, step) * along(whole(p->width), win, step));
}

static const char *const port[LAYERS] = { "relu2_1", "relu3_1", "relu4_1" };

static fv_status make(fv_err *err, fv_windows *w, int64_t height, int64_t width,
                      const fv_program *share, sized *out)
{
	fv_node *layer[FV_VGG_LAYERS] = { NULL };
	sized s = { .height = height, .width = width };
	fv_status st = fv_graph_new(err, w->context, &s.graph);
	if (st)
		return st;
	fv_scope scope = { .g = s.graph, .store = w->network->store, .prefix = "" };
	fv_node *x = fv_input(s.graph, "picture", FV_F32, fv_nhwc(1, height, width, 3));
	fv_vgg_build(&scope, w->network->config, x, FV_VGG_LAYERS - 1, layer);
	for (int l = 0; l < LAYERS; l++)
		fv_output(s.graph, layer[l + 1], port[l]);
	if ((st = fv_program_new(err, w->context, s.graph, &(fv_program_options){ .share = share },
	                         &s.program)))
		forget(&s);
	else
		*out = s;
	return st;
}

static fv_status program_for(fv_err *err, fv_windows *w, int64_t height, int64_t width)
{
	fv_status st;
	if (w->current.program && w->current.height == height && w->current.width == width)
		return FV_OK;
	if (!w->largest.program && (st = make(err, w, FV_VIEW_SIDE, FV_VIEW_SIDE, NULL, &w->largest)))
		return st;
	forget(&w->current);
	return make(err, w, height, width, w->largest.program, &w->current);
}

static fv_status room_for(fv_err *err, fv_windows *w, const fv_program *p)
{
	int64_t need = fv_program_values(p, "picture"), at = need;
	for (int l = 0; l < LAYERS; l++)
		need += fv_program_values(p, port[l]);
	if (need > w->floats) {
		fv_free(w->context, w->x);
		w->floats = 0;
		if (!(w->x = fv_alloc_rough(w->context, (size_t)need * sizeof *w->x)))
			return fv_fail_memory(err, "windows", (size_t)need * sizeof *w->x);
		w->floats = need;
	}
	for (int l = 0; l < LAYERS; l++) {
		w->layer[l] = w->x + at;
		at += fv_program_values(p, port[l]);
	}
	return FV_OK;
}

/* Loads a picture as grey of mean .45 and deviation .22 in all three channels: its brushwork is
 * left, and palette, light and contrast are not. */
static void load_grey(const fv_small *p, int64_t height, int64_t width, float *x)
{
	double mean = 0, square = 0, n = (double)(p->height * p->width);
	for (int pass = 0; pass < 2; pass++)
		for (int64_t i = 0; i < p->height * p->width; i++) {
			const uint8_t *v = p->rgb + 3 * i;
			double luma = fv_luma_exact(v[0], v[1], v[2]) / 255;
			if (pass)
				square += (luma - mean) * (luma - mean) / n;
			else
				mean += luma / n;
		}
	double scale = 0.22 / (sqrt(square) + 0.02);
	for (int64_t r = 0; r < height; r++)
		for (int64_t q = 0; q < width; q++, x += 3) {
			const uint8_t *v = p->rgb + 3 * (r * p->width + q);
			double luma = fv_luma_exact(v[0], v[1], v[2]) / 255;
			x[0] = x[1] = x[2] =
				(float)(2 * fmin(1, fmax(0, (luma - mean) * scale + 0.45)) - 1);
		}
}

static void load_colour(const fv_small *p, int64_t height, int64_t width, float *x)
{
	for (int64_t r = 0; r < height; r++)
		for (int64_t q = 0; q < 3 * width; q++)
			*x++ = (float)p->rgb[3 * r * p->width + q] * (2 / 255.0f) - 1;
}

typedef struct {
	const float *layer[LAYERS];
	int64_t channels[LAYERS];
	int64_t height, width, rows, columns;   /* of the picture; of cells */
	int step;
	double *cell[LAYERS];           /* sums, then sums of squares, of each channel */
} summing;

/* A unit: a cell of a layer. */
static void sum_cells(void *arg, int thread, int64_t first, int64_t last)
{
	const summing *s = arg;
	for (int64_t u = first; u < last; u++) {
		int l = (int)(u % LAYERS), scale = 2 << l;
		int64_t at = u / LAYERS, c = s->channels[l], y0 = at / s->columns * s->step,
			x0 = at % s->columns * s->step;
		int64_t y1 = fv_min(y0 + s->step, s->height) / scale,
			x1 = fv_min(x0 + s->step, s->width) / scale;
		double *sum = s->cell[l] + at * 2 * c, *square = sum + c;
		for (int64_t y = y0 / scale; y < y1; y++)
			for (int64_t x = x0 / scale; x < x1; x++) {
				const float *v = s->layer[l] + (y * (s->width / scale) + x) * c;
				for (int64_t k = 0; k < c; k++) {
					sum[k] += (double)v[k];
					square[k] += (double)v[k] * (double)v[k];
				}
			}
	}
}

/* Describes window i, j of the cells: `to` gets each layer's means, then its deviations. */
static void describe(const summing *s, int win, int64_t i, int64_t j, float *to)
{
	int64_t h = fv_min(win, s->height - i * s->step), w = fv_min(win, s->width - j * s->step);
	for (int l = 0; l < LAYERS; l++) {
		const int64_t c = s->channels[l];
		const double n = (double)((h / (2 << l)) * (w / (2 << l)));
		for (int64_t k = 0; k < c; k++) {
			double sum = 0, square = 0;
			for (int part = 0; part < 4; part++) {
				int64_t row = i + part / 2, column = j + part % 2;
				if (row >= s->rows || column >= s->columns)
					continue;
				const double *cell =
					s->cell[l] + (row * s->columns + column) * 2 * c;
				sum += cell[k];
				square += cell[c + k];
			}
			to[k] = (float)(sum / n);
			to[c + k] = (float)sqrt(fmax(square - sum * sum / n, 0) / (n - 1));
		}
		to += 2 * c;
	}
}

fv_status fv_windows_of(fv_err *err, fv_windows *w, const fv_small *p, bool grey, int win, int step,
                        float *to, const float **relu4_1, fv_shape *shape)
{
	summing s = { .height = whole(p->height), .width = whole(p->width), .step = step };
	fv_status st = program_for(err, w, s.height, s.width);
	fv_program *net = w->current.program;
	if (st || (st = room_for(err, w, net)))
		return st;
	(grey ? load_grey : load_colour)(p, s.height, s.width, w->x);
	fv_program_put(net, "picture", w->x);
	if ((st = fv_program_run(err, net, (fv_key){ 0 })))
		return st;
	for (int l = to ? 0 : LAYERS - 1; l < LAYERS; l++)
		if ((st = fv_program_get(err, net, port[l], w->layer[l])))
			return st;
	if (relu4_1) {
		*relu4_1 = w->layer[LAYERS - 1];
		fv_program_port(net, port[LAYERS - 1], &(fv_type){ 0 }, shape);
	}
	if (!to)
		return FV_OK;
	s.rows = fv_div_up(s.height, step), s.columns = fv_div_up(s.width, step);
	size_t bytes = (size_t)(s.rows * s.columns * w->values) * sizeof(double);
	double *cells = fv_alloc(w->context, bytes);
	if (!cells)
		return fv_fail_memory(err, "windows", bytes);
	double *at = cells;
	for (int l = 0; l < LAYERS; l++) {
		s.channels[l] = channels(w, l);
		s.layer[l] = w->layer[l];
		s.cell[l] = at;
		at += s.rows * s.columns * 2 * s.channels[l];
	}
	fv_team_run(w->context->team, sum_cells, &s, s.rows * s.columns * LAYERS, 1);
	for (int64_t i = 0; i < along(s.height, win, step); i++)
		for (int64_t j = 0; j < along(s.width, win, step); j++, to += w->values)
			describe(&s, win, i, j, to);
	fv_free(w->context, cells);
	return FV_OK;
}
