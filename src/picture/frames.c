/* SPDX-License-Identifier: Apache-2.0 */
/* Films without sound that every viewer of pictures shows: GIF and animated WebP. libvips takes
 * their frames as one high picture. */
#include "picture/internal.h"
#include "base/base.h"
#include "base/file.h"
#include <strings.h>

static bool is_gif(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot && !strcasecmp(dot, ".gif");
}

bool fv_frames_ending(const char *path)
{
	return is_gif(path) || fv_format_of_ending(path) == FV_WEBP;
}

/* All below each other, in RGB. */
static void stack(const fv_pixels *frame, int count, uint8_t *to)
{
	for (int i = 0; i < count; i++)
		for (int64_t y = 0; y < frame[i].height; y++) {
			const uint8_t *row =
				(const uint8_t *)frame[i].data + y * frame[i].stride_bytes;
			for (int64_t x = 0; x < 3 * frame[i].width; x++)
				*to++ = row[x / 3 * frame[i].channels + x % 3 % frame[i].channels];
		}
}

static int save(VipsImage *im, bool gif, void **data, size_t *bytes)
{
	return gif ? vips_gifsave_buffer(im, data, bytes, "dither", 0.0, "strip", TRUE, NULL)
		   : vips_webpsave_buffer(im, data, bytes, "Q", 90, "strip", TRUE, NULL);
}

