/* SPDX-License-Identifier: Apache-2.0 */
/* Four threads paint one photograph with four seeds, by one context and one model; a sheet of the four is written.
 *	cc threads.c $(pkg-config --cflags --libs fauve) -pthread -o threads
 *	./threads styles/vangogh.safetensors <photo.ppm >sheet.ppm */
#include <fauve/fauve.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4 };
typedef struct { const fv_model *model; fv_pixels photo, painted; fv_paint_options o; fv_status status; fv_err err; pthread_t thread; } job;

static void *paint(void *arg)
{
	job *j = arg;
	j->status = fv_paint(&j->err, j->model, &j->photo, &j->o, &j->painted);
	return NULL;
}

int main(int argc, char **argv)
{
	static job jobs[THREADS];
	fv_context *context = NULL;
	fv_model *model = NULL;
	fv_pixels photo, painted[THREADS], sheet = { 0 };
	fv_err err = { 0 };
	long w, h;
	if (argc != 2 || scanf("P6 %ld %ld 255", &w, &h) != 2 || getchar() == EOF || w < 1 || h < 1 || w > 32767 || h > 32767)
		return fprintf(stderr, "usage: threads MODEL <photo.ppm >sheet.ppm\n"), 2;
	photo = (fv_pixels){ w, h, 3, 8, 3 * w, malloc((size_t)(3 * w * h)) };
	if (!photo.data || fread(photo.data, (size_t)(3 * w), (size_t)h, stdin) != (size_t)h)
		return fprintf(stderr, "threads: the picture ends early\n"), 3;
	fv_status status = fv_context_new(&err, NULL, &context);
	if (!status)
		status = fv_model_open(&err, context, argv[1], &model);
	for (int i = 0; i < THREADS && model; i++) {
		jobs[i] = (job){ model, photo, photo, FV_PAINT_DEFAULTS, FV_OK, { 0 }, 0 };
		jobs[i].o.seed = (uint64_t)i;
		if (!(jobs[i].painted.data = malloc((size_t)(3 * w * h))) || pthread_create(&jobs[i].thread, NULL, paint, &jobs[i]))
			return fprintf(stderr, "threads: no memory\n"), 5;
	}
	for (int i = 0; i < THREADS && model; i++) {
		pthread_join(jobs[i].thread, NULL);
		painted[i] = jobs[i].painted;
		if (jobs[i].status)
			status = jobs[i].status, err = jobs[i].err;
	}
	if (!status && !(status = fv_sheet_size(&err, painted, THREADS, NULL, &sheet)) &&
	    (sheet.data = malloc((size_t)(sheet.stride_bytes * sheet.height))) &&
	    !(status = fv_sheet_draw(&err, context, painted, THREADS, NULL, &sheet))) {
		printf("P6\n%d %d\n255\n", (int)sheet.width, (int)sheet.height);
		fwrite(sheet.data, (size_t)sheet.stride_bytes, (size_t)sheet.height, stdout);
	}
	if (status)
		fprintf(stderr, "threads: %s\n", err.text);
	fv_model_free(model);
	fv_context_free(context);
	return fv_exit_code(status);
}
