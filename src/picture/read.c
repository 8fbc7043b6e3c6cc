/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: bytes > loader that is safe for strangers' files > upright > sRGB > memory. */
#include "picture/internal.h"
#include "base/base.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Loaders that libvips calls safe, less those that no picture of ours needs. */
static const char *const loaders[] = {
	"VipsForeignLoadJpegBuffer", "VipsForeignLoadPngBuffer", "VipsForeignLoadWebpBuffer", "VipsForeignLoadTiffBuffer",
	"VipsForeignLoadNsgifBuffer", "VipsForeignLoadHeifBuffer",
};

static void no_messages(const char *domain, GLogLevelFlags level, const char *text, void *user) { }

fv_status fv_picture_begin(fv_err *err, const char *name)
{
	/* What libvips and glib have to say comes back as errors; nothing is printed behind our back. */
	g_log_set_handler("VIPS", G_LOG_LEVEL_MASK, no_messages, NULL);
	g_log_set_handler("GLib-GObject", G_LOG_LEVEL_WARNING, no_messages, NULL);
	if (vips_init(name))
		return fv_fail(err, FV_E_INTERNAL, "libvips could not be started: %s", vips_error_buffer());
	vips_block_untrusted_set(TRUE);
	vips_cache_set_max(0);
	vips_concurrency_set(1);
	return FV_OK;
}

void fv_picture_end(void) { vips_shutdown(); }

/* The first line of libvips' errors, without the loader's name. */
static void reason(char *text, size_t room)
{
	const char *e = vips_error_buffer(), *colon = strstr(e, ": ");
	if (colon && colon - e < 24 && !strchr(e, '\n'))
		e = colon + 2;
	else if (colon && colon - e < 24)
		e = colon + 2;
	size_t n = strcspn(e, "\n");
	snprintf(text, room, "%.*s", (int)(n < 200 ? n : 200), n ? e : "it cannot be decoded");
	vips_error_clear();
}

static fv_status refuse(fv_err *err, const char *path)
{
	char text[256];
	reason(text, sizeof text);
	return fv_fail(err, FV_E_FORMAT, "%s: not a picture that can be read: %s", path, text);
}

