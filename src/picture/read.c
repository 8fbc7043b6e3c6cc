/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: bytes > loader that is safe for strangers' files > limits > upright > sRGB > memory. In
 * this process or, of most files, in a child (child.c); open.c decides. */
#include "picture/internal.h"
#include "base/base.h"
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

#define STRIP 64                        /* rows decoded at a time */
#define ROOM (48 << 20)                 /* bytes for everything but pixels, libvips among it */

/* What libvips' decoders say goes to GLib's log, of the process and not of the picture: the last
 * sentence is kept here. Two threads that decode two damaged files may each get the other's reason;
 * nothing else. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char heard[200];

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

void fv_vips_hear(const char *domain, GLogLevelFlags level, const char *text, void *user)
{
	if (!text || begins(text, "error in tile"))
		return;
	pthread_mutex_lock(&lock);
	snprintf(heard, sizeof heard, "%s", text);
	pthread_mutex_unlock(&lock);
}

/* Why the last step failed, in the words of libvips or of the decoder under it. */
static void reason(char *text, size_t room)
{
	char *all = vips_error_buffer_copy();                   /* a copy that clears */
	const char *from = all, *colon = strstr(all, ": ");
	size_t n = strcspn(all, "\n");
	/* "VipsJpeg: Bogus marker length": the sentence only */
	if (colon && colon < all + n && colon - all < 24)
		from = colon + 2;
	n = strcspn(from, "\n");
	pthread_mutex_lock(&lock);
	if ((!n || begins(from, "libpng read error") || begins(from, "libspng read error")) &&
	    *heard)
		snprintf(text, room, "%s", heard);
	else
		snprintf(text, room, "%.*s", (int)MIN(n, 160), n ? from : "it cannot be decoded");
	*heard = 0;
	pthread_mutex_unlock(&lock);
	g_free(all);
}

static fv_status refuse(fv_err *err, const fv_source *s)
{
	char text[256];
	reason(text, sizeof text);
	const char *odd = fv_not_whole(s->format, s->data, s->bytes);
	return fv_fail(err, FV_E_FORMAT,
	               "%s: this %s cannot be decoded: %s; fetch it again, or save it anew",
	               s->path, s->format_name, odd ? odd : text);
}

/* Bytes that decoding takes beside the pixels: the file, what the format's decoder keeps, a picture
 * once more where its rows do not come in order. */
static int64_t decoding_bytes(const fv_source *s, const VipsImage *im, const fv_pixels *size)
{
	int64_t pixel = fv_limits_decoder(s->format), out = size->channels * size->bits / 8;
	bool interlaced = vips_image_get_typeof(im, "interlaced");
	if (im->BandFmt == VIPS_FORMAT_FLOAT)
		pixel += 4 * im->Bands;
	if (interlaced && s->format == FV_JPEG)
		pixel += 2 * im->Bands;                         /* coefficients of 16 bits */
	else if (interlaced)
		pixel += out;
	if (vips_image_get_orientation((VipsImage *)(uintptr_t)im) > 1)
		pixel += out;
	return size->width * size->height * pixel + (int64_t)s->bytes + ROOM;
}

/* Before anything of the picture's size is taken. The size is that of what comes out; channels are
 * only expected. */
static fv_status admit(fv_err *err, fv_source *s, const fv_pixels *size, int64_t decoding)
{
	fv_status st = s->fits && !s->admitted ? s->fits(err, s->user, size, decoding) : FV_OK;
	int64_t need = size->height * size->stride_bytes + decoding;
	if (st)
		return st;
	s->admitted = true;
	/* GLib ends the process when it gets none */
	void *probe = need > s->memory ? NULL : malloc((size_t)need);
	free(probe);
	return probe ? FV_OK
	             : fv_fail(err, FV_E_MEMORY,
	                       "%s: %" PRId64 " x %" PRId64
	                       " pixels need %.0f MB of memory, which cannot be had; close other "
	                       "programs, allow more, or take a smaller copy",
	                       s->path, size->width, size->height, (double)need / 1e6);
}

static fv_status check_limits(fv_err *err, fv_source *s, VipsImage *im)
{
	fv_status st = fv_limits_check(err, s, im->Xsize, im->Ysize);
	if (st)
		return st;
	bool turned = vips_image_get_orientation(im) > 4,
	     narrow = im->BandFmt == VIPS_FORMAT_UCHAR || im->BandFmt == VIPS_FORMAT_CHAR;
	fv_pixels size = { turned ? im->Ysize : im->Xsize,
		           turned ? im->Xsize : im->Ysize,
		           vips_image_hasalpha(im) ? 4 : 3,
		           narrow ? 8 : 16,
		           0,
		           NULL };
	size.stride_bytes = size.width * size.channels * size.bits / 8;
	return admit(err, s, &size, decoding_bytes(s, im, &size));
}

