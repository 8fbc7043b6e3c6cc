/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG and PNG of 8 bits that are nothing but a picture: no profile, no metadata, nothing to turn,
 * as most small ones are. libjpeg and libpng do these alone, with libvips' own settings, so that
 * the pixels are the same. At the first doubt (a segment that is not known here, a warning, a large
 * picture) libvips has to.
 *
 * Measured on an EPYC, reading, painting and writing one 1920x1080 JPEG by `hiroshige`, the
 * least processor time of 24 runs: 574 ms by this file, 604 by libvips in this process, 619 by
 * libvips with the child that decodes. When the last two come within 25 ms of the first this
 * file can go. */
#include "picture/internal.h"
#include "base/base.h"
#include <stdio.h>      /* before jpeglib.h, which wants FILE */
#include <jpeglib.h>
#include <png.h>
#include <setjmp.h>

#define LARGEST ((int64_t)4 << 20)      /* pixels: from here on loading libvips is not felt */

/* Not here when it is too large to be here: libvips' way says why. */
static bool allocate(fv_source *s, fv_picture *p, int64_t w, int64_t h, int channels)
{
	p->pixels = (fv_pixels){ w, h, channels, 8, w * channels, NULL };
	if (w * h > fv_min(s->max_pixels, LARGEST) ||
	    (!s->fits && h * p->pixels.stride_bytes + (int64_t)s->bytes > s->memory))
		return false;
	if (s->fits && s->fits(&s->refusal, s->user, &p->pixels, (int64_t)s->bytes))
		return false;
	s->refusal.status = FV_OK;
	s->admitted = true;
	return !s->place(NULL, s, p);
}

/* One grey byte to three, from the end of the row: in place. */
static void grey_to_rgb(uint8_t *row, int64_t width)
{
	for (int64_t x = width; x--;)
		row[3 * x] = row[3 * x + 1] = row[3 * x + 2] = row[x];
}

/* ------------------------------------------------------------------ JPEG */
typedef struct { struct jpeg_error_mgr manager; jmp_buf out; } jpeg_trouble;

static void jpeg_doubt(j_common_ptr c) { longjmp(((jpeg_trouble *)c->err)->out, 1); }
static void jpeg_hear(j_common_ptr c, int level)
{
	if (level < 0)
		jpeg_doubt(c);
}

/* SOI, JFIF and then nothing but tables and scans: APP1 to APP15 and comments may mean
 * something. */
static bool jpeg_bare(const uint8_t *d, size_t bytes)
{
	size_t at = 2;
	for (int i = 0; at <= bytes && bytes - at >= 4 && d[at] == 0xff; i++) {
		int marker = d[at + 1];
		if (marker == 0xda)
			return true;
		if ((marker >= 0xe1 && marker <= 0xef) || marker == 0xfe || (marker == 0xe0 && i) ||
		    marker < 0xc0)
			return false;
		at += 2 + fv_get_be(d + at + 2, 2);
	}
	return false;
}

static bool read_jpeg(fv_source *s, fv_picture *p)
{
	struct jpeg_decompress_struct c = { 0 };
	jpeg_trouble t;
	if (!jpeg_bare(s->data, s->bytes))
		return false;
	c.err = jpeg_std_error(&t.manager);
	t.manager.error_exit = jpeg_doubt;
	t.manager.emit_message = jpeg_hear;
	if (setjmp(t.out)) {
		jpeg_destroy_decompress(&c);
		return false;
	}
	jpeg_create_decompress(&c);
	jpeg_mem_src(&c, s->data, (unsigned long)s->bytes);
	jpeg_read_header(&c, TRUE);
	bool grey = c.jpeg_color_space == JCS_GRAYSCALE, said = c.saw_JFIF_marker && c.density_unit;
	if ((!grey && c.jpeg_color_space != JCS_YCbCr) || c.data_precision != 8 ||
	    (!said && c.saw_JFIF_marker && (c.X_density != 1 || c.Y_density != 1)) ||
	    (said && (!c.X_density || !c.Y_density || c.density_unit > 2)) ||
	    !allocate(s, p, c.image_width, c.image_height, 3))
		jpeg_doubt((j_common_ptr)&c);
	double unit = c.density_unit == 1 ? 25.4 : 10;
	p->resolution[0] = said ? c.X_density / unit : 72 / 25.4;
	p->resolution[1] = said ? c.Y_density / unit : 72 / 25.4;
	jpeg_start_decompress(&c);
	while (c.output_scanline < c.output_height) {
		JSAMPROW row = (uint8_t *)p->pixels.data +
		               c.output_scanline * p->pixels.stride_bytes;
		jpeg_read_scanlines(&c, &row, 1);
		if (grey)
			grey_to_rgb(row, p->pixels.width);
	}
	jpeg_finish_decompress(&c);
	jpeg_destroy_decompress(&c);
	return true;
}