static fv_status encode(fv_err *err, const fv_pixels *frame, int count, int milliseconds,
			const char *path, uint8_t *pixels, void **data, size_t *bytes)
{
	VipsImage *im = vips_image_new_from_memory(
			  pixels, (size_t)(3 * frame->width * frame->height * count),
			  (int)frame->width, (int)(frame->height * count), 3, VIPS_FORMAT_UCHAR),
		  *out = NULL;
	int *delay = calloc((size_t)count, sizeof *delay);
	fv_status st = delay ? FV_OK : fv_fail_memory(err, path, (size_t)count * sizeof *delay);
	for (int i = 0; i < count && delay; i++)
		delay[i] = milliseconds;
	im = im ? fv_next(im, out,
			  vips_copy(im, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
		: NULL;
	if (im && delay) {
		vips_image_set_int(im, "page-height", (int)frame->height);
		vips_image_set_array_int(im, "delay", delay, count);
		vips_image_set_int(im, "loop", 0);
	}
	if (!st && (!im || save(im, is_gif(path), data, bytes))) {
		char *why = vips_error_buffer_copy();
		st = fv_fail(err, FV_E_WRITE,
			     "%s: %d frames cannot be encoded: %.*s; single files may do", path,
			     count, (int)strcspn(why, "\n"), why);
		g_free(why);
	}
	if (im)
		g_object_unref(im);
	free(delay);
	return st;
}

/* A frame's rows in the colours of the file. */
static bool put_frame(const fv_picture *p, fv_format f, uint8_t *to, size_t room)
{
	size_t bytes = 0;
	VipsImage *im = fv_picture_dress(p, f);
	void *data = im ? vips_image_write_to_memory(im, &bytes) : NULL;
	if (data && bytes == room)
		memcpy(to, data, room);
	if (im)
		g_object_unref(im);
	g_free(data);
	return data && bytes == room;
}

/* How often a GIF is shown stands in an extension behind its palette, as how often again; it has
 * none when it is shown once. libvips' encoder knows one and for ever. */
static void put_loop(fv_bytes *gif, int loop)
{
	static const char name[] = "\x21\xff\x0bNETSCAPE2.0\x03\x01";
	enum { NAME = sizeof name - 1, WHOLE = NAME + 3, NEAR = 13 + 768 + 64 };
	uint8_t *at = NULL;
	for (size_t i = 0; !at && i + WHOLE <= MIN(gif->bytes, NEAR); i++)
		if (!memcmp(gif->data + i, name, NAME))
			at = gif->data + i;
	if (at && loop == 1) {
		const size_t left = gif->bytes - (size_t)(at - gif->data) - WHOLE;
		memmove(at, at + WHOLE, left);
		gif->bytes -= WHOLE;
	} else if (at) {
		const int again = loop > 0 ? loop - 1 : 0;
		at[NAME] = (uint8_t)again;
		at[NAME + 1] = (uint8_t)(again >> 8);
	}
}

fv_status fv_film_encode(fv_err *err, fv_context *c, fv_picture *const *frame, int count,
			 int quality, const char *path, fv_bytes *out)
{
	const fv_picture *first = frame[0];
	const fv_pixels *v = &first->pixels;
	const fv_format f = fv_format_of_ending(path);
	const size_t each = (size_t)(v->width * v->height * v->channels),
		     all = each * (size_t)count;
	uint8_t *pixels = malloc(all);
	void *data = NULL;
	size_t bytes = 0, skip = 0;
	fv_bytes head = {0}, tail = {0};
	VipsImage *im = NULL, *next = NULL;
	bool done = pixels && v->bits == 8;
	for (int i = 0; i < count && done; i++)
		done = put_frame(frame[i], f, pixels + each * (size_t)i, each);
	if (done)
		im = vips_image_new_from_memory(pixels, all, (int)v->width, (int)v->height * count,
						v->channels, VIPS_FORMAT_UCHAR);
	im = im ? fv_next(im, next,
			  vips_copy(im, &next, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
		: NULL;
	int *delay = im ? calloc((size_t)count, sizeof *delay) : NULL;
	for (int i = 0; i < count && delay; i++)
		delay[i] = (int)(4 * (size_t)i + 4 <= first->delays.bytes
					 ? fv_get_le(first->delays.data + 4 * (size_t)i, 4)
					 : 100);
	if (delay) {
		vips_image_set_int(im, "page-height", (int)v->height);
		vips_image_set_array_int(im, "delay", delay, count);
		vips_image_set_int(im, "loop", first->loop);
	}
	fv_status st = FV_OK;
	if (!pixels || (im && !delay))
		st = fv_fail_memory(err, path, all);
	else if (!im || (f == FV_GIF ? vips_gifsave_buffer(im, &data, &bytes, "strip", TRUE, NULL)
				     : vips_webpsave_buffer(im, &data, &bytes, "Q", quality,
							    "strip", TRUE, NULL))) {
		char *why = vips_error_buffer_copy();
		st = fv_fail(err, FV_E_WRITE,
			     "%s: %d frames cannot be encoded: %.*s; a .tif may do", path, count,
			     (int)strcspn(why, "\n"), why);
		g_free(why);
	}
	if (!st) {
		fv_embed(f, data, bytes, first, &head, &skip, &tail);
		fv_bytes_put(out, head.data, head.bytes);
		fv_bytes_put(out, (const uint8_t *)data + skip, bytes - skip);
		if (head.failed || out->failed)
			st = fv_fail_memory(err, path, bytes);
		else if (f == FV_GIF)
			put_loop(out, first->loop);
	}
	if (im)
		g_object_unref(im);
	fv_bytes_free(&head);
	fv_bytes_free(&tail);
	free(delay);
	free(pixels);
	free(data);
	return st;
}

fv_status fv_frames_write(fv_err *err, fv_context *c, const fv_pixels *frame, int count,
			  int milliseconds, const char *path)
{
	const size_t room = (size_t)(3 * frame->width * frame->height * count);
	fv_writer *w = NULL;
	void *data = NULL;
	size_t bytes = 0;
	uint8_t *pixels = malloc(room);
	fv_status st = pixels ? FV_OK : fv_fail_memory(err, path, room);
	if (!st && !(st = fv_vips_ready(err)) && !(st = fv_writer_open(err, c, path, &w))) {
		stack(frame, count, pixels);
		st = encode(err, frame, count, milliseconds, path, pixels, &data, &bytes);
		st = st ? st : fv_writer_put(err, w, data, bytes);
		if (st)
			fv_writer_abort(w);
		else
			st = fv_writer_commit(err, w);
	}
	free(pixels);
	free(data);
	return st;
}