/* WebP's loader takes memory for the picture as it reads the header: VP8X, VP8L and VP8 say their
 * size in the first bytes. */
static fv_status check_webp(fv_err *err, fv_source *s)
{
	const uint8_t *p = s->data + 12;
	fv_pixels size = { .channels = 3, .bits = 8 };
	if (s->format != FV_WEBP || s->bytes < 30)
		return FV_OK;
	if (!memcmp(p, "VP8X", 4)) {
		size.width = 1 + (int64_t)fv_get_le(p + 12, 3);
		size.height = 1 + (int64_t)fv_get_le(p + 15, 3);
		size.channels += p[8] >> 4 & 1;
	} else if (!memcmp(p, "VP8L", 4)) {
		uint32_t bits = fv_get_le(p + 9, 4);
		size.width = 1 + (bits & 0x3fff);
		size.height = 1 + (bits >> 14 & 0x3fff);
		size.channels += bits >> 28 & 1;
	} else {
		size.width = fv_get_le(p + 14, 2) & 0x3fff;
		size.height = fv_get_le(p + 16, 2) & 0x3fff;
	}
	size.stride_bytes = size.width * size.channels;
	fv_status st = fv_limits_check(err, s, size.width, size.height);
	if (st || !size.width || !size.height)
		return st;
	return admit(err, s, &size,
	             size.width * size.height * (fv_limits_decoder(s->format) + size.channels) +
	                     (int64_t)s->bytes + ROOM);
}

/* Half, a quarter or an eighth come cheaply out of a JPEG; still twice as large as what is wanted,
 * so that the last step is a good one. */
static int shrink_of(const fv_source *s, const VipsImage *im)
{
	int shrink = 1;
	if (s->format == FV_JPEG && s->longest)
		while (shrink < 8 && MAX(im->Xsize, im->Ysize) / (4 * shrink) >= s->longest)
			shrink *= 2;
	return shrink;
}

static void *copy_field(VipsImage *im, const char *name, GValue *value, void *to)
{
	if (begins(name, "exif-ifd") || !strcmp(name, VIPS_META_LOADER) ||
	    !strcmp(name, VIPS_META_ORIENTATION))
		vips_image_set(to, name, value);
	return NULL;
}

static void *copy_exif(VipsImage *im, const char *name, GValue *value, void *to)
{
	if (begins(name, "exif-ifd"))
		vips_image_set(to, name, value);
	return NULL;
}

static bool blob(VipsImage *im, const char *name, const void **data, size_t *bytes)
{
	return vips_image_get_typeof(im, name) && !vips_image_get_blob(im, name, data, bytes);
}

/* libvips says in words what a JPEG's EXIF says: that of a TIFF is shown to it in one. */
static void tell_exif(fv_picture *p)
{
	void *data = NULL;
	size_t bytes = 0, skip = 0;
	fv_bytes file = {0}, tail = {0};
	VipsImage *im = NULL;
	const fv_picture of = {.exif = p->exif};
	if (!vips_jpegsave_buffer(p->facts, &data, &bytes, "strip", TRUE, NULL)) {
		fv_embed(FV_JPEG, data, bytes, &of, &file, &skip, &tail);
		fv_bytes_put(&file, (const uint8_t *)data + skip, bytes - skip);
		if (!file.failed && !vips_jpegload_buffer(file.data, file.bytes, &im, NULL))
			vips_image_map(im, copy_exif, p->facts);
		if (im)
			g_object_unref(im);
	}
	fv_bytes_free(&file);
	g_free(data);
	vips_error_clear();
}

/* How many pictures the file has, and a film's pace. */
static void keep_pages(const fv_source *s, fv_picture *p, VipsImage *im)
{
	int *delay, count = 0;
	p->pages = s->format == FV_TIFF ? fv_tiff_pages(s) : vips_image_get_n_pages(im);
	if (s->format == FV_PNG)
		fv_apng_look(s, p);
	if (s->format != FV_GIF && s->format != FV_WEBP)
		return;
	if (vips_image_get_typeof(im, "loop"))
		vips_image_get_int(im, "loop", &p->loop);
	if (vips_image_get_typeof(im, "delay") &&
	    !vips_image_get_array_int(im, "delay", &delay, &count))
		for (int i = 0; i < count && p->pages > 1; i++)
			fv_put_le(&p->delays, (uint32_t)delay[i], 4);
}

