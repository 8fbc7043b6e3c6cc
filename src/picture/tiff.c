/* SPDX-License-Identifier: Apache-2.0 */
/* What a TIFF's directory [1] says of its colours and libvips does not hear: it takes numbers of
 * any kind for light. What is known is converted, all else refused, so that nothing is painted in
 * colours that it never had.
 *
 * [1] TIFF 6.0; Adobe's Digital Negative, 1.4; BigTIFF: magic 43, counts and offsets of 8 bytes */
#include "picture/internal.h"

enum {
	SUBFILE = 254,
	BITS = 258,
	COMPRESSION,
	PHOTOMETRIC = 262,
	SAMPLES = 277,
	PLANAR = 284,
	INKSET = 332,
	INKS = 334,
	FORMAT = 339,
	COEFFICIENTS = 529,
	SUBSAMPLING,
	REFERENCE = 532,
	DNG = 50706
};
enum { WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, SEPARATED, YCBCR, CIELAB = 8 };
enum { JPEG_OLD = 6, JPEG = 7 };
enum { REDUCED = 1, OF_MASK = 4 };
enum { PAGES_MAX = 10000, ENTRIES_MAX = 4096 };

typedef struct {
	const uint8_t *data;
	size_t bytes, at, count; /* of the directory: its first entry, and how many */
	bool big_endian, big;
	int number, pages; /* of all directories; of those that are pages */
} directory;

static uint64_t get(const directory *d, size_t at, int n)
{
	uint64_t v = 0;
	if (at > d->bytes || (size_t)n > d->bytes - at)
		return 0;
	for (int i = 0; i < n; i++)
		v |= (uint64_t)d->data[at + (size_t)i] << 8 * (d->big_endian ? n - 1 - i : i);
	return v;
}

/* The i-th number of a tag, or what holds where it is not there. */
static double number(const directory *d, int tag, size_t i, double preset)
{
	static const uint8_t size[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8};
	const size_t entry = d->big ? 20 : 12, inside = d->big ? 8 : 4;
	for (size_t k = 0, at = d->at; k < d->count; k++, at += entry) {
		if (get(d, at, 2) != (uint64_t)tag)
			continue;
		const uint64_t type = get(d, at + 2, 2), count = get(d, at + 4, (int)inside);
		if (type >= G_N_ELEMENTS(size) || !size[type] || i >= count || count > d->bytes)
			return preset;
		size_t from = at + 4 + inside;
		if (count * size[type] > inside)
			from = get(d, from, (int)inside);
		from += i * size[type];
		if (type == 5 || type == 10) {
			const double over = (double)get(d, from + 4, 4);
			return over > 0 ? (double)(uint32_t)get(d, from, 4) / over : preset;
		}
		return (double)get(d, from, size[type]);
	}
	return preset;
}

static int word(const directory *d, int tag, int preset)
{
	const double v = number(d, tag, 0, preset);
	return v >= 0 && v < 65536 ? (int)v : preset;
}

/* The directory of a page; false: there is none. Smaller copies and masks of a page are none. Links
 * that run in circles end with the count. */
static bool find(const fv_source *s, int page, directory *d)
{
	*d = (directory){.data = s->data, .bytes = s->bytes};
	if (s->bytes < 16)
		return false;
	d->big_endian = s->data[0] == 'M';
	d->big = get(d, 2, 2) == 43;
	const int size = d->big ? 8 : 4, few = d->big ? 8 : 2, entry = d->big ? 20 : 12;
	size_t at = get(d, d->big ? 8 : 4, size);
	for (d->number = 0; at && at < d->bytes && d->number < PAGES_MAX; d->number++) {
		d->count = MIN(get(d, at, few), ENTRIES_MAX);
		d->at = at + (size_t)few;
		const int subfile = word(d, SUBFILE, 0);
		if (!(subfile & (REDUCED | OF_MASK)) || !d->number) {
			if (d->pages++ == page)
				return true;
		}
		at = get(d, d->at + d->count * (size_t)entry, size);
	}
	return false;
}

/* A BigTIFF's first directory and what it points to, as a TIFF: tags of up to 64 KB, without those
 * of its layout's kind (exif.c leaves out the others). */
