/* SPDX-License-Identifier: Apache-2.0 */
/* privacy FOLDER: which texts of a photograph's metadata reach a painting: carriers by formats in
 * by formats out, by default and with everything kept. Nothing that is marked "HIDE-" may by
 * default, all that is marked "KEEP-" has to, and all again when it is asked for. With VERBOSE=1
 * the table is printed, as docs/security.md has it. */
#include "carriers.h"
#include "picture/picture.h"
#include "base/base.h"
#include "test.h"
#include <unistd.h>
#include <zlib.h>

enum { MARKS = 200 };
#define OUTS IN_GIF             /* which is read only */
static const char *const format_name[FORMATS] = { "JPEG", "PNG", "WebP", "TIFF", "GIF" };
static const char *const ending[FORMATS] = { "jpg", "png", "webp", "tif", "gif" };
/* `travels`: into which formats it goes when all is kept. */
static const struct { const char *name; bool travels[OUTS];
} carriers[CARRIERS] = {
	[EXIF_II] = { "EXIF, little-endian", { true, true, true, true } },
	[EXIF_MM] = { "EXIF, big-endian", { true, true, true, true } },
	[THUMBNAIL] = { "EXIF's thumbnail", { false } },
	[XMP_8] = { "XMP", { true, true, true, true } },
	[XMP_16LE] = { "XMP, UTF-16LE", { true, true, true, true } },
	[XMP_16BE] = { "XMP, UTF-16BE", { true, true, true, true } },
	[XMP_MORE] = { "extended XMP", { true, true, true, true } },
	[IPTC] = { "IPTC", { true, false, false, true } },
	[PHOTOSHOP] = { "Photoshop's resources", { false } },
	[PROFILE] = { "colour profile", { true, true, true, true } },
	[TEXTS] = { "texts, comments, unknown parts", { false } },
};

/* ------------------------------------------------------------------ marks */
typedef struct { char text[MARKS][40]; int count; } marks;

static void add_mark(marks *m, const char *text)
{
	for (int i = 0; i < m->count; i++)
		if (!strcmp(m->text[i], text))
			return;
	if (m->count < MARKS)
		strcpy(m->text[m->count++], text);
}

static bool in_mark(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       (c >= 'A' && c <= 'Z');
}

/* "HIDE-name" or "KEEP-name" in bytes `step` apart: 1, or 2 for UTF-16 of either order. */
static void find_marks(const uint8_t *data, size_t bytes, const char *head, marks *m)
{
	for (size_t step = 1; step <= 2; step++)
		for (size_t i = 0; i + 5 * step <= bytes; i++) {
			char text[40];
			size_t n = 0;
			while (n < 5 && data[i + n * step] == (uint8_t)head[n] &&
			       (step == 1 || n == 4 || !data[i + n * step + 1]))
				n++;
			if (n < 5)
				continue;
			for (n = 0; n < sizeof text - 1 && i + n * step < bytes &&
				    in_mark(data[i + n * step]);
			     n++)
				text[n] = (char)data[i + n * step];
			text[n] = 0;
			add_mark(m, text);
		}
}

/* The same in a whole file; what a PNG holds deflated is looked at too. */
static void find_in_file(const uint8_t *data, size_t bytes, const char *head, marks *m)
{
	static uint8_t plain[1 << 18];
	find_marks(data, bytes, head, m);
	for (size_t i = 8; bytes > 8 && data[0] == 0x89 && i + 12 <= bytes;
	     i += 12 + (size_t)fv_get_be(data + i, 4)) {
		size_t n = fv_get_be(data + i, 4);
		const uint8_t *p = data + i + 8;
		if (n > bytes - i - 12)
			break;
		for (size_t k = 0; memcmp(p - 4, "IDAT", 4) && k + 2 < n; k++) {
			uLongf room = sizeof plain;
			if (p[k] == 0x78 && uncompress(plain, &room, p + k, n - k) == Z_OK)
				find_marks(plain, room, head, m);
		}
	}
}

static int missing(const marks *from, const marks *in, const char **first)
{
	int n = 0;
	for (int i = 0; i < from->count; i++) {
		bool here = false;
		for (int k = 0; k < in->count; k++)
			here |= !strcmp(from->text[i], in->text[k]);
		if (!here && !n++)
			*first = from->text[i];
	}
	return n;
}

/* ------------------------------------------------------------------ files */
static char folder[512];
static fv_context *context;

static const char *path_of(const char *name, const char *end)
{
	static char path[600];
	snprintf(path, sizeof path, "%s/%s.%s", folder, name, end);
	return path;
}

static bool read_file(const char *path, fv_bytes *to)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	uint8_t piece[4096];
	to->bytes = 0;
	for (size_t n; (n = fread(piece, 1, sizeof piece, f));)
		fv_bytes_put(to, piece, n);
	fclose(f);
	return to->bytes;
}

static bool write_file(const char *path, const fv_bytes *b)
{
	FILE *f = fopen(path, "wb");
	bool ok = f && fwrite(b->data, 1, b->bytes, f) == b->bytes;
	return f && !fclose(f) && ok;
}

/* Through fauve: in, and out as `out`, whose bytes come back. */
static bool convert(const char *in, bool all, format out, fv_bytes *to)
{
	fv_err err = { 0 }, warning;
	fv_picture *p = NULL;
	const char *path = path_of("out", ending[out]);
	fv_status st =
		fv_picture_read(&err, in, &(fv_read_options){ .keep_private = all }, &p, &warning);
	if (!st)
		st = fv_picture_write(&err, context, p, path, NULL);
	fv_picture_free(p);
	return check(!st, "%s: %s", in, err.text) && read_file(path, to);
}