/* What the file says of itself, taken over before its bytes are let go. */
static fv_status keep_metadata(fv_err *err, const fv_source *s, fv_picture *p, VipsImage *im)
{
	const void *data;
	size_t bytes;
	bool turned = vips_image_get_orientation(im) > 4;
	if (vips_black(&p->facts, 1, 1, NULL))
		return fv_fail_memory(err, s->path, sizeof *p->facts);
	p->facts->Type = im->Type;
	vips_image_map(im, copy_field, p->facts);
	if (blob(im, VIPS_META_EXIF_NAME, &data, &bytes))
		fv_exif_keep(data, bytes, s->all, turned ? im->Ysize : im->Xsize,
		             turned ? im->Xsize : im->Ysize, &p->exif);
	if (!s->all && blob(im, VIPS_META_EXIF_NAME, &data, &bytes))
		p->left |= fv_exif_private(data, bytes);
	if (blob(im, VIPS_META_XMP_NAME, &data, &bytes)) {
		fv_xmp_keep(data, bytes, s->all, &p->xmp);
		p->left |= s->all ? 0 : fv_xmp_private(data, bytes);
	}
	if (blob(im, VIPS_META_IPTC_NAME, &data, &bytes)) {
		fv_iptc_keep(data, bytes, s->all, &p->iptc);
		p->left |= s->all || p->iptc.bytes + 12 >= bytes ? 0 : FV_LEFT_TEXTS;
	}
	if (s->format == FV_JPEG)
		p->left |= fv_jpeg_beside(s->data, s->bytes);
	if (!s->all && p->left & FV_LEFT_COMMENT) /* a text as private as others */
		p->left ^= FV_LEFT_COMMENT | (p->left & FV_LEFT_TEXTS ? 0 : FV_LEFT_TEXTS);
	if (s->format == FV_PNG)
		fv_texts_keep(s->data, s->bytes, s->all, &p->texts, &p->left);
	/* libvips gives no EXIF of a TIFF, whose directories are EXIF's own. */
	if (s->format == FV_TIFF && !p->exif.bytes) {
		fv_bytes tags = {0};
		fv_tiff_tags(s, &tags);
		data = tags.bytes ? tags.data : s->data;
		bytes = tags.bytes ? tags.bytes : s->bytes;
		fv_exif_keep(data, bytes, s->all, turned ? im->Ysize : im->Xsize,
			     turned ? im->Xsize : im->Ysize, &p->exif);
		p->left |= s->all ? 0 : fv_exif_private(data, bytes);
		p->exif.failed |= tags.failed;
		fv_bytes_free(&tags);
	}
	if (s->format == FV_TIFF && s->facts && p->exif.bytes)
		tell_exif(p);
	keep_pages(s, p, im);
	/* 1 a millimetre is libvips' "not said"; programs say 72 an inch then. */
	bool said = im->Xres > 0 && im->Yres > 0 && im->Xres != 1;
	p->resolution[0] = said ? turned ? im->Yres : im->Xres : 72 / 25.4;
	p->resolution[1] = said ? turned ? im->Xres : im->Yres : 72 / 25.4;
	return p->exif.failed || p->xmp.failed || p->iptc.failed || p->delays.failed ||
			       p->texts.failed
		       ? fv_fail_memory(err, s->path, s->bytes)
		       : FV_OK;
}

void fv_picture_forget(fv_picture *p)
{
	if (p->facts)
		g_object_unref(p->facts);
	if (p->mapped)
		munmap(p->pixels.data, p->mapped);
	else
		free(p->pixels.data);
	free(p->about);
	fv_bytes_free(&p->profile);
	fv_bytes_free(&p->exif);
	fv_bytes_free(&p->xmp);
	fv_bytes_free(&p->iptc);
	fv_bytes_free(&p->delays);
	fv_bytes_free(&p->texts);
	*p = (fv_picture){ 0 };
}