typedef struct {
	struct jpeg_destination_mgr manager;
	fv_bytes *out;
	JOCTET piece[1 << 14];
} jpeg_output;

static void jpeg_begin(j_compress_ptr c)
{
	jpeg_output *o = (jpeg_output *)c->dest;
	o->manager.next_output_byte = o->piece;
	o->manager.free_in_buffer = sizeof o->piece;
}

static boolean jpeg_put(j_compress_ptr c)
{
	jpeg_output *o = (jpeg_output *)c->dest;
	fv_bytes_put(o->out, o->piece, sizeof o->piece);
	if (o->out->failed)
		jpeg_doubt((j_common_ptr)c);
	jpeg_begin(c);
	return TRUE;
}

static void jpeg_end(j_compress_ptr c)
{
	jpeg_output *o = (jpeg_output *)c->dest;
	fv_bytes_put(o->out, o->piece, sizeof o->piece - o->manager.free_in_buffer);
	if (o->out->failed)
		jpeg_doubt((j_common_ptr)c);
}

/* libjpeg looks in at every row of blocks, those of the second pass too. */
typedef struct { struct jpeg_progress_mgr manager; const fv_context *context; } jpeg_watch;

static void jpeg_look(j_common_ptr c)
{
	const jpeg_watch *w = (const jpeg_watch *)c->progress;
	if (w->context && fv_cancelled(w->context))
		jpeg_doubt(c);
}

static bool write_jpeg(const fv_context *context, const fv_picture *p, int quality, fv_bytes *out)
{
	struct jpeg_compress_struct c = { 0 };
	jpeg_trouble t;
	double resolution[2];
	fv_resolution(p, resolution);
	jpeg_output to = { .manager = { .init_destination = jpeg_begin,
	                                .empty_output_buffer = jpeg_put,
	                                .term_destination = jpeg_end },
	                   .out = out };
	c.err = jpeg_std_error(&t.manager);
	t.manager.error_exit = jpeg_doubt;
	t.manager.emit_message = jpeg_hear;
	if (setjmp(t.out)) {
		jpeg_destroy_compress(&c);
		fv_bytes_free(out);
		return false;
	}
	jpeg_create_compress(&c);
	jpeg_watch watch = { .manager = { .progress_monitor = jpeg_look }, .context = context };
	c.progress = &watch.manager;
	c.dest = &to.manager;
	c.image_width = (JDIMENSION)p->pixels.width;
	c.image_height = (JDIMENSION)p->pixels.height;
	c.input_components = 3;
	c.in_color_space = JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, quality, TRUE);
	c.optimize_coding = TRUE;
	if (quality >= 90)
		c.comp_info[0].h_samp_factor = c.comp_info[0].v_samp_factor = 1;
	c.density_unit = 1;
	c.X_density = (UINT16)(resolution[0] * 25.4 + 0.5);
	c.Y_density = (UINT16)(resolution[1] * 25.4 + 0.5);
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < c.image_height) {
		JSAMPROW row = (uint8_t *)p->pixels.data + c.next_scanline * p->pixels.stride_bytes;
		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	return true;
}

/* ------------------------------------------------------------------ PNG */
static void png_doubt(png_structp png, png_const_charp text) { longjmp(png_jmpbuf(png), 1); }

static bool png_bare(const uint8_t *d, size_t bytes)
{
	static const char known[][5] = { "IHDR", "pHYs", "sRGB", "tIME", "IDAT", "IEND" };
	for (size_t at = 8, length; at <= bytes && bytes - at >= 12; at += 12 + length) {
		size_t i = 0;
		while (i < FV_COUNT(known) && memcmp(d + at + 4, known[i], 4))
			i++;
		length = fv_get_be(d + at, 4);
		if (i == FV_COUNT(known) || length > bytes - at - 12)
			return false;
		if (i == FV_COUNT(known) - 1)
			return true;
	}
	return false;
}