static void put_directory(const directory *d, int depth, fv_bytes *out, size_t *at)
{
	static const uint8_t size[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
	fv_bytes entries = {0}, values = {0};
	uint32_t count = 0;
	const size_t room = 2 + 12 * d->count + 4;
	*at += room;
	void (*put)(fv_bytes *, uint32_t, int) = d->big_endian ? fv_put_be : fv_put_le;
	for (size_t k = 0, from = d->at; k < d->count && !entries.failed; k++, from += 20) {
		const uint32_t tag = (uint32_t)get(d, from, 2),
			       type = (uint32_t)get(d, from + 2, 2);
		const uint64_t n = get(d, from + 4, 8), one = type < sizeof size ? size[type] : 0;
		const bool inner = (tag == 34665 || tag == 34853 || tag == 40965) && depth < 2;
		size_t value = from + 12;
		if (!inner && (!one || !n || n > 65536 / one))
			continue;
		if (!inner && one * n > 8)
			value = (size_t)get(d, value, 8);
		if (!inner && (value > d->bytes || one * n > d->bytes - value))
			continue;
		put(&entries, tag, 2);
		put(&entries, inner ? 4 : type, 2);
		put(&entries, inner ? 1 : (uint32_t)n, 4);
		if (inner) {
			directory in = *d;
			const size_t where = (size_t)get(d, value, 8);
			in.count = MIN(get(d, where, 8), 200);
			in.at = where + 8;
			put(&entries, (uint32_t)*at, 4);
			put_directory(&in, depth + 1, &values, at);
		} else if (one * n > 4) {
			put(&entries, (uint32_t)*at, 4);
			fv_bytes_put(&values, d->data + value, one * n);
			fv_bytes_more(&values, (one * n) % 2);
			*at += one * n + (one * n) % 2;
		} else {
			fv_bytes_put(&entries, d->data + value, one * n);
			fv_bytes_more(&entries, 4 - one * n);
		}
		count++;
	}
	put(out, count, 2);
	fv_bytes_put(out, entries.data, entries.bytes);
	fv_bytes_more(out, room - 2 - entries.bytes);
	fv_bytes_put(out, values.data, values.bytes);
	out->failed |= entries.failed | values.failed;
	fv_bytes_free(&entries);
	fv_bytes_free(&values);
}

void fv_tiff_tags(const fv_source *s, fv_bytes *out)
{
	directory d;
	size_t at = 8;
	if (!find(s, 0, &d) || !d.big)
		return;
	d.count = MIN(d.count, 200);
	void (*put)(fv_bytes *, uint32_t, int) = d.big_endian ? fv_put_be : fv_put_le;
	fv_bytes_put(out, s->data, 2);
	put(out, 42, 2);
	put(out, 8, 4);
	put_directory(&d, 0, out, &at);
}

int fv_tiff_pages(const fv_source *s)
{
	directory d;
	find(s, PAGES_MAX, &d);
	return MAX(d.pages, 1);
}

int fv_tiff_number(const fv_source *s, int page)
{
	directory d;
	return find(s, page, &d) ? d.number : 0;
}

static fv_status refuse(fv_err *err, const fv_source *s, const char *why)
{
	return fv_fail(err, FV_E_FORMAT,
		       "%s: this TIFF %s, which fauve does not convert; save it anew as RGB",
		       s->path, why);
}

/* Y, Cb and Cr of 8 bits to R, G and B: rows of a matrix, and what is added. */
static void ycbcr(const directory *d, fv_tiff_colours *c)
{
	const double r = number(d, COEFFICIENTS, 0, 0.299), g = number(d, COEFFICIENTS, 1, 0.587),
		     b = number(d, COEFFICIENTS, 2, 0.114);
	double scale[3], zero[3];
	for (size_t i = 0; i < 3; i++) {
		const double black = number(d, REFERENCE, 2 * i, i ? 128 : 0),
			     white = number(d, REFERENCE, 2 * i + 1, 255);
		scale[i] = (i ? 127 : 255) / (white > black ? white - black : 255);
		zero[i] = black;
	}
	const double red = 2 - 2 * r, blue = 2 - 2 * b,
		     m[3][3] = {{1, 0, red},
				{1, g ? -b * blue / g : 0, g ? -r * red / g : 0},
				{1, blue, 0}};
	for (int i = 0; i < 3; i++) {
		c->add[i] = 0.5; /* what follows cuts */
		for (int k = 0; k < 3; k++) {
			c->matrix[3 * i + k] = m[i][k] * scale[k];
			c->add[i] -= c->matrix[3 * i + k] * zero[k];
		}
	}
	c->what = FV_TIFF_YCBCR;
}

fv_status fv_tiff_look(fv_err *err, const fv_source *s, fv_tiff_colours *c)
{
	directory d;
	*c = (fv_tiff_colours){.what = FV_TIFF_PLAIN};
	if (s->format != FV_TIFF || !find(s, s->page, &d))
		return FV_OK; /* libtiff says why */
	const int kind = word(&d, PHOTOMETRIC, BLACK_IS_ZERO), packed = word(&d, COMPRESSION, 1),
		  samples = word(&d, SAMPLES, 1), bits = word(&d, BITS, 1),
		  format = word(&d, FORMAT, 1);
	const bool planar = word(&d, PLANAR, 1) == 2, real = format == 3;
	if (number(&d, DNG, 0, -1) >= 0 || kind == 32803 || kind == 34892)
		return fv_fail(err, FV_E_FORMAT,
			       "%s: is a camera's raw file, of which only a preview could be read; "
			       "develop it, and paint what comes out",
			       s->path);
	for (size_t i = 1; i < (size_t)MIN(samples, 8); i++)
		if (number(&d, BITS, i, bits) != bits)
			return refuse(err, s, "has channels of different depths");
	if (format == 2 || format > 4)
		return refuse(err, s,
			      format == 2 ? "has numbers with a sign" : "has complex numbers");
	if (kind > CIELAB || kind == MASK || kind == 7)
		return refuse(err, s,
			      kind == MASK              ? "is a mask"
			      : kind == 9 || kind == 10 ? "has Lab colours of another kind"
							: "has colours of a rare kind");
	if (kind == SEPARATED &&
	    (samples < 4 || word(&d, INKSET, 1) != 1 || word(&d, INKS, 4) != 4))
		return refuse(err, s, "has other inks than cyan, magenta, yellow and black");
	if (kind == CIELAB && ((bits != 8 && bits != 16) || real || samples < 3 || planar))
		return refuse(err, s, "has Lab colours that are packed in a rare way");
	if (kind == WHITE_IS_ZERO && bits > 16 && !real)
		return refuse(err, s, "has inverted numbers of that depth");
	if (kind == WHITE_IS_ZERO && real)
		c->what = FV_TIFF_INVERTED;
	c->real = real;
	if (kind != YCBCR || (packed == JPEG && !planar))
		return FV_OK;
	if (packed == JPEG || packed == JPEG_OLD || bits != 8 || samples != 3 || real || planar ||
	    word(&d, SUBSAMPLING, 2) != 1 || number(&d, SUBSAMPLING, 1, 2) != 1)
		return refuse(err, s, "has YCbCr colours that are packed in a rare way");
	ycbcr(&d, c);
	return FV_OK;
}

VipsImage *fv_tiff_convert(VipsImage *im, const fv_tiff_colours *c)
{
	VipsImage *out = NULL, *matrix;
	if (!im)
		return NULL;
	if (c->what == FV_TIFF_INVERTED && im->BandFmt != VIPS_FORMAT_UCHAR)
		return fv_next(im, out, vips_linear1(im, &out, -1, 1, NULL));
	if (c->what != FV_TIFF_YCBCR || im->Bands != 3)
		return im;
	matrix = vips_image_new_matrix_from_array(3, 3, c->matrix, 9);
	im = fv_next(im, out, !matrix || vips_recomb(im, &out, matrix, NULL));
	if (matrix)
		g_object_unref(matrix);
	out = NULL;
	const double one[3] = {1, 1, 1};
	im = im ? fv_next(im, out, vips_linear(im, &out, one, c->add, 3, NULL)) : NULL;
	out = NULL;
	im = im ? fv_next(im, out, vips_cast(im, &out, VIPS_FORMAT_UCHAR, NULL)) : NULL;
	out = NULL;
	return im ? fv_next(im, out,
			    vips_copy(im, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
		  : NULL;
}