/* Rows are taken strip by strip, so that a long wait can be ended. */
static fv_status take_rows(fv_err *err, const fv_source *s, VipsImage *im, const fv_pixels *to)
{
	VipsRegion *r = vips_region_new(im);
	fv_status st = FV_OK;
	for (int y = 0; y < im->Ysize && !st && r; y += STRIP) {
		VipsRect a = { 0, y, im->Xsize, MIN(STRIP, im->Ysize - y) };
		if (fv_source_cancelled(s))
			st = fv_fail(err, FV_E_CANCELLED, "%s: stopped", s->path);
		else if (vips_region_prepare(r, &a))
			st = refuse(err, s);
		for (int k = 0; k < a.height && !st; k++)
			memcpy((char *)to->data + (y + k) * to->stride_bytes,
			       VIPS_REGION_ADDR(r, 0, y + k), (size_t)to->stride_bytes);
	}
	if (!r)
		return refuse(err, s);
	g_object_unref(r);
	return st;
}

/* Real numbers are light from 0 to 1. All rows must lie in memory to be looked at first. */
static VipsImage *look_for_more(VipsImage *im, const fv_source *s, fv_err *warning)
{
	double most = 0;
	if (im->BandFmt != VIPS_FORMAT_FLOAT || !(im = fv_next(im, vips_image_copy_memory(im), 0)))
		return im;
	const float *v = (const float *)(void *)im->data;
	const int64_t count = (int64_t)im->Xsize * im->Ysize * im->Bands;
	for (int64_t i = 0; i < count; i++)
		most = v[i] > most ? (double)v[i] : most;
	if (most > 1.02)
		fv_fail(warning, FV_E_FORMAT,
			"%s: has numbers up to %.4g where 1 is white; all above is white", s->path,
			most);
	return im;
}

static fv_status decode(fv_err *err, fv_source *s, VipsFailOn fail, fv_picture *p, fv_err *warning)
{
	VipsImage *im = NULL, *out = NULL;
	fv_tiff_colours colours;
	fv_status st = check_webp(err, s);
	if (st || (st = fv_tiff_look(err, s, &colours)))
		return st;
	if (s->format == FV_JPEG && fv_jpeg_inks_unknown(s->data, s->bytes))
		return fv_fail(
			err, FV_E_FORMAT,
			"%s: this JPEG has inks (CMYK) and no marker of Adobe's, so that nothing "
			"says whether its numbers are ink or light; save it anew as RGB",
			s->path);
	const size_t bytes = fv_believed(s->format, s->data, s->bytes);
	const int page = s->format == FV_TIFF ? fv_tiff_number(s, s->page) : s->page;
	if (!(im = fv_format_open(s->format, s->data, bytes, fail, 1, page)))
		return refuse(err, s);
	st = check_limits(err, s, im);
	int shrink = st ? 1 : shrink_of(s, im);
	if (!st && shrink > 1) {
		g_object_unref(im);
		im = fv_format_open(s->format, s->data, bytes, fail, shrink, page);
		if (!im)
			return refuse(err, s);
	}
	if (!st)
		st = keep_metadata(err, s, p, im);
	if (st) {
		g_object_unref(im);
		return st;
	}
	im = fv_tiff_convert(colours.real ? look_for_more(im, s, warning) : im, &colours);
	/* Turning reads columns, so all rows must lie in memory first. */
	if (im && vips_image_get_orientation(im) > 1)
		im = fv_next(im, vips_image_copy_memory(im), 0);
	im = im ? fv_next(im, out, vips_autorot(im, &out, NULL)) : NULL;
	im = fv_colour_in(im, p, s->format == FV_PNG ? fv_png_exponent(s->data, s->bytes) : 1,
	                  warning, s->path);
	if (!s->all)
		fv_profile_keep(&p->profile);
	if (im && p->profile.failed)
		g_object_unref(im);
	if (p->profile.failed)
		return fv_fail_memory(err, s->path, s->bytes);
	if (!im)
		return refuse(err, s);
	int depth = im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;
	p->pixels = (fv_pixels){
		im->Xsize, im->Ysize, im->Bands, depth, (int64_t)im->Xsize * im->Bands * depth / 8,
		NULL
	};
	if (!(st = s->place(err, s, p)))
		st = take_rows(err, s, im, &p->pixels);
	g_object_unref(im);
	return st;
}

/* Rows that were not decoded are all one value; a picture of nothing else was not read at all. */
static bool nothing_read(const fv_pixels *p)
{
	const uint8_t *first = p->data;
	const int64_t pixel = p->channels * p->bits / 8;
	for (int64_t i = pixel; i < p->height * p->stride_bytes; i++)
		if (first[i] != first[i - pixel])
			return false;
	return true;
}

