/* SPDX-License-Identifier: Apache-2.0 */
/* Any picture, through libvips (which is not instrumented), with metadata, and written again. */
#include "fuzz.h"
#include "picture/picture.h"
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const char *const ending[] = { "png", "jpg", "tif", "webp", "gif" };
	static bool begun;
	fv_err err = { 0 }, warning = { 0 };
	fv_picture *p = NULL;
	if (!begun)
		fuzz_must(!fv_picture_begin(&err, "fuzz"), "libvips is there");
	begun = true;
	const unsigned turn = bytes ? data[bytes - 1] : 0;      /* the last byte is no format's first */
	if (fv_picture_read(&err, fuzz_file("in", data, bytes), &(fv_read_options){ .max_pixels = 1 << 16, .keep_private = turn & 4, .facts = turn & 8, .page = turn & 32 ? 1 : 0 }, &p, &warning)) {
		fuzz_must(*err.text, "a failed call says why");
		return 0;
	}
	json_decref(fv_picture_about(p));
	fv_pixels *v = fv_picture_pixels(p);
	fuzz_must(v->width * v->height <= 1 << 16 && (v->channels == 3 || v->channels == 4) && (v->bits == 8 || v->bits == 16), "3 or 4 channels, 8 or 16 bits");
	if (v->width * v->height < 40000) {
		char out[400];
		fv_picture_fill_hidden(p);
		snprintf(out, sizeof out, "%s/out.%s", fuzz_folder(), ending[turn % FV_COUNT(ending)]);
		if (fv_picture_write(&err, fuzz_context(), p, out, NULL))
			fuzz_must(*err.text, "a failed call says why");
		/* The same twice as a film or as pages. */
		if (fv_pages_kept(p, out) &&
		    fv_pages_write(&err, fuzz_context(), (fv_picture *[]){ p, p }, 2, out, NULL))
			fuzz_must(*err.text, "a failed call says why");
	}
	fv_picture_free(p);
	return 0;
}
