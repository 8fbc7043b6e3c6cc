/* SPDX-License-Identifier: Apache-2.0 */
/* Trains the recipe `dense` for 50 steps on MNIST, stops half way as a user might, goes on, and makes a grid of 64 pictures.
 *
 *	cc train.c $(pkg-config --cflags --libs fauve) -o train
 *	./train mnist/ runs/digits >grid.pgm */
#include <fauve/fauve.h>
#include <stdio.h>
#include <stdlib.h>

/* After every step. What `false` stops can be gone on with. */
static bool progress(void *user, const fv_train_progress *p)
{
	fprintf(stderr, "%s\n", p->text);
	return p->step != *(int64_t *)user;
}

/* Eight rows of eight, as a grey PNM file. */
static fv_status grid(fv_err *err, const fv_model *model)
{
	fv_pixels cell[64], one = { 0 };
	fv_status status = fv_generate_size(err, model, &one);
	int64_t row = 8 * one.stride_bytes, rows = 8 * one.height;
	char *all = status == FV_OK ? malloc((size_t)(row * rows)) : NULL;
	if (!all)
		return status == FV_OK ? FV_E_MEMORY : status;
	for (int i = 0; i < 64; i++) {
		cell[i] = one;
		cell[i].stride_bytes = row;
		cell[i].data = all + i / 8 * one.height * row + i % 8 * one.stride_bytes;
	}
	if ((status = fv_generate(err, model, NULL, 64, cell)) == FV_OK) {
		printf("P5\n%d %d\n255\n", (int)row, (int)rows);
		fwrite(all, (size_t)row, (size_t)rows, stdout);
	}
	free(all);
	return status;
}

int main(int argc, char **argv)
{
	fv_err err = { .text = "usage: train MNIST RUN >grid.pgm" };
	fv_context *context = NULL;
	fv_model *model = NULL;
	int64_t stop = 25;
	char data[4096], path[4096];
	if (argc == 3 && fv_context_new(&err, NULL, &context) == FV_OK) {
		snprintf(data, sizeof data, "data=%s", argv[1]);
		snprintf(path, sizeof path, "%s/model.safetensors", argv[2]);
		fv_train_options options = { .size = sizeof options, .recipe = "dense", .run = argv[2], .progress = progress, .user = &stop,
		                             .options = (const char *const[]){ data, "steps=50", "batch=100", NULL } };
		if (fv_train(&err, context, &options) == FV_E_CANCELLED && !(stop = 0) && fv_train(&err, context, &options) == FV_OK &&
		    fv_model_open(&err, context, path, &model) == FV_OK && grid(&err, model) == FV_OK)
			err.text[0] = 0;
	}
	if (err.text[0])
		fprintf(stderr, "train: %s\n", err.text);
	fv_model_free(model);
	fv_context_free(context);
	return err.text[0] ? fv_exit_code(err.status ? err.status : FV_E_ARGUMENT) : 0;
}
