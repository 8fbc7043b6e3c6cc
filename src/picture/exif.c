/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF [1] copied value by value. libvips would write it through libexif, which changes values it
 * knows better, loses types it does not expect, and puts defaults where nothing stood; and it
 * writes none into PNG.
 *
 *	header		II or MM, 42, offset of directory 0
 *	directory	count, entries of 12 bytes sorted by tag, offset of the next (that of
 *			directory 0: the thumbnail)
 *	entry		tag, type, count, then the value when it takes up to 4 bytes, else
 *			its offset
 *
 * [1] CIPA DC-008, Exif 2.32; TIFF 6.0 */
#include "picture/internal.h"

enum { IFD0, EXIF, GPS, INTEROP, DIRECTORIES };
enum { BYTE = 1, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 7, SRATIONAL = 10, TYPES = 14 };
enum { EXIF_AT = 0x8769, GPS_AT = 0x8825, INTEROP_AT = 0xa005 };
#define EXIF_BYTES_MAX ((size_t)4 << 20)
enum { ENTRIES_MAX = 200, ADDED_MAX = 3, TEXT_MAX = 4096, DATE = 20 };
#define IS(type) (1u << (type))
#define INTEGER (IS(SHORT) | IS(LONG))
#define FRACTION (IS(RATIONAL) | IS(SRATIONAL))

/* Kept of each directory: ranges of tags, the types that they may have, and how many values at
 * most, so that nothing else travels under their names. Not here, on purpose: place; person, the
 * artist too; camera, lens, software and host; titles, descriptions and keywords, which name places
 * and persons; comments, maker notes, owner, serial numbers, picture id; time zone and parts of
 * seconds; weather; and the places of things in the unturned picture. docs/security.md says the
 * same to people. To keep one more: add its row. */
static const struct { int directory; uint16_t first, last; uint32_t types, most; } kept[] = {
	/* resolution */
	{ IFD0, 0x011a, 0x011b, FRACTION, 1 }, { IFD0, 0x0128, 0x0128, INTEGER, 1 },
	{ IFD0, 0x0132, 0x0132, IS(ASCII), DATE },
	/* copyright */
	{ IFD0, 0x8298, 0x8298, IS(ASCII), TEXT_MAX },
	{ IFD0, 0x4746, 0x4746, INTEGER, 1 }, { IFD0, 0x4749, 0x4749, INTEGER, 1 },     /* rating */
	/* exposure time, F number */
	{ EXIF, 0x829a, 0x829a, FRACTION, 1 }, { EXIF, 0x829d, 0x829d, FRACTION, 1 },
	/* program */
	{ EXIF, 0x8822, 0x8822, INTEGER, 1 },
	/* sensitivities */
	{ EXIF, 0x8827, 0x8827, INTEGER, 3 }, { EXIF, 0x8830, 0x8835, INTEGER, 1 },
	/* version */
	{ EXIF, 0x9000, 0x9000, IS(UNDEFINED), 4 },
	{ EXIF, 0x9003, 0x9004, IS(ASCII), DATE },
	{ EXIF, 0x9101, 0x9101, IS(UNDEFINED), 4 }, { EXIF, 0x9102, 0x9102, FRACTION, 1 },
	/* shutter to distance */
	{ EXIF, 0x9201, 0x9206, FRACTION, 1 },
	/* metering to focal length */
	{ EXIF, 0x9207, 0x9209, INTEGER, 1 }, { EXIF, 0x920a, 0x920a, FRACTION, 1 },
	/* colour space, size */
	{ EXIF, 0xa000, 0xa000, IS(UNDEFINED), 4 }, { EXIF, 0xa001, 0xa003, INTEGER, 1 },
	{ EXIF, 0xa20e, 0xa20f, FRACTION, 1 }, { EXIF, 0xa210, 0xa210, INTEGER, 1 },
	{ EXIF, 0xa215, 0xa215, FRACTION, 1 }, { EXIF, 0xa217, 0xa217, INTEGER, 1 },
	{ EXIF, 0xa300, 0xa301, IS(UNDEFINED), 1 }, { EXIF, 0xa401, 0xa403, INTEGER, 1 },
	/* white balance, sharpness, ... */
	{ EXIF, 0xa404, 0xa404, FRACTION, 1 }, { EXIF, 0xa405, 0xa40a, INTEGER, 1 },
	{ EXIF, 0xa40c, 0xa40c, INTEGER, 1 }, { EXIF, 0xa460, 0xa460, INTEGER, 1 },
	{ EXIF, 0xa461, 0xa461, INTEGER, 2 },
	{ EXIF, 0xa500, 0xa500, FRACTION, 1 },                                          /* gamma */
	{ INTEROP, 0x0001, 0x0001, IS(ASCII), 4 }, { INTEROP, 0x0002, 0x0002, IS(UNDEFINED), 4 },
};
/* Of the old file's layout: wrong in a new file even when everything is to be kept. XMP, IPTC,
 * Photoshop's resources and the profile, which a TIFF has as tags too, go their own ways. */
