/* SPDX-License-Identifier: Apache-2.0 */
/* A painting larger than memory, from a file of pixels to a picture: libvips asks for rows as it
 * encodes them, and writes into a file aside; then its metadata, then its name. */
#define _GNU_SOURCE
#include "picture/internal.h"
#include "base/base.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TILE 256                        /* of a TIFF; a Deep Zoom picture has 254 and borders */
#define CLASSIC_BYTES 3.0e9             /* of pixels: what a TIFF with smaller copies surely holds */
#define LEVEL 3                         /* of deflate: half as long as 6, a few % larger */

bool fv_deep_zoom_ending(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot && !strcasecmp(dot, ".dzi");
}

typedef struct {
	fv_context *c;
	const fv_picture *p;
	const fv_write_options *opt;
	size_t bytes;
	bool deep;
} saving;

/* Rows that were encoded are given back, people are told, and Ctrl-C is heard. */
static void look(VipsImage *im, void *progress, void *user)
{
	const saving *s = user;
	const VipsProgress *p = progress;
	fv_drop_pages(s->p->pixels.data, s->bytes);
	if (s->opt && s->opt->progress && p)
		s->opt->progress(s->opt->user, fmin(1, p->percent / 100.0));
	if (fv_cancelled(s->c))
		vips_image_set_kill(im, TRUE);
}

static bool big(const fv_picture *p)
{
	return (double)p->pixels.height * (double)p->pixels.stride_bytes > CLASSIC_BYTES;
}

static void blob(VipsImage *im, const char *name, const fv_bytes *b)
{
	if (b->bytes)
		vips_image_set_blob_copy(im, name, b->data, b->bytes);
}

static int save(VipsImage *im, fv_format f, const saving *s, const char *path)
{
	const fv_picture *p = s->p;
	const int quality = s->opt && s->opt->quality ? s->opt->quality : 92;
	if (s->deep)
		return vips_dzsave(im, path, "suffix",
		                   p->pixels.channels == 4 ? ".png" : quality == 92 ? ".jpg[Q=92,strip]"
		                                                                    : ".jpg[strip]",
		                   "strip", TRUE, NULL);
	switch (f) {
	case FV_JPEG:
		return vips_jpegsave(im, path, "Q", quality, "subsample_mode",
		                     quality >= 90 ? VIPS_FOREIGN_SUBSAMPLE_OFF
		                                   : VIPS_FOREIGN_SUBSAMPLE_ON,
		                     "strip", TRUE, NULL);
	case FV_PNG:
		return vips_pngsave(im, path, "compression", FV_PNG_LEVEL, "filter",
		                    VIPS_FOREIGN_PNG_FILTER_UP, "strip", TRUE, NULL);
	case FV_WEBP: return vips_webpsave(im, path, "Q", quality, "strip", TRUE, NULL);
	case FV_TIFF:
		blob(im, VIPS_META_ICC_NAME, &p->profile);
		if (big(p)) {
			blob(im, VIPS_META_XMP_NAME, &p->xmp);
			blob(im, VIPS_META_IPTC_NAME, &p->iptc);
		}
		return vips_tiffsave(im, path, "tile", TRUE, "tile_width", TILE, "tile_height", TILE,
		                     "pyramid", TRUE, "bigtiff", big(p), "compression",
		                     VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "level", LEVEL,
		                     "predictor", VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, NULL);
	default: return -1;
	}
}

static fv_status encode(fv_err *err, const saving *s, fv_format f, const char *path,
                        const char *name)
{
	fv_picture plain = *s->p;
	fv_status st = FV_OK;
	/* A Deep Zoom picture is for web pages: sRGB, without a profile. */
	plain.into_profile = plain.into_profile && !s->deep;
	VipsImage *im = fv_picture_dress(&plain, s->deep && plain.pixels.channels == 3 ? FV_JPEG : f);
	if (im) {
		vips_image_set_progress(im, TRUE);
		g_signal_connect_data(im, "eval", G_CALLBACK(look), (void *)(uintptr_t)s, NULL, 0);
	}
	if (!im || save(im, f, s, path)) {
		char *why = vips_error_buffer_copy();
		st = fv_cancelled(s->c)
		             ? fv_fail(err, FV_E_CANCELLED, "%s: stopped", name)
		             : fv_fail(err, FV_E_WRITE, "%s: %" PRId64 " x %" PRId64
		                       " pixels cannot be encoded: %.*s; another format may do", name,
		                       s->p->pixels.width, s->p->pixels.height,
		                       (int)strcspn(why, "\n"), why);
		g_free(why);
	}
	if (im)
		g_object_unref(im);
	return st;
}

/* ---- a file */
/* Head, the encoded bytes from skip on, tail: in place where the head is as long as what it
 * replaces. */
