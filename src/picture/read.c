/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: bytes > loader that is safe for strangers' files > limits > upright > sRGB > memory. */
#include "picture/internal.h"
#include "base/base.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What libvips' decoders say goes to GLib's log, of the process and not of the picture: the last sentence is kept here.
 * Two threads that decode two damaged files may each get the other's reason; nothing else. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char heard[200];

static bool begins(const char *text, const char *with) { return !strncmp(text, with, strlen(with)); }

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
	if (colon && colon < all + n && colon - all < 24)       /* "VipsJpeg: Bogus marker length": the sentence only */
		from = colon + 2;
	n = strcspn(from, "\n");
	pthread_mutex_lock(&lock);
	if ((!n || begins(from, "libpng read error") || begins(from, "libspng read error")) && *heard)
		snprintf(text, room, "%s", heard);
	else
		snprintf(text, room, "%.*s", (int)MIN(n, 160), n ? from : "it cannot be decoded");
	*heard = 0;
	pthread_mutex_unlock(&lock);
	g_free(all);
}

typedef struct {
	const char *path;
	uint8_t *data;                  /* malloc */
	size_t bytes;
	fv_format format;
	const char *format_name;
	int64_t max_pixels, longest;    /* longest side that is wanted; 0: all pixels */
	bool all;                       /* metadata that is private too */
	bool facts;                     /* what the file says of itself is asked for */
} source;

static fv_status load_bytes(fv_err *err, source *s)
{
	struct stat info;
	/* Not blocking: a fifo without a writer must not hold us up. */
	int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fv_fail(err, FV_E_READ, "%s: cannot be opened: %s", s->path, strerror(errno));
	fv_status st = FV_OK;
	if (fstat(fd, &info) || !S_ISREG(info.st_mode))
		st = fv_fail(err, FV_E_READ, "%s: is not a file%s", s->path, S_ISDIR(info.st_mode) ? " but a folder" : "");
	else if (info.st_size > FV_PICTURE_BYTES_MAX)
		st = fv_fail(err, FV_E_LIMIT, "%s: %.0f MB are over the limit of %.0f MB for a file", s->path, (double)info.st_size / 1e6,
		             (double)FV_PICTURE_BYTES_MAX / 1e6);
	else if (!info.st_size)
		st = fv_fail(err, FV_E_FORMAT, "%s: is empty; fetch it again", s->path);
	else if (!(s->data = malloc((size_t)info.st_size)))
		st = fv_fail_memory(err, s->path, (size_t)info.st_size);
	while (!st && s->bytes < (size_t)info.st_size) {
		ssize_t got = read(fd, s->data + s->bytes, (size_t)info.st_size - s->bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			st = fv_fail(err, FV_E_READ, "%s: cannot be read: %s", s->path, strerror(errno));
		if (got <= 0)
			break;
		s->bytes += (size_t)got;
	}
	close(fd);
	if (!st && (s->format = fv_format_of_bytes(s->data, s->bytes, &s->format_name)) == FV_FORMAT_UNKNOWN)
		st = fv_fail(err, FV_E_FORMAT, "%s: is no picture that fauve reads (JPEG, PNG, WebP, TIFF, GIF, HEIF)%s%s; convert it, or fetch it again",
		             s->path, s->format_name ? " but looks like " : "", s->format_name ? s->format_name : "");
	return st;
}

static fv_status refuse(fv_err *err, const source *s)
{
	char text[256];
	reason(text, sizeof text);
	const char *odd = fv_not_whole(s->format, s->data, s->bytes);
	return fv_fail(err, FV_E_FORMAT, "%s: this %s cannot be decoded: %s; fetch it again, or save it anew", s->path, s->format_name, odd ? odd : text);
}

/* Memory that can be had now. Asked for before decoding: GLib ends the process when it gets none. */
static bool memory_for(int64_t bytes)
{
	void *p = malloc((size_t)bytes);
	free(p);
	if (!p || bytes < (int64_t)256 << 20)
		return p;
	/* A large allocation succeeds on a promise; what the kernel can keep stands here. */
	int64_t available = INT64_MAX;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "MemAvailable: %" SCNd64, &available) == 1)
			available *= 1024;
	if (f)
		fclose(f);
	return bytes < available;
}

static fv_status check_limits(fv_err *err, const source *s, const VipsImage *im)
{
	int64_t pixels = (int64_t)im->Xsize * im->Ysize;
	if (pixels > s->max_pixels)
		return fv_fail(err, FV_E_LIMIT, "%s: %d x %d pixels are over the limit of %.0f million; raise it if you trust the file", s->path, im->Xsize,
		               im->Ysize, (double)s->max_pixels / 1e6);
	/* More than deflate (1032 : 1, of single bits) or a JPEG block can stand for. WebP and TIFF's fax may well be smaller. */
	if ((s->format == FV_JPEG || s->format == FV_PNG || s->format == FV_GIF) &&
	    (double)pixels * im->Bands > (double)s->bytes * 8 * 1032 + (1 << 24))
		return fv_fail(err, FV_E_LIMIT, "%s: claims %d x %d pixels in %zu bytes, which no picture does", s->path, im->Xsize, im->Ysize, s->bytes);
	/* Turned or interlaced pictures stand in memory twice; 32 MB are for everything else. */
	int64_t need = pixels * 4 * (im->BandFmt == VIPS_FORMAT_UCHAR ? 1 : 2) * 2 + (32 << 20);
	if (!memory_for(need))
		return fv_fail(err, FV_E_MEMORY, "%s: %d x %d pixels need %.0f MB of memory, which cannot be had; close other programs or reduce the picture",
		               s->path, im->Xsize, im->Ysize, (double)need / 1e6);
	return FV_OK;
}

