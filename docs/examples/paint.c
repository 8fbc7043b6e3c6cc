/* SPDX-License-Identifier: Apache-2.0 */
/* Paints one buffer: open a model, hand over pixels, get pixels back.
 *
 *	cc paint.c $(pkg-config --cflags --libs fauve) -o paint
 *	./paint styles/vangogh.safetensors <photo.ppm >painted.ppm
 *
 * The picture is a PPM (P6, 8 bits) on standard input, so that the example needs nothing but fauve. */
#include <fauve/fauve.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *context = NULL;
	fv_model *model = NULL;
	fv_pixels picture = { .channels = 3, .bits = 8 };
	long width, height;
	fv_status status = FV_OK;

	if (argc != 2 || scanf("P6 %ld %ld 255", &width, &height) != 2 || getchar() == EOF || width < 1 || height < 1 ||
	    width > 32767 || height > 32767) {
		fprintf(stderr, "usage: paint MODEL <photo.ppm >painted.ppm\n");
		return 2;
	}
	picture.width = width;
	picture.height = height;
	picture.stride_bytes = 3 * width;
	picture.data = malloc((size_t)(picture.stride_bytes * height));
	if (!picture.data || fread(picture.data, (size_t)picture.stride_bytes, (size_t)height, stdin) != (size_t)height) {
		fprintf(stderr, "paint: the picture ends early\n");
		free(picture.data);
		return 3;
	}

	/* A context carries threads and instruction set; NULL takes what the machine has. */
	status = fv_context_new(&err, NULL, &context);
	if (status == FV_OK)
		status = fv_model_open(&err, context, argv[1], &model);
	/* In place: the output may be the input's own pixels. */
	if (status == FV_OK)
		status = fv_paint(&err, model, &picture, NULL, &picture);
	if (status == FV_OK) {
		printf("P6\n%ld %ld\n255\n", width, height);
		fwrite(picture.data, (size_t)picture.stride_bytes, (size_t)height, stdout);
	} else
		fprintf(stderr, "paint: %s\n", err.text);

	fv_model_free(model);
	fv_context_free(context);
	free(picture.data);
	return fv_exit_code(status);
}
