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
	fv_pixels size = { .bits = 8 };
	if (s->format != FV_WEBP || s->bytes < FV_WEBP_HEAD)
		return FV_OK;
	size.channels = fv_webp_size(s->data, &size.width, &size.height);
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

static bool blob(VipsImage *im, const char *name, const void **data, size_t *bytes)
{
	return vips_image_get_typeof(im, name) && !vips_image_get_blob(im, name, data, bytes);
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
	if (blob(im, VIPS_META_XMP_NAME, &data, &bytes))
		fv_xmp_keep(data, bytes, s->all, &p->xmp);
	if (blob(im, VIPS_META_IPTC_NAME, &data, &bytes))
		fv_iptc_keep(data, bytes, s->all, &p->iptc);
	/* libvips gives no EXIF of a TIFF, whose directories are EXIF's own. */
	if (s->format == FV_TIFF && !p->exif.bytes)
		fv_exif_keep(s->data, s->bytes, s->all, turned ? im->Ysize : im->Xsize,
		             turned ? im->Xsize : im->Ysize, &p->exif);
	/* 1 a millimetre is libvips' "not said"; programs say 72 an inch then. */
	bool said = im->Xres > 0 && im->Yres > 0 && im->Xres != 1;
	p->resolution[0] = said ? turned ? im->Yres : im->Xres : 72 / 25.4;
	p->resolution[1] = said ? turned ? im->Xres : im->Yres : 72 / 25.4;
	return p->exif.failed || p->xmp.failed || p->iptc.failed
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

static fv_status decode(fv_err *err, fv_source *s, VipsFailOn fail, fv_picture *p, fv_err *warning)
{
	VipsImage *im = NULL, *out = NULL;
	fv_status st = check_webp(err, s);
	if (st)
		return st;
	const size_t bytes = fv_believed(s->format, s->data, s->bytes);
	if (!(im = fv_format_open(s->format, s->data, bytes, fail, 1)))
		return refuse(err, s);
	st = check_limits(err, s, im);
	int shrink = st ? 1 : shrink_of(s, im);
	if (!st && shrink > 1) {
		g_object_unref(im);
		im = fv_format_open(s->format, s->data, bytes, fail, shrink);
		if (!im)
			return refuse(err, s);
	}
	if (!st)
		st = keep_metadata(err, s, p, im);
	if (st) {
		g_object_unref(im);
		return st;
	}
	/* Turning reads columns, so all rows must lie in memory first. */
	if (vips_image_get_orientation(im) > 1)
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

fv_status fv_decode(fv_err *err, fv_source *s, fv_picture *p, fv_err *warning)
{
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