/* Half, a quarter or an eighth come cheaply out of a JPEG; still twice as large as what is wanted, so that the last step
 * is a good one. */
static int shrink_of(const source *s, const VipsImage *im)
{
	int shrink = 1;
	if (s->format == FV_JPEG && s->longest)
		while (shrink < 8 && MAX(im->Xsize, im->Ysize) / (2 * shrink) >= 2 * s->longest)
			shrink *= 2;
	return shrink;
}

static void *copy_field(VipsImage *im, const char *name, GValue *value, void *to)
{
	if (begins(name, "exif-ifd") || !strcmp(name, VIPS_META_LOADER) || !strcmp(name, VIPS_META_ORIENTATION))
		vips_image_set(to, name, value);
	return NULL;
}

static bool blob(VipsImage *im, const char *name, const void **data, size_t *bytes)
{
	return vips_image_get_typeof(im, name) && !vips_image_get_blob(im, name, data, bytes);
}

/* What the file says of itself, taken over before its bytes are let go. */
static fv_status keep_metadata(fv_err *err, const source *s, fv_picture *p, VipsImage *im)
{
	const void *data;
	size_t bytes;
	bool turned = vips_image_get_orientation(im) > 4;
	if (vips_black(&p->facts, 1, 1, NULL))
		return fv_fail_memory(err, s->path, sizeof *p->facts);
	p->facts->Type = im->Type;
	vips_image_map(im, copy_field, p->facts);
	if (blob(im, VIPS_META_EXIF_NAME, &data, &bytes))
		fv_exif_keep(data, bytes, s->all, turned ? im->Ysize : im->Xsize, turned ? im->Xsize : im->Ysize, &p->exif);
	if (blob(im, VIPS_META_XMP_NAME, &data, &bytes))
		fv_xmp_keep(data, bytes, s->all, &p->xmp);
	if (blob(im, VIPS_META_IPTC_NAME, &data, &bytes))
		fv_iptc_keep(data, bytes, s->all, &p->iptc);
	/* libvips gives no EXIF of a TIFF, whose directories are EXIF's own. */
	if (s->format == FV_TIFF && !p->exif.bytes)
		fv_exif_keep(s->data, s->bytes, s->all, turned ? im->Ysize : im->Xsize, turned ? im->Xsize : im->Ysize, &p->exif);
	/* 1 a millimetre is libvips' "not said"; programs say 72 an inch then. */
	bool said = im->Xres > 0 && im->Yres > 0 && im->Xres != 1;
	p->dots[0] = said ? turned ? im->Yres : im->Xres : 72 / 25.4;
	p->dots[1] = said ? turned ? im->Xres : im->Yres : 72 / 25.4;
	return p->exif.failed || p->xmp.failed || p->iptc.failed ? fv_fail_memory(err, s->path, s->bytes) : FV_OK;
}

static void forget(fv_picture *p)
{
	if (p->facts)
		g_object_unref(p->facts);
	free(p->pixels.data);
	fv_bytes_free(&p->profile);
	fv_bytes_free(&p->exif);
	fv_bytes_free(&p->xmp);
	fv_bytes_free(&p->iptc);
	*p = (fv_picture){ 0 };
}

