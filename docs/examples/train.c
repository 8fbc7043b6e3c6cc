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
	fv_pixels all = { 0 }, cell[64], one;
	fv_status status = fv_generate_size(err, model, &one);
	if (status != FV_OK)
		return status;
	all.stride_bytes = 8 * one.stride_bytes;
	if (!(all.data = malloc((size_t)(all.stride_bytes * 8 * one.height))))
		return FV_E_MEMORY;
	for (int i = 0; i < 64; i++) {
		cell[i] = one;
		cell[i].stride_bytes = all.stride_bytes;
		cell[i].data = (char *)all.data + i / 8 * one.height * all.stride_bytes + i % 8 * one.stride_bytes;
	}
	if ((status = fv_generate(err, model, NULL, 64, cell)) == FV_OK) {
		printf("P5\n%d %d\n255\n", (int)all.stride_bytes, (int)(8 * one.height));
		fwrite(all.data, (size_t)all.stride_bytes, (size_t)(8 * one.height), stdout);
	}
	free(all.data);
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
	fputs(err.text, stderr);
	fv_model_free(model);
	fv_context_free(context);
	return err.text[0] ? fv_exit_code(err.status ? err.status : FV_E_ARGUMENT) : 0;
}