static const struct { uint16_t first, last; } layout[] = {
	{ 0x00fe, 0x010a }, { 0x0111, 0x0119 }, { 0x011c, 0x011c }, { 0x0120, 0x0125 },
	{ 0x0129, 0x012d }, { 0x013d, 0x013d }, { 0x0140, 0x0147 }, { 0x014a, 0x014a },
	{ 0x014c, 0x015b }, { 0x0200, 0x0214 }, { 0x02bc, 0x02bc }, { 0x83bb, 0x83bb },
	{ 0x8649, 0x8649 }, { 0x8773, 0x8773 }, { 0x935c, 0x935c }, { EXIF_AT, EXIF_AT },
	{ GPS_AT, GPS_AT }, { INTEROP_AT, INTEROP_AT },
};

typedef struct {
	const uint8_t *data;
	size_t bytes;
	bool big;                       /* MM */
	/* What may still be copied. Tags that share bytes would else make more of them than came
	 * in. */
	size_t budget;
} reader;

typedef struct {
	uint16_t tag, type;
	uint32_t count;
	const uint8_t *value;           /* in the file's byte order, also when it is `own` */
	size_t bytes;
	uint8_t own[4];
} entry;

typedef struct {
	entry entry[ENTRIES_MAX + ADDED_MAX];
	int count;
} directory;

static uint32_t get(const reader *r, size_t at, int n)
{
	return r->big ? fv_get_be(r->data + at, n) : fv_get_le(r->data + at, n);
}

static void put(const reader *r, fv_bytes *b, uint32_t v, int n)
{
	if (r->big)
		fv_put_be(b, v, n);
	else
		fv_put_le(b, v, n);
}

static bool is_date(const entry *e)
{
	for (size_t i = 0; i < e->bytes; i++)
		if (e->value[i] && !strchr("0123456789: ", e->value[i]))
			return false;
	return true;
}

static bool is_kept(int which, const entry *e, bool all)
{
	for (size_t i = 0; i < G_N_ELEMENTS(layout); i++)
		if (which != GPS && which != INTEROP && e->tag >= layout[i].first &&
		    e->tag <= layout[i].last)
			return false;
	for (size_t i = 0; i < G_N_ELEMENTS(kept) && !all; i++)
		if (kept[i].directory == which && e->tag >= kept[i].first && e->tag <= kept[i].last)
			return kept[i].types & IS(e->type) && e->count <= kept[i].most &&
			       (kept[i].most != DATE || is_date(e));
	return all;
}

/* Keeps the sorted order, which the standard asks for, whatever the file did; the first of two
 * equal tags stays. */
static bool add(directory *d, entry e)
{
	int i = d->count;
	while (i && d->entry[i - 1].tag > e.tag)
		i--;
	if (i && d->entry[i - 1].tag == e.tag)
		return false;
	if (d->count == (int)G_N_ELEMENTS(d->entry))
		return false;
	memmove(d->entry + i + 1, d->entry + i, (size_t)(d->count - i) * sizeof e);
	d->entry[i] = e;
	d->count++;
	return true;
}

/* The larger values of an entry begin at even places. */
static size_t value_bytes(const entry *e) { return e->bytes > 4 ? e->bytes + e->bytes % 2 : 0; }