static fv_status load_bytes(fv_err *err, const char *path, void **data, size_t *bytes)
{
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fv_fail(err, FV_E_READ, "%s: cannot be opened: %s", path, strerror(errno));
	fv_status st = FV_OK;
	char *p = NULL;
	size_t n = 0;
	if (fstat(fd, &s) || !S_ISREG(s.st_mode))
		st = fv_fail(err, FV_E_READ, "%s: is not a file%s", path, S_ISDIR(s.st_mode) ? " but a folder" : "");
	else if (s.st_size > FV_PICTURE_BYTES_MAX)
		st = fv_fail(err, FV_E_LIMIT, "%s: %.0f MB are over the limit of %.0f MB", path, (double)s.st_size / 1e6, (double)FV_PICTURE_BYTES_MAX / 1e6);
	else if (!s.st_size)
		st = fv_fail(err, FV_E_FORMAT, "%s: is empty", path);
	else if (!(p = malloc((size_t)s.st_size)))
		st = fv_fail_memory(err, path, (size_t)s.st_size);
	while (!st && n < (size_t)s.st_size) {
		ssize_t got = read(fd, p + n, (size_t)s.st_size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			st = fv_fail(err, FV_E_READ, "%s: cannot be read: %s", path, strerror(errno));
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	if (st)
		free(p);
	else
		*data = p, *bytes = n;
	return st;
}

/* The header only; pixels come when they are asked for. */
static VipsImage *open_header(const void *data, size_t bytes, VipsFailOn fail)
{
	const char *loader = vips_foreign_find_load_buffer(data, bytes);
	bool known = false;
	for (size_t i = 0; loader && i < FV_COUNT(loaders); i++)
		known |= !strcmp(loader, loaders[i]);
	if (!known) {
		if (loader)
			vips_error("format", "%s is no format for pictures here", loader);
		return NULL;
	}
	return vips_image_new_from_buffer(data, bytes, "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail, NULL);
}

/* Steps give a new image and give up the old one; NULL is passed on. */
static VipsImage *next(VipsImage *old, VipsImage *new, int failed)
{
	if (old)
		g_object_unref(old);
	if (failed && new)
		g_object_unref(new);
	return failed ? NULL : new;
}

/* A profile belongs to the picture when its space has as many channels. */
static bool profile_fits(VipsImage *im)
{
	const void *p;
	size_t n;
	if (!vips_image_get_typeof(im, VIPS_META_ICC_NAME) || vips_image_get_blob(im, VIPS_META_ICC_NAME, &p, &n))
		return false;
	/* Bytes 16-19 of a profile name its space, 36-39 say "acsp". */
	if (n < 128 || memcmp((const char *)p + 36, "acsp", 4))
		return false;
	int colours = im->Bands - vips_image_hasalpha(im);
	const char *space = (const char *)p + 16;
	return (colours == 3 && !memcmp(space, "RGB ", 4)) || (colours == 1 && !memcmp(space, "GRAY", 4)) ||
	       (colours == 4 && !memcmp(space, "CMYK", 4));
}

static VipsImage *to_srgb(VipsImage *im, fv_err *warning, const char *path)
{
	VipsImage *out = NULL;
	bool wide = im->BandFmt == VIPS_FORMAT_USHORT || im->BandFmt == VIPS_FORMAT_SHORT;
	bool cmyk = im->Type == VIPS_INTERPRETATION_CMYK, profile = profile_fits(im);
	if (vips_image_get_typeof(im, VIPS_META_ICC_NAME) && !profile)
		fv_fail(warning, FV_E_FORMAT, "%s: its colour profile is damaged or for other colours, and was ignored", path);
	if (profile || cmyk) {
		int failed = vips_icc_transform(im, &out, "srgb", "embedded", profile, "input_profile", cmyk ? "cmyk" : "srgb",
		                                "intent", VIPS_INTENT_RELATIVE, "depth", wide ? 16 : 8, NULL);
		if (!failed)
			return next(im, out, 0);
		if (out)
			g_object_unref(out);
		out = NULL;
		vips_error_clear();
		fv_fail(warning, FV_E_FORMAT, "%s: its colour profile could not be used, and was ignored", path);
	}
	return next(im, out, vips_colourspace(im, &out, wide ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB, NULL));
}

/* Upright, sRGB, 3 or 4 bands of 8 or 16 bits. `im` is given up. */
static VipsImage *prepare(VipsImage *im, fv_err *warning, const char *path)
{
	VipsImage *out = NULL;
	/* Turning reads columns: the rows must lie in memory first. */
	if (vips_image_get_orientation(im) > 1)
		im = next(im, vips_image_copy_memory(im), 0);
	if (!im)
		return NULL;
	im = next(im, out, vips_autorot(im, &out, NULL));
	if (!im)
		return NULL;
	if (im->BandFmt == VIPS_FORMAT_FLOAT || im->BandFmt == VIPS_FORMAT_DOUBLE) {
		/* Floats 0..1, whatever they call themselves; NaN becomes 0 by the cast. */
		VipsImage *t = NULL;
		im = next(im, t, vips_linear1(im, &t, 65535, 0, NULL));
		out = NULL;
		im = im ? next(im, out, vips_cast(im, &out, VIPS_FORMAT_USHORT, NULL)) : NULL;
		out = NULL;
		im = im ? next(im, out, vips_copy(im, &out, "interpretation", im->Bands < 3 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16, NULL)) : NULL;
		if (!im)
			return NULL;
	}
	im = to_srgb(im, warning, path);
	if (im && im->Bands > 4) {
		out = NULL;
		im = next(im, out, vips_extract_band(im, &out, 0, "n", 4, NULL));
	}
	if (im && im->Bands < 3) {
		vips_error("colours", "%d channels are neither grey nor RGB", im->Bands);
		g_object_unref(im);
		im = NULL;
	}
	if (im && im->BandFmt != VIPS_FORMAT_UCHAR && im->BandFmt != VIPS_FORMAT_USHORT) {
		out = NULL;
		im = next(im, out, vips_cast(im, &out, VIPS_FORMAT_UCHAR, NULL));
	}
	return im;
}

/* Rows at the end that are all one value were not decoded; a picture of nothing else was not read at all. */
static bool nothing_read(const fv_pixels *p)
{
	const unsigned char *first = p->data;
	for (int64_t i = 0; i < p->height * p->stride_bytes; i++)
		if (first[i] != first[i % (p->channels * (p->bits / 8))])
			return false;
	return true;
}

static fv_status decode(fv_err *err, const char *path, const void *data, size_t bytes, const fv_read_options *opt, VipsFailOn fail,
                        fv_picture *p, fv_err *warning)
{
	int64_t limit = opt && opt->max_pixels ? opt->max_pixels : FV_PIXELS_MAX;
	VipsImage *im = open_header(data, bytes, fail);
	if (!im)
		return refuse(err, path);
	if ((int64_t)im->Xsize * im->Ysize > limit) {
		fv_status st = fv_fail(err, FV_E_LIMIT, "%s: %d x %d pixels are over the limit of %.0f million; raise it if you trust the file", path,
		                       im->Xsize, im->Ysize, (double)limit / 1e6);
		g_object_unref(im);
		return st;
	}
	/* Rows that a file of this length cannot hold, by the most that any of these formats compresses. */
	if ((double)im->Xsize * im->Ysize * im->Bands > (double)bytes * 8 * 1032 + (1 << 24)) {
		fv_status st = fv_fail(err, FV_E_LIMIT, "%s: claims %d x %d pixels in %zu bytes, which no picture does", path, im->Xsize, im->Ysize, bytes);
		g_object_unref(im);
		return st;
	}
	p->rgb_profile = profile_fits(im) && im->Bands - vips_image_hasalpha(im) == 3;
	g_object_ref(im);
	p->header = im;
	im = prepare(im, warning, path);
	size_t size;
	void *pixels = im ? vips_image_write_to_memory(im, &size) : NULL;
	if (pixels) {
		int depth = im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;
		p->pixels = (fv_pixels){ im->Xsize, im->Ysize, im->Bands, depth, (int64_t)im->Xsize * im->Bands * depth / 8, pixels };
	}
	if (im)
		g_object_unref(im);
	return pixels ? FV_OK : refuse(err, path);
}

static void forget(fv_picture *p)
{
	if (p->header)
		g_object_unref(p->header);
	g_free(p->pixels.data);
	p->header = NULL;
	p->pixels.data = NULL;
}

fv_status fv_picture_read(fv_err *err, const char *path, const fv_read_options *opt, fv_picture **out, fv_err *warning)
{
	void *data = NULL;
	size_t bytes = 0;
	fv_err first = { 0 }, ignored = { 0 };
	if (!warning)
		warning = &ignored;
	*warning = (fv_err){ 0 };
	fv_status st = load_bytes(err, path, &data, &bytes);
	if (st)
		return st;
	fv_picture *p = calloc(1, sizeof *p);
	if (!p) {
		free(data);
		return fv_fail_memory(err, path, sizeof *p);
	}
	p->keep_location = opt && opt->keep_location;
	p->file = data;
	st = decode(&first, path, data, bytes, opt, VIPS_FAIL_ON_WARNING, p, warning);
	if (st == FV_E_FORMAT) {
		/* Damaged: what can be read is better than nothing, if it is said. */
		forget(p);
		*warning = (fv_err){ 0 };
		st = decode(err, path, data, bytes, opt, VIPS_FAIL_ON_NONE, p, warning);
		if (!st && nothing_read(&p->pixels))
			st = fv_fail(err, FV_E_FORMAT, "%s", first.text);
		if (!st)
			fv_fail(warning, FV_E_FORMAT, "%s: is damaged or cut off; the readable part was taken", path);
	} else if (st)
		fv_fail(err, st, "%s", first.text);
	const char *odd = st || warning->status ? NULL : fv_not_whole(data, bytes);
	if (odd)
		fv_fail(warning, FV_E_FORMAT, "%s: %s; the readable part was taken", path, odd);
	if (st) {
		fv_picture_free(p);
		return st;
	}
	*out = p;
	return FV_OK;
}

fv_pixels *fv_picture_pixels(fv_picture *p) { return &p->pixels; }

void fv_picture_free(fv_picture *p)
{
	if (!p)
		return;
	forget(p);
	free(p->file);
	free(p);
}

fv_status fv_picture_shrink(fv_err *err, const char *path, int64_t longest, fv_pixels *out)
{
	fv_picture *p = NULL;
	fv_err warning;
	VipsImage *im = NULL, *flat = NULL, *small = NULL;
	fv_status st = fv_picture_read(err, path, NULL, &p, &warning);
	if (st)
		return st;
	fv_pixels v = p->pixels;
	im = vips_image_new_from_memory(v.data, (size_t)(v.height * v.stride_bytes), (int)v.width, (int)v.height, v.channels,
	                                v.bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
	double scale = longest && fv_max(v.width, v.height) > longest ? (double)longest / (double)fv_max(v.width, v.height) : 1;
	int failed = !im;
	if (!failed && v.channels == 4)
		failed = vips_extract_band(im, &flat, 0, "n", 3, NULL);
	else if (!failed)
		failed = vips_copy(im, &flat, NULL);
	if (!failed && v.bits == 16) {
		VipsImage *eight = NULL;
		failed = vips_linear1(flat, &eight, 1 / 257.0, 0.5, "uchar", TRUE, NULL);
		flat = next(flat, eight, failed);
	}
	if (!failed)
		failed = scale < 1 ? vips_resize(flat, &small, scale, "kernel", VIPS_KERNEL_LANCZOS3, NULL) : vips_copy(flat, &small, NULL);
	size_t size;
	void *pixels = failed ? NULL : vips_image_write_to_memory(small, &size);
	if (pixels)
		*out = (fv_pixels){ small->Xsize, small->Ysize, 3, 8, small->Xsize * 3, pixels };
	else
		st = refuse(err, path);
	if (small)
		g_object_unref(small);
	if (flat)
		g_object_unref(flat);
	if (im)
		g_object_unref(im);
	fv_picture_free(p);
	return st;
}