static fv_status embed(fv_err *err, fv_context *c, fv_format f, const fv_picture *p, fv_writer *w,
                       const char *path, fv_writer **out)
{
	const void *encoded;
	fv_bytes head = { 0 }, tail = { 0 };
	size_t bytes, skip = 0;
	fv_status st = fv_file_map(err, fv_writer_path(w), INT64_MAX, &encoded, &bytes);
	*out = w;
	if (st)
		return st;
	if (!(f == FV_TIFF && big(p)))
		fv_embed(f, encoded, bytes, p, &head, &skip, &tail);
	if (head.failed || tail.failed)
		st = fv_fail_memory(err, path, head.bytes + tail.bytes);
	int fd = -1;
	if (!st && head.bytes == skip && (skip || tail.bytes)) {
		fd = open(fv_writer_path(w), O_WRONLY | O_CLOEXEC);
		if (fd < 0 || pwrite(fd, head.data, skip, 0) != (ssize_t)skip ||
		    pwrite(fd, tail.data, tail.bytes, (off_t)bytes) != (ssize_t)tail.bytes)
			st = fv_fail_write(err, path);
	} else if (!st && head.bytes) {
		fv_writer *copy = NULL;
		if (!(st = fv_writer_open(err, c, path, &copy)) &&
		    !(st = fv_writer_put(err, copy, head.data, head.bytes)) &&
		    !(st = fv_writer_put(err, copy, (const char *)encoded + skip, bytes - skip)))
			st = fv_writer_put(err, copy, tail.data, tail.bytes);
		if (st)
			fv_writer_abort(copy);
		else {
			*out = copy;
			fv_writer_abort(w);
		}
	}
	if (fd >= 0)
		close(fd);
	fv_file_unmap(encoded, bytes);
	fv_bytes_free(&head);
	fv_bytes_free(&tail);
	return st;
}

static fv_status write_file(fv_err *err, const saving *s, fv_format f, const char *path)
{
	static const fv_write_options none;
	const fv_write_options *o = s->opt ? s->opt : &none;
	fv_writer *w = NULL;
	uint64_t hash = 0;
	fv_status st = fv_write_begin(err, s->c, path, o, &w);
	if (st)
		return st;
	st = encode(err, s, f, fv_writer_path(w), path);
	if (!st && f == FV_TIFF && big(s->p) && s->p->exif.bytes)
		fv_log(s->c, FV_LOG_WARNING, "%s: its EXIF was left out: it is a BigTIFF", path);
	if (!st)
		st = embed(err, s->c, f, s->p, w, path, &w);
	/* libvips wrote it by its name. */
	if (!st && o->whole)
		st = fv_file_hash(err, fv_writer_path(w), &hash);
	return fv_write_end(err, w, o, &hash, st);
}

/* ---- a Deep Zoom picture: NAME.dzi and the folder NAME_files */
/* Thousands of tiles: the disk that they lie on is flushed once, rather than each of them. */
static fv_status flush_disk(fv_err *err, const char *folder, const char *path)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fv_status st = fd < 0 || syncfs(fd) ? fv_fail_write(err, path) : FV_OK;
	if (fd >= 0)
		close(fd);
	return st;
}

static fv_status write_deep_zoom(fv_err *err, const saving *s, const char *path)
{
	char aside[4096], from[4200], to[4200], was[4200] = "";
	const int stem = (int)(strlen(path) - strlen(".dzi"));
	snprintf(to, sizeof to, "%.*s_files", stem, path);
	errno = ENAMETOOLONG;
	if (snprintf(aside, sizeof aside, "%s/deep", s->opt->scratch) >= (int)sizeof aside)
		return fv_fail_write(err, path);
	fv_folder_remove(aside);
	if (mkdir(aside, 0777))
		return fv_fail_write(err, path);
	snprintf(from, sizeof from, "%s/picture", aside);
	fv_status st = encode(err, s, FV_FORMAT_UNKNOWN, from, path);
	/* It says when it was made, and what libvips thinks of the picture. */
	snprintf(from, sizeof from, "%s/picture_files/vips-properties.xml", aside);
	unlink(from);
	if (!st)
		st = flush_disk(err, aside, path);
	/* First the tiles, then the file that names them. */
	struct stat there;
	if (!st && !lstat(to, &there)) {
		snprintf(was, sizeof was, "%s/was", aside);
		if (!S_ISDIR(there.st_mode))
			st = fv_fail(err, FV_E_WRITE, "%s: is in the way of the picture's tiles; move it",
			             to);
		else if (rename(to, was))
			st = fv_fail_write(err, to);
	}
	snprintf(from, sizeof from, "%s/picture_files", aside);
	if (!st && rename(from, to))
		st = fv_fail_write(err, to);
	snprintf(from, sizeof from, "%s/picture.dzi", aside);
	if (!st && rename(from, path))
		st = fv_fail_write(err, path);
	fv_folder_remove(aside);
	return st;
}

fv_status fv_picture_write_large(fv_err *err, fv_context *c, const fv_picture *p, int pixels,
                                 const char *path, const fv_write_options *opt)
{
	fv_picture on = *p;
	saving s = { c, &on, opt, (size_t)(p->pixels.height * p->pixels.stride_bytes),
		     fv_deep_zoom_ending(path) };
	fv_status st = fv_vips_ready(err);
	if (st)
		return st;
	on.pixels.data = mmap(NULL, s.bytes, PROT_READ, MAP_SHARED, pixels, 0);
	if (on.pixels.data == MAP_FAILED)
		return fv_fail_memory(err, path, s.bytes);
	st = s.deep ? write_deep_zoom(err, &s, path)
	            : write_file(err, &s, fv_format_of_ending(path), path);
	munmap(on.pixels.data, s.bytes);
	return st;
}