static void set_long(directory *d, const reader *r, uint16_t tag, uint32_t v)
{
	entry e = { tag, LONG, 1, NULL, 4, { 0 } };
	for (int i = 0; i < 4; i++)
		e.own[i] = (uint8_t)(v >> 8 * (r->big ? 3 - i : i));
	for (int i = 0; i < d->count; i++)
		if (d->entry[i].tag == tag) {
			d->entry[i] = e;
			return;
		}
	add(d, e);
}

static bool holds(const reader *r, size_t at, size_t n)
{
	return at <= r->bytes && n <= r->bytes - at;
}

/* Without its value. */
static entry entry_at(const reader *r, size_t k)
{
	return (entry){ .tag = (uint16_t)get(r, k, 2),
			.type = (uint16_t)get(r, k + 2, 2),
			.count = get(r, k + 4, 4) };
}

/* at[]: where the other directories begin, 0 when there is none. Entries that do not fit in the
 * file are left out. */
static void read_directory(reader *r, size_t from, int which, bool all, directory *d,
			   size_t at[DIRECTORIES])
{
	static const uint8_t size[TYPES] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4 };
	if (from < 8 || !holds(r, from, 2))
		return;
	uint32_t count = get(r, from, 2);
	for (size_t i = 0, k = from + 2; i < count && holds(r, k, 12) && d->count < ENTRIES_MAX;
	     i++, k += 12) {
		entry e = entry_at(r, k);
		size_t offset = get(r, k + 8, 4);
		if (which == IFD0 && e.tag == EXIF_AT)
			at[EXIF] = offset;
		if (which == IFD0 && e.tag == GPS_AT)
			at[GPS] = offset;
		if (which == EXIF && e.tag == INTEROP_AT)
			at[INTEROP] = offset;
		if (e.type >= TYPES || !size[e.type] || e.count > r->bytes / size[e.type])
			continue;
		e.bytes = (size_t)e.count * size[e.type];
		if (e.bytes <= 4)
			offset = k + 8;
		if (!holds(r, offset, e.bytes))
			continue;
		e.value = r->data + offset;
		size_t cost = 12 + value_bytes(&e);
		if (is_kept(which, &e, all) && cost <= r->budget && add(d, e))
			r->budget -= cost;
	}
}

static size_t directory_bytes(const directory *d)
{
	return d->count ? 2 + 12 * (size_t)d->count + 4 : 0;
}

/* turned: the values are in the other byte order. */
static void write_value(const entry *e, bool turned, fv_bytes *out, size_t room)
{
	static const uint8_t unit[TYPES] = { 1, 1, 1, 2, 4, 4, 1, 1, 2, 4, 4, 4, 8, 4 };
	uint8_t *to = fv_bytes_more(out, room);
	size_t flip = turned && e->value ? unit[e->type] - 1u : 0;
	for (size_t i = 0; to && i < e->bytes; i++)
		to[i ^ flip] = e->value ? e->value[i] : e->own[i];
}

/* Entries now, larger values behind all directories, where *later counts. */
static void write_directory(const reader *r, const directory *d, bool turned, fv_bytes *out,
			    size_t *later)
{
	if (!d->count)
		return;
	put(r, out, (uint32_t)d->count, 2);
	for (int i = 0; i < d->count; i++) {
		const entry *e = &d->entry[i];
		put(r, out, e->tag, 2);
		put(r, out, e->type, 2);
		put(r, out, e->count, 4);
		if (e->bytes > 4) {
			put(r, out, (uint32_t)*later, 4);
			*later += value_bytes(e);
		} else
			write_value(e, turned, out, 4);
	}
	put(r, out, 0, 4);
}