static fv_status decode(fv_err *err, const source *s, VipsFailOn fail, fv_picture *p, fv_err *warning)
{
	VipsImage *im = fv_format_open(s->format, s->data, s->bytes, fail, 1), *out = NULL;
	if (!im)
		return refuse(err, s);
	fv_status st = check_limits(err, s, im);
	int shrink = st ? 1 : shrink_of(s, im);
	if (!st && shrink > 1) {
		g_object_unref(im);
		im = fv_format_open(s->format, s->data, s->bytes, fail, shrink);
		if (!im)
			return refuse(err, s);
	}
	if (!st)
		st = keep_metadata(err, s, p, im);
	if (st) {
		g_object_unref(im);
		return st;
	}
	/* Turning reads columns: the rows must lie in memory first. */
	if (vips_image_get_orientation(im) > 1)
		im = fv_next(im, vips_image_copy_memory(im), 0);
	im = im ? fv_next(im, out, vips_autorot(im, &out, NULL)) : NULL;
	im = fv_colour_in(im, p, s->format == FV_PNG ? fv_png_exponent(s->data, s->bytes) : 1, warning, s->path);
	if (!s->all)
		fv_profile_keep(&p->profile);
	size_t size;
	void *pixels = im && !p->profile.failed ? vips_image_write_to_memory(im, &size) : NULL;
	if (pixels) {
		int depth = im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;
		p->pixels = (fv_pixels){ im->Xsize, im->Ysize, im->Bands, depth, (int64_t)im->Xsize * im->Bands * depth / 8, pixels };
	} else
		st = p->profile.failed ? fv_fail_memory(err, s->path, s->bytes) : refuse(err, s);
	if (im)
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

static fv_status read_picture(fv_err *err, source *s, fv_picture **out, fv_err *warning)
{
	fv_err first = { 0 };
	*warning = (fv_err){ 0 };
	fv_picture *p = calloc(1, sizeof *p);
	fv_status st = p ? load_bytes(err, s) : fv_fail_memory(err, s->path, sizeof *p);
	if (st || (!s->longest && !s->facts && fv_bare_read(s->format, s->data, s->bytes, s->max_pixels, p)) || (st = fv_vips_ready(err)))
		goto done;
	st = decode(&first, s, VIPS_FAIL_ON_WARNING, p, warning);
	if (st == FV_E_FORMAT) {
		/* Damaged: what can be read is better than nothing, if it is said. */
		forget(p);
		*warning = (fv_err){ 0 };
		if (!(st = decode(err, s, VIPS_FAIL_ON_NONE, p, warning)) && nothing_read(&p->pixels))
			st = fv_fail(err, FV_E_FORMAT, "%s", first.text);
		if (!st) {
			const char *odd = fv_not_whole(s->format, s->data, s->bytes);
			fv_fail(warning, FV_E_FORMAT, "%s: %s; the readable part was taken", s->path, odd ? odd : "it is damaged or cut off");
		}
	} else if (st)
		fv_fail(err, st, "%s", first.text);
	const char *odd = st || warning->status ? NULL : fv_not_whole(s->format, s->data, s->bytes);
	if (odd)
		fv_fail(warning, FV_E_FORMAT, "%s: %s; the readable part was taken", s->path, odd);
	vips_error_clear();
done:
	free(s->data);
	if (st)
		fv_picture_free(p);
	else
		*out = p;
	return st;
}

fv_status fv_picture_read(fv_err *err, const char *path, const fv_read_options *opt, fv_picture **out, fv_err *warning)
{
	fv_err ignored;
	source s = { .path = path, .max_pixels = opt && opt->max_pixels ? opt->max_pixels : FV_PIXELS_MAX, .all = opt && opt->keep_private,
	             .facts = opt && opt->facts };
	return read_picture(err, &s, out, warning ? warning : &ignored);
}

fv_pixels *fv_picture_pixels(fv_picture *p) { return &p->pixels; }

void fv_picture_free(fv_picture *p)
{
	if (!p)
		return;
	forget(p);
	free(p);
}

fv_status fv_picture_shrink(fv_err *err, const char *path, int64_t longest, fv_pixels *out)
{
	fv_picture *p = NULL;
	fv_err warning;
	VipsImage *im = NULL, *part = NULL;
	source s = { .path = path, .max_pixels = FV_PIXELS_MAX, .longest = longest };
	fv_status st = read_picture(err, &s, &p, &warning);
	if (st)
		return st;
	fv_pixels v = p->pixels;
	double scale = longest && MAX(v.width, v.height) > longest ? (double)longest / (double)MAX(v.width, v.height) : 1;
	if (v.channels == 3 && v.bits == 8 && scale == 1) {
		*out = v;
		p->pixels.data = NULL;
		goto done;
	}
	if ((st = fv_vips_ready(err)))
		goto done;
	im = vips_image_new_from_memory(v.data, (size_t)(v.height * v.stride_bytes), (int)v.width, (int)v.height, v.channels,
	                                v.bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
	if (im && v.channels == 4)
		im = fv_next(im, part, vips_extract_band(im, &part, 0, "n", 3, NULL));
	part = NULL;
	if (im && v.bits == 16)
		im = fv_next(im, part, vips_linear1(im, &part, 1 / 257.0, 0.5, "uchar", TRUE, NULL));
	part = NULL;
	/* The long side exactly, the other as near as it goes, and never nothing. */
	if (im && scale < 1)
		im = fv_next(im, part, vips_resize(im, &part, MAX(scale, 1.0 / (double)v.width), "vscale", MAX(scale, 1.0 / (double)v.height), "kernel",
		                                   VIPS_KERNEL_LANCZOS3, NULL));
	size_t size;
	void *pixels = im ? vips_image_write_to_memory(im, &size) : NULL;
	if (pixels)
		*out = (fv_pixels){ im->Xsize, im->Ysize, 3, 8, im->Xsize * 3, pixels };
	else
		st = fv_fail_memory(err, path, (size_t)(v.height * v.stride_bytes));
	if (im)
		g_object_unref(im);
done:
	fv_picture_free(p);
	return st;
}