/* A frame behind the first: decoded as the PNG that it would be. */
static fv_status decode_frame(fv_err *err, fv_source *s, fv_picture *p, fv_err *warning)
{
	fv_bytes page = {0};
	if (s->bytes < 33)
		return fv_fail(err, FV_E_FORMAT, "%s: this PNG is cut off; fetch it again",
			       s->path);
	const int64_t w = fv_get_be(s->data + 16, 4), h = fv_get_be(s->data + 20, 4);
	const fv_pixels size = {w, h, 4, 8, 4 * w, NULL};
	fv_status st = fv_limits_check(err, s, w, h);
	if (!st && (w < 1 || h < 1))
		st = fv_fail(err, FV_E_FORMAT, "%s: this PNG has no pixels", s->path);
	if (!st)
		st = admit(err, s, &size, fv_apng_bytes(w * h) + (int64_t)s->bytes + ROOM);
	if (!st && !(st = fv_apng_page(err, s, &page))) {
		fv_source one = *s;
		one.data = page.data, one.bytes = page.bytes, one.page = 0;
		st = fv_decode(err, &one, p, warning);
		fv_apng_look(s, p);
	}
	fv_bytes_free(&page);
	return st;
}

fv_status fv_decode(fv_err *err, fv_source *s, fv_picture *p, fv_err *warning)
{
	if (s->format == FV_PNG && s->page)
		return decode_frame(err, s, p, warning);
	fv_err first = { 0 };
	*warning = (fv_err){ 0 };
	if (!s->longest && !s->facts && !s->bare_tried && fv_bare_read(s, p))
		return FV_OK;
	fv_status st = fv_vips_ready(err);
	if (st)
		return st;
	st = decode(&first, s, VIPS_FAIL_ON_WARNING, p, warning);
	if (st == FV_E_FORMAT) {
		/* The file is damaged. What can be read of it is better than nothing, if the
		 * warning says so. */
		fv_picture_forget(p);
		*warning = (fv_err){ 0 };
		if (!(st = decode(err, s, VIPS_FAIL_ON_NONE, p, warning)) &&
		    nothing_read(&p->pixels))
			st = fv_fail(err, FV_E_FORMAT, "%s", first.text);
		if (!st) {
			const char *odd = fv_not_whole(s->format, s->data, s->bytes);
			fv_fail(warning, FV_E_FORMAT, "%s: %s; the readable part was taken",
			        s->path, odd ? odd : "it is damaged or cut off");
		}
	} else if (st)
		fv_fail(err, st, "%s", first.text);
	const char *odd = st || warning->status ? NULL : fv_not_whole(s->format, s->data, s->bytes);
	if (odd)
		fv_fail(warning, FV_E_FORMAT, "%s: %s; the readable part was taken", s->path, odd);
	vips_error_clear();
	return st;
}

fv_status fv_picture_reduce(fv_err *err, fv_source *s, fv_picture *p)
{
	VipsImage *im = NULL, *part = NULL;
	fv_picture full = { .pixels = p->pixels, .mapped = p->mapped };
	const fv_pixels v = p->pixels;
	double longer = (double)MAX(v.width, v.height),
	       scale = longer > (double)s->longest ? (double)s->longest / longer : 1;
	if (v.channels == 3 && v.bits == 8 && scale == 1 && !p->mapped)
		return FV_OK;
	fv_status st = fv_vips_ready(err);
	if (st)
		return st;
	im = vips_image_new_from_memory(v.data, (size_t)(v.height * v.stride_bytes), (int)v.width,
	                                (int)v.height, v.channels,
	                                v.bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
	if (im && v.channels == 4)
		im = fv_next(im, part, vips_extract_band(im, &part, 0, "n", 3, NULL));
	part = NULL;
	if (im && v.bits == 16)
		im = fv_next(im, part,
		             vips_linear1(im, &part, 1 / 257.0, 0.5, "uchar", TRUE, NULL));
	part = NULL;
	/* The long side exactly, the other as near as it goes, and never nothing. */
	if (im && scale < 1)
		im = fv_next(im, part,
		             vips_resize(im, &part, MAX(scale, 1.0 / (double)v.width), "vscale",
		                         MAX(scale, 1.0 / (double)v.height), "kernel",
		                         VIPS_KERNEL_LANCZOS3, NULL));
	if (!im)
		return fv_fail_memory(err, s->path, (size_t)(v.height * v.stride_bytes));
	p->pixels = (fv_pixels){ im->Xsize, im->Ysize, 3, 8, im->Xsize * 3, NULL };
	p->mapped = 0;
	if (!(st = fv_source_place(err, s, p)))
		st = take_rows(err, s, im, &p->pixels);
	g_object_unref(im);
	fv_picture_forget(&full);
	return st;
}
