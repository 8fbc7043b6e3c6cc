/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: pixels > the original's profile > encoded in memory > its metadata > a file, whole or
 * not at all. */
#include "picture/internal.h"
#include "base/base.h"
#include "base/file.h"
#include <stdio.h>

static int save(VipsImage *im, fv_format f, const fv_picture *p, int quality, void **data,
                size_t *bytes)
{
	/* "strip": libvips would write EXIF of its own making; fv_embed puts in what is kept. */
	switch (f) {
	case FV_JPEG:
		return vips_jpegsave_buffer(
			im, data, bytes, "Q", quality, "optimize_coding", TRUE, "subsample_mode",
			quality >= 90 ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON,
			"strip", TRUE, NULL);
	case FV_PNG:
		return vips_pngsave_buffer(im, data, bytes, "compression", FV_PNG_LEVEL, "filter",
		                           VIPS_FOREIGN_PNG_FILTER_UP, "strip", TRUE, NULL);
	case FV_WEBP:
		return vips_webpsave_buffer(im, data, bytes, "Q", quality, "strip", TRUE, NULL);
	case FV_TIFF:
		if (p->profile.bytes)
			vips_image_set_blob_copy(im, VIPS_META_ICC_NAME, p->profile.data,
			                         p->profile.bytes);
		return vips_tiffsave_buffer(im, data, bytes, "compression",
		                            VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "predictor",
		                            VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, NULL);
	case FV_GIF: return vips_gifsave_buffer(im, data, bytes, "strip", TRUE, NULL);
	default: return -1;
	}
}

/* JPEG has 16 bits for the pixels an inch. NaN is nonsense too. */
void fv_resolution(const fv_picture *p, double resolution[2])
{
	bool sound = true;
	for (int i = 0; i < 2; i++)
		sound = sound && p->resolution[i] * 25.4 >= 1 && p->resolution[i] * 25.4 <= 65535;
	for (int i = 0; i < 2; i++)
		resolution[i] = sound ? p->resolution[i] : 72 / 25.4;
}