typedef struct { const uint8_t *data; size_t left; } png_input;

static void png_take(png_structp png, png_bytep to, size_t n)
{
	png_input *in = png_get_io_ptr(png);
	if (n > in->left)
		png_doubt(png, NULL);
	memcpy(to, in->data, n);
	in->data += n;
	in->left -= n;
}

static bool read_png(fv_source *s, fv_picture *p)
{
	png_input in = { s->data, s->bytes };
	if (!png_bare(s->data, s->bytes))
		return false;
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, png_doubt, png_doubt);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_read_struct(&png, &info, NULL);
		return false;
	}
	png_set_read_fn(png, &in, png_take);
	png_read_info(png, info);
	int kind = png_get_color_type(png, info), unit = PNG_RESOLUTION_METER;
	png_uint_32 w = png_get_image_width(png, info), h = png_get_image_height(png, info),
		    across = 0, down = 0;
	bool grey = kind == PNG_COLOR_TYPE_GRAY,
	     said = png_get_pHYs(png, info, &across, &down, &unit);
	if ((!grey && kind != PNG_COLOR_TYPE_RGB && kind != PNG_COLOR_TYPE_RGB_ALPHA) ||
	    png_get_bit_depth(png, info) != 8 ||
	    png_get_interlace_type(png, info) != PNG_INTERLACE_NONE ||
	    unit != PNG_RESOLUTION_METER ||
	    (said && (!across || !down || across == 1000 || down == 1000)) ||
	    !allocate(s, p, w, h, kind == PNG_COLOR_TYPE_RGB_ALPHA ? 4 : 3))
		png_doubt(png, NULL);
	p->resolution[0] = said ? across / 1000.0 : 72 / 25.4;
	p->resolution[1] = said ? down / 1000.0 : 72 / 25.4;
	for (int64_t y = 0; y < h; y++) {
		png_bytep row = (uint8_t *)p->pixels.data + y * p->pixels.stride_bytes;
		png_read_row(png, row, NULL);
		if (grey)
			grey_to_rgb(row, w);
	}
	png_read_end(png, NULL);
	png_destroy_read_struct(&png, &info, NULL);
	return true;
}

static void png_put(png_structp png, png_bytep data, size_t n)
{
	fv_bytes *out = png_get_io_ptr(png);
	fv_bytes_put(out, data, n);
	if (out->failed)
		png_doubt(png, NULL);
}

static void png_flushed(png_structp png) { }

static bool write_png(const fv_context *context, const fv_picture *p, fv_bytes *out)
{
	const fv_pixels *v = &p->pixels;
	double resolution[2];
	fv_resolution(p, resolution);
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, png_doubt,
	                                          png_doubt);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		fv_bytes_free(out);
		return false;
	}
	png_set_write_fn(png, out, png_put, png_flushed);
	png_set_IHDR(png, info, (png_uint_32)v->width, (png_uint_32)v->height, 8,
	             v->channels == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB,
	             PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_pHYs(png, info, (png_uint_32)(resolution[0] * 1000 + 0.5),
	             (png_uint_32)(resolution[1] * 1000 + 0.5), PNG_RESOLUTION_METER);
	png_set_compression_level(png, FV_PNG_LEVEL);
	png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
	png_write_info(png, info);
	for (int64_t y = 0; y < v->height; y++) {
		if (context && fv_cancelled(context))
			png_doubt(png, NULL);
		png_write_row(png, (png_const_bytep)v->data + y * v->stride_bytes);
	}
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	return true;
}

bool fv_bare_read(fv_source *s, fv_picture *p)
{
	bool done = (s->format == FV_JPEG || s->format == FV_PNG) &&
	            !fv_not_whole(s->format, s->data, s->bytes) &&
	            (s->format == FV_JPEG ? read_jpeg(s, p) : read_png(s, p));
	if (!done)
		fv_picture_forget(p);
	return done;
}

bool fv_bare_write(fv_format f, const fv_context *c, const fv_picture *p, int quality,
                   fv_bytes *out)
{
	if (p->into_profile || p->pixels.bits != 8 || p->pixels.channels < 3)
		return false;
	return f == FV_PNG                               ? write_png(c, p, out)
	       : f == FV_JPEG && p->pixels.channels == 3 ? write_jpeg(c, p, quality, out)
	                                                 : false;
}