/* Directories from file offset `at` on, and their values; the pointers between them are set. */
static void write_directories(const reader *r, directory d[DIRECTORIES], bool turned, size_t at,
			      fv_bytes *out)
{
	static const struct { int of, in; uint16_t tag; } pointer[] = {
		{ INTEROP, EXIF, INTEROP_AT }, { EXIF, IFD0, EXIF_AT }, { GPS, IFD0, GPS_AT },
	};
	size_t begins[DIRECTORIES];
	/* They take room in their directories before their values are known. */
	for (size_t i = 0; i < G_N_ELEMENTS(pointer); i++)
		if (d[pointer[i].of].count)
			set_long(&d[pointer[i].in], r, pointer[i].tag, 0);
	for (int i = 0; i < DIRECTORIES; i++) {
		begins[i] = at;
		at += directory_bytes(&d[i]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(pointer); i++)
		if (d[pointer[i].of].count)
			set_long(&d[pointer[i].in], r, pointer[i].tag,
				 (uint32_t)begins[pointer[i].of]);
	for (int i = 0; i < DIRECTORIES; i++)
		write_directory(r, &d[i], turned, out, &at);
	for (int i = 0; i < DIRECTORIES; i++)
		for (int k = 0; k < d[i].count; k++)
			if (d[i].entry[k].bytes > 4)
				write_value(&d[i].entry[k], turned, out,
					    value_bytes(&d[i].entry[k]));
}

/* Whether the bytes begin as a TIFF does. */
static bool begin(reader *r, const uint8_t *data, size_t bytes)
{
	*r = (reader){ data, bytes, bytes >= 8 && data[0] == 'M', MIN(bytes, EXIF_BYTES_MAX) };
	return bytes >= 8 && data[0] == data[1] && (data[0] == 'I' || data[0] == 'M') &&
	       get(r, 2, 2) == 42;
}

static void read_directories(reader *r, bool all, directory d[DIRECTORIES])
{
	size_t at[DIRECTORIES] = { [IFD0] = get(r, 4, 4) };
	for (int i = 0; i < DIRECTORIES; i++)
		if (i != GPS || all)
			read_directory(r, at[i], i, all, &d[i], at);
}

void fv_exif_keep(const uint8_t *data, size_t bytes, bool all, int64_t width, int64_t height,
		  fv_bytes *out)
{
	reader r;
	if (bytes >= 6 && !memcmp(data, "Exif\0\0", 6)) {
		data += 6;
		bytes -= 6;
	}
	if (!begin(&r, data, bytes))
		return;
	directory *d = calloc(DIRECTORIES, sizeof *d);
	if (!d) {
		out->failed = true;
		return;
	}
	read_directories(&r, all, d);
	if (d[EXIF].count) {
		set_long(&d[EXIF], &r, 0xa002, (uint32_t)width);
		set_long(&d[EXIF], &r, 0xa003, (uint32_t)height);
	}
	if (d[IFD0].count || d[EXIF].count || d[GPS].count) {
		fv_bytes_put(out, data, 4);
		put(&r, out, 8, 4);
		write_directories(&r, d, false, 8, out);
	}
	free(d);
}

unsigned fv_exif_private(const uint8_t *data, size_t bytes)
{
	static const struct {
		uint16_t first, last;
		unsigned bit;
	} private[] = {
		{0x013b, 0x013b, FV_LEFT_PERSONS}, {0xa430, 0xa430, FV_LEFT_PERSONS},
		{0x9c9d, 0x9c9d, FV_LEFT_PERSONS}, {0x010f, 0x0110, FV_LEFT_CAMERA},
		{0x0131, 0x0131, FV_LEFT_CAMERA},  {0x013c, 0x013c, FV_LEFT_CAMERA},
		{0xa431, 0xa435, FV_LEFT_CAMERA},  {0x010d, 0x010e, FV_LEFT_TEXTS},
		{0x9286, 0x9286, FV_LEFT_TEXTS},   {0x9c9b, 0x9c9c, FV_LEFT_TEXTS},
		{0x9c9e, 0x9c9f, FV_LEFT_TEXTS},   {0x927c, 0x927c, FV_LEFT_MAKER},
	};
	reader r;
	unsigned left = 0;
	if (bytes >= 6 && !memcmp(data, "Exif\0\0", 6)) {
		data += 6;
		bytes -= 6;
	}
	directory *d = begin(&r, data, bytes) ? calloc(DIRECTORIES, sizeof *d) : NULL;
	if (!d)
		return 0;
	read_directories(&r, true, d);
	for (int k = 0; k < DIRECTORIES; k++)
		for (int i = 0; i < d[k].count; i++)
			for (size_t j = 0; j < G_N_ELEMENTS(private); j++)
				if (k <= EXIF && d[k].entry[i].tag >= private[j].first &&
				    d[k].entry[i].tag <= private[j].last)
					left |= private[j].bit;
	left |= d[GPS].count ? FV_LEFT_PLACE : 0;
	free(d);
	return left;
}

/* The tag that says what a PNG's text of that word says; 0: none. */
uint16_t fv_exif_tag_of(const char *word)
{
	static const struct {
		const char *word;
		uint16_t tag;
	} tags[] = {
		{"Copyright", 0x8298}, {"Author", 0x013b},   {"Description", 0x010e},
		{"Title", 0x010d},     {"Software", 0x0131},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(tags); i++)
		if (!strcmp(tags[i].word, word))
			return tags[i].tag;
	return 0;
}

void fv_exif_with_texts(const fv_bytes *exif, const fv_bytes *texts, fv_bytes *out)
{
	static const uint8_t empty[] = "II*\0\10\0\0\0\0";
	reader r;
	directory *d = calloc(DIRECTORIES, sizeof *d);
	if (!d) {
		out->failed = true;
		return;
	}
	if (begin(&r, exif->data, exif->bytes))
		read_directories(&r, true, d);
	else
		begin(&r, empty, sizeof empty);
	for (size_t at = 0; at < texts->bytes;) {
		const char *word = (const char *)texts->data + at, *text = word + strlen(word) + 1;
		const size_t bytes = strlen(text) + 1;
		entry e = {fv_exif_tag_of(word),  ASCII, (uint32_t)bytes,
			   (const uint8_t *)text, bytes, {0}};
		if (e.tag && bytes > 1)
			add(&d[IFD0], e);
		at = (size_t)(text - (const char *)texts->data) + bytes;
	}
	fv_bytes_put(out, r.data, 4);
	put(&r, out, 8, 4);
	write_directories(&r, d, false, 8, out);
	free(d);
}

/* A directory that an encoder just wrote, entry by entry as it stands; its values stay where they
 * are. */
static void read_encoded(const reader *r, directory *d)
{
	size_t from = get(r, 4, 4);
	uint32_t count = holds(r, from, 2) ? get(r, from, 2) : 0;
	for (size_t i = 0, k = from + 2; i < count && holds(r, k, 12) && d->count < ENTRIES_MAX / 2;
	     i++, k += 12) {
		entry e = entry_at(r, k);
		e.bytes = 4;
		memcpy(e.own, r->data + k + 8, 4);
		add(d, e);
	}
}

static void add_block(directory *d, uint16_t tag, uint16_t type, const fv_bytes *b)
{
	entry e = { tag, type, (uint32_t)b->bytes, b->data, b->bytes, { 0 } };
	if (b->bytes && b->bytes < UINT32_MAX / 8)
		add(d, e);
}

void fv_exif_into_tiff(const uint8_t *encoded, size_t bytes, const fv_picture *p, fv_bytes *head,
		       size_t *skip, fv_bytes *tail)
{
	enum { XMP = 0x02bc, IPTC = 0x83bb };
	reader to, from = { 0 };
	const size_t odd = bytes % 2;
	if (!begin(&to, encoded, bytes) || bytes > UINT32_MAX / 2)
		return;
	directory *d = calloc(DIRECTORIES, sizeof *d);
	if (!d) {
		head->failed = true;
		return;
	}
	read_encoded(&to, &d[IFD0]);
	add_block(&d[IFD0], XMP, BYTE, &p->xmp);
	add_block(&d[IFD0], IPTC, UNDEFINED, &p->iptc);
	if (begin(&from, p->exif.data, p->exif.bytes))
		read_directories(&from, true, d);
	fv_bytes_put(head, encoded, 4);
	put(&to, head, (uint32_t)(bytes + odd), 4);
	*skip = 8;
	fv_bytes_more(tail, odd);
	write_directories(&to, d, from.big != to.big, bytes + odd, tail);
	free(d);
}