/* Makes an image on the pixels, in the colours that the file will have. */
VipsImage *fv_picture_dress(const fv_picture *p, fv_format f)
{
	fv_pixels v = p->pixels;
	VipsImage *im = NULL, *out = NULL;
	double resolution[2];
	fv_resolution(p, resolution);
	if (v.stride_bytes == v.width * v.channels * v.bits / 8)
		im = vips_image_new_from_memory(
			v.data, (size_t)(v.height * v.stride_bytes), (int)v.width, (int)v.height,
			v.channels, v.bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
	else
		vips_error("pixels", "rows do not follow each other");
	im = im ? fv_next(im, &out,
	                  vips_copy(im, &out, "interpretation",
	                            v.bits == 16 ? VIPS_INTERPRETATION_RGB16
	                                         : VIPS_INTERPRETATION_sRGB,
	                            "xres", resolution[0], "yres", resolution[1], NULL))
	        : NULL;
	if (im && v.channels == 4 && f == FV_JPEG) {
		/* JPEG has no transparency, so the picture is laid on white, as on paper. */
		double white = v.bits == 16 ? 65535 : 255;
		VipsArrayDouble *background = vips_array_double_new(&white, 1);
		im = fv_next(im, &out, vips_flatten(im, &out, "background", background, NULL));
		vips_area_unref(VIPS_AREA(background));
	}
	return im ? fv_colour_out(im, p) : NULL;
}

static void look(VipsImage *im, void *progress, void *user)
{
	if (fv_cancelled(user))
		vips_image_set_kill(im, TRUE);
}

static fv_status encode(fv_err *err, fv_context *c, const fv_picture *p, fv_format f, int quality,
                        const char *path, void **data, size_t *bytes)
{
	fv_status st = FV_OK;
	VipsImage *im = fv_picture_dress(p, f);
	if (im && c) {
		vips_image_set_progress(im, TRUE);
		g_signal_connect_data(im, "eval", G_CALLBACK(look), c, NULL, 0);
	}
	if (!im || save(im, f, p, quality, data, bytes)) {
		char *why = vips_error_buffer_copy();
		st = fv_fail(err, FV_E_WRITE,
		             "%s: %" PRId64 " x %" PRId64
		             " pixels cannot be encoded: %.*s; another format may do",
		             path, p->pixels.width, p->pixels.height, (int)strcspn(why, "\n"), why);
		g_free(why);
	}
	if (im)
		g_object_unref(im);
	return st;
}

/* A file in parts: head, the encoded bytes from skip on, tail. */
typedef struct {
	fv_bytes head, tail;
	void *data;                     /* g_free, and so free() */
	size_t bytes, skip;
} parts;

static fv_status make(fv_err *err, fv_context *c, const fv_picture *p, fv_format f, int quality,
                      const char *path, parts *out)
{
	fv_status st = FV_OK;
	fv_bytes bare = { 0 };
	if (fv_bare_write(f, c, p, quality, &bare)) {
		out->data = bare.data;
		out->bytes = bare.bytes;
	} else if (!(c && fv_cancelled(c)) && !(st = fv_vips_ready(err)))
		st = encode(err, c, p, f, quality, path, &out->data, &out->bytes);
	if (c && fv_cancelled(c))
		st = fv_fail(err, FV_E_CANCELLED, "%s: stopped", path);
	const char *left = st ? NULL : fv_embed_leaves(f, p);
	if (left)
		fv_log(c, FV_LOG_WARNING,
		       "%s: its %s is more than a JPEG holds, and was left out; another format may "
		       "do",
		       path, left);
	if (!st)
		fv_embed(f, out->data, out->bytes, p, &out->head, &out->skip, &out->tail);
	if (!st && (out->head.failed || out->tail.failed))
		st = fv_fail_memory(err, path, out->head.bytes + out->tail.bytes);
	return st;
}

static fv_status put(fv_err *err, fv_writer *w, const parts *m)
{
	fv_status st = fv_writer_put(err, w, m->head.data, m->head.bytes);
	if (!st)
		st = fv_writer_put(err, w, (const char *)m->data + m->skip, m->bytes - m->skip);
	return st ? st : fv_writer_put(err, w, m->tail.data, m->tail.bytes);
}

static fv_status print(fv_err *err, const char *name, const parts *m)
{
	const struct { const void *data; size_t bytes; } part[] = {
		{ m->head.data, m->head.bytes },
		{ (const char *)m->data + m->skip, m->bytes - m->skip },
		{ m->tail.data, m->tail.bytes },
	};
	bool done = true;
	for (size_t i = 0; i < G_N_ELEMENTS(part) && done; i++)
		done = fwrite(part[i].data ? part[i].data : "", 1, part[i].bytes, stdout) ==
		       part[i].bytes;
	return done && !fflush(stdout) ? FV_OK : fv_fail_write(err, name);
}

fv_status fv_picture_encode(fv_err *err, fv_context *c, const fv_picture *p, fv_format f,
                            int quality, const char *path, fv_bytes *out)
{
	fv_bytes head = { 0 }, tail = { 0 };
	void *data = NULL;
	size_t bytes = 0, skip = 0;
	fv_status st = encode(err, c, p, f, quality, path, &data, &bytes);
	if (!st) {
		fv_embed(f, data, bytes, p, &head, &skip, &tail);
		fv_bytes_put(out, head.data, head.bytes);
		fv_bytes_put(out, (const uint8_t *)data + skip, bytes - skip);
		fv_bytes_put(out, tail.data, tail.bytes);
		if (head.failed || tail.failed || out->failed)
			st = fv_fail_memory(err, path, head.bytes + bytes + tail.bytes);
	}
	fv_bytes_free(&head);
	fv_bytes_free(&tail);
	free(data);
	return st;
}

fv_status fv_write_begin(fv_err *err, fv_context *c, const char *path, const fv_write_options *o,
                         fv_writer **w)
{
	*w = NULL;
	fv_status st = o->standard_output ? FV_OK : fv_writer_open(err, c, path, w);
	if (*w && o->keep_time)
		fv_writer_keep_time(*w);
	if (*w && o->aside)
		o->aside(fv_writer_path(*w));
	return st;
}

fv_status fv_write_end(fv_err *err, fv_writer *w, const fv_write_options *o,
                       const uint64_t *made, fv_status st)
{
	if (!w)
		return st;
	if (!st && o->whole) {
		uint64_t hash;
		int fd = fv_writer_file(w, &hash);
		o->whole(o->user, fd, made ? *made : hash);
	}
	if (st)
		fv_writer_abort(w);
	else
		st = fv_writer_commit(err, w);
	if (o->aside)
		o->aside(NULL);
	return st;
}

fv_status fv_picture_write(fv_err *err, fv_context *c, const fv_picture *p, const char *path,
                           const fv_write_options *opt)
{
	static const fv_write_options none;
	const fv_write_options *o = opt ? opt : &none;
	fv_format f = fv_format_of_ending(o->ending ? o->ending : path);
	fv_writer *w = NULL;
	parts m = { .bytes = 0 };
	if (f == FV_FORMAT_UNKNOWN)
		return fv_fail(
			err, FV_E_ARGUMENT,
			"%s: unknown ending; pictures are written as .jpg, .png, .webp, .tif or .gif",
			path);
	/* A place that cannot be written is found before the work of encoding. */
	fv_status st = fv_write_begin(err, c, path, o, &w);
	if (st)
		return st;
	st = make(err, c, p, f, o->quality ? o->quality : 92, path, &m);
	if (!st)
		st = w ? put(err, w, &m) : print(err, path, &m);
	fv_bytes_free(&m.head);
	fv_bytes_free(&m.tail);
	free(m.data);
	return fv_write_end(err, w, o, NULL, st);
}

fv_status fv_pixels_write(fv_err *err, fv_context *c, const fv_pixels *p, const char *path,
                          const fv_write_options *opt)
{
	return fv_picture_write(err, c, &(fv_picture){ .pixels = *p }, path, opt);
}