/* What follows in the file may look like more of it. */
static bool has_mark(const marks *m, const char *text)
{
	for (int i = 0; i < m->count; i++)
		if (!strncmp(m->text[i], text, strlen(text)))
			return true;
	return false;
}

static void one(carrier c, format f, const fv_bytes *base, bool print)
{
	char in[600];
	fv_bytes file = { 0 }, out = { 0 };
	if (!make_file(c, f, base->data, base->bytes, &file)) {
		fv_bytes_free(&file);
		return;
	}
	snprintf(in, sizeof in, "%s", path_of("in", ending[f]));
	check(write_file(in, &file), "%s cannot be written", in);
	/* What is in the file, and in its block: a deflated one hides it. */
	marks hide = { .count = 0 }, keep = { .count = 0 }, all = { .count = 0 };
	fv_bytes block = { 0 };
	make_block(c == XMP_MORE ? XMP_8 : c, &block);
	find_in_file(file.data, file.bytes, "HIDE-", &hide);
	find_in_file(file.data, file.bytes, "KEEP-", &keep);
	find_marks(block.data, block.bytes, "HIDE-", &all);
	check(hide.count > 0, "%s in %s has no marks", carriers[c].name, format_name[f]);
	if (print)
		printf("| %s in %s, %d |", carriers[c].name, format_name[f], hide.count);
	for (format o = 0; o < OUTS; o++) {
		marks leaked = { .count = 0 }, kept = { .count = 0 }, again = { .count = 0 };
		const char *first = "";
		/* GIF's own are not read by libvips. */
		bool travels = carriers[c].travels[o] && f != IN_GIF;
		if (!convert(in, false, o, &out))
			continue;
		find_in_file(out.data, out.bytes, "HIDE-", &leaked);
		find_in_file(out.data, out.bytes, "KEEP-", &kept);
		check(!leaked.count, "%s in %s to %s: %d leak, as %s", carriers[c].name,
		      format_name[f], format_name[o], leaked.count, leaked.text[0]);
		int lost = travels ? missing(&keep, &kept, &first) : 0;
		check(!lost, "%s in %s to %s: %d are lost, as %s", carriers[c].name, format_name[f],
		      format_name[o], lost, first);
		if (!convert(in, true, o, &out))
			continue;
		find_in_file(out.data, out.bytes, "HIDE-", &again);
		lost = travels ? missing(&all, &again, &first) : 0;
		check(!lost, "%s in %s to %s, all kept: %d are lost, as %s", carriers[c].name,
		      format_name[f], format_name[o], lost, first);
		/* Of a PNG's own some travel when asked: as texts, or those that EXIF has a tag for. */
		const bool texts = c == TEXTS && f == IN_PNG;
		check(travels || texts || !again.count, "%s in %s to %s, all kept: unexpected, as %s",
		      carriers[c].name, format_name[f], format_name[o], again.text[0]);
		check(!texts || (has_mark(&again, "HIDE-squeezed-title") &&
		                 has_mark(&again, "HIDE-text") == (o == IN_PNG) &&
		                 !has_mark(&again, "HIDE-private-chunk") && !has_mark(&again, "HIDE-raw")),
		      "texts in PNG to %s, all kept: %d marks", format_name[o], again.count);
		if (print)
			printf(" %d, %d of %d, %d |", leaked.count, kept.count, keep.count,
			       again.count);
	}
	if (print)
		printf("\n");
	unlink(in);
	fv_bytes_free(&file);
	fv_bytes_free(&out);
	fv_bytes_free(&block);
}

int main(int argc, char **argv)
{
	static uint8_t grey[32][40][3];
	fv_err err = { 0 };
	fv_bytes base[FORMATS] = { { 0 } };
	const char *verbose = getenv("VERBOSE");
	bool print = verbose && *verbose == '1';
	snprintf(folder, sizeof folder, "%s/fauve-privacy-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(folder) || fv_picture_begin(&err, argv[0]) ||
	    fv_context_new(&err, NULL, &context)) {
		check(false, "%s", err.text);
		return finish("privacy");
	}
	for (int y = 0; y < 32; y++)
		for (int x = 0; x < 40; x++)
			for (int k = 0; k < 3; k++)
				grey[y][x][k] = (uint8_t)(80 + 4 * y + k);
	for (format f = 0; f < OUTS; f++)
		check(!fv_pixels_write(&err, context, &(fv_pixels){ 40, 32, 3, 8, 120, grey },
				       path_of("base", ending[f]), NULL) &&
			      read_file(path_of("base", ending[f]), &base[f]),
		      "%s", err.text);
	if (print)
		printf("| carrier, its private texts | JPEG | PNG | WebP | TIFF |\n| --- | --- | "
		       "--- | --- | --- |\n");
	for (carrier c = 0; c < CARRIERS; c++)
		for (format f = 0; f < FORMATS; f++)
			one(c, f, &base[f], print);
	for (format f = 0; f < FORMATS; f++) {
		unlink(path_of("base", ending[f]));
		unlink(path_of("out", ending[f]));
		fv_bytes_free(&base[f]);
	}
	rmdir(folder);
	fv_context_free(context);
	fv_picture_end();
	return finish("privacy");
}
