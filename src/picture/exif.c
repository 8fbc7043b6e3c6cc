/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF [1] copied value by value. libvips would write it through libexif, which changes values it knows better, loses
 * types it does not expect, and puts defaults where nothing stood; and it writes none into PNG.
 *
 *	header		II or MM, 42, offset of directory 0
 *	directory	count, entries of 12 bytes sorted by tag, offset of the next (of directory 0: the thumbnail)
 *	entry		tag, type, count, then the value when it takes up to 4 bytes, else its offset
 *
 * [1] CIPA DC-008, Exif 2.32; TIFF 6.0 */
#include "picture/internal.h"

enum { IFD0, EXIF, GPS, INTEROP, DIRECTORIES };
enum { EXIF_AT = 0x8769, GPS_AT = 0x8825, INTEROP_AT = 0xa005, LONG = 4, ENTRIES_MAX = 200 };

/* Kept of each directory, as ranges of tags, sorted. Not here, on purpose: maker notes (927c), user comment (9286), owner's
 * name (a430), serial numbers (a431, a435, c62f), picture id (a420), host (013c), weather (9400-9405), and the places of things in
 * the unturned picture. To keep one more: add its tag. */
static const struct { int directory; uint16_t first, last; } kept[] = {
	{ IFD0, 0x010e, 0x0110 },       /* description, make, model */
	{ IFD0, 0x011a, 0x011b }, { IFD0, 0x0128, 0x0128 },     /* resolution */
	{ IFD0, 0x0131, 0x0132 }, { IFD0, 0x013b, 0x013b },     /* software, date, artist */
	{ IFD0, 0x4746, 0x4746 }, { IFD0, 0x4749, 0x4749 },     /* rating */
	{ IFD0, 0x8298, 0x8298 },       /* copyright */
	{ IFD0, 0x9c9b, 0x9c9f },       /* title, comment, author, keywords, subject */
	{ EXIF, 0x829a, 0x829a }, { EXIF, 0x829d, 0x829d },     /* exposure time, F number */
	{ EXIF, 0x8822, 0x8822 }, { EXIF, 0x8827, 0x8827 }, { EXIF, 0x8830, 0x8835 },   /* program, sensitivities */
	{ EXIF, 0x9000, 0x9000 }, { EXIF, 0x9003, 0x9004 }, { EXIF, 0x9010, 0x9012 },   /* version, dates and their zones */
	{ EXIF, 0x9101, 0x9102 }, { EXIF, 0x9201, 0x920a },     /* shutter to focal length */
	{ EXIF, 0x9290, 0x9292 },       /* parts of seconds */
	{ EXIF, 0xa000, 0xa003 },       /* version, colour space, width, height */
	{ EXIF, 0xa20e, 0xa210 }, { EXIF, 0xa215, 0xa215 }, { EXIF, 0xa217, 0xa217 }, { EXIF, 0xa300, 0xa301 },
	{ EXIF, 0xa401, 0xa40a }, { EXIF, 0xa40c, 0xa40c },     /* rendering, white balance, sharpness and the like */
	{ EXIF, 0xa432, 0xa434 }, { EXIF, 0xa460, 0xa462 }, { EXIF, 0xa500, 0xa500 },   /* lens, composite, gamma */
	{ INTEROP, 0x0001, 0x0002 },
};
/* Of the old file's layout: wrong in a new file even when everything is to be kept. */
static const struct { uint16_t first, last; } layout[] = {
	{ 0x0100, 0x0106 }, { 0x0111, 0x0117 }, { 0x011c, 0x011c }, { 0x014a, 0x014a }, { 0x0201, 0x0202 }, { EXIF_AT, EXIF_AT }, { GPS_AT, GPS_AT },
	{ INTEROP_AT, INTEROP_AT },
};

typedef struct {
	const uint8_t *data;
	size_t bytes;
	bool big;                       /* MM */
} reader;

typedef struct {
	uint16_t tag, type;
	uint32_t count;
	const uint8_t *value;           /* in the file's byte order, also when it is `own` */
	size_t bytes;
	uint8_t own[4];
} entry;

typedef struct {
	entry entry[ENTRIES_MAX + 2];
	int count;
} directory;

static uint32_t get(const reader *r, size_t at, int n) { return r->big ? fv_get_be(r->data + at, n) : fv_get_le(r->data + at, n); }

static void put(const reader *r, fv_bytes *b, uint32_t v, int n)
{
	if (r->big)
		fv_put_be(b, v, n);
	else
		fv_put_le(b, v, n);
}

static bool is_kept(int which, uint16_t tag, bool all)
{
	for (size_t i = 0; i < G_N_ELEMENTS(layout); i++)
		if (which != GPS && which != INTEROP && tag >= layout[i].first && tag <= layout[i].last)
			return false;
	for (size_t i = 0; i < G_N_ELEMENTS(kept) && !all; i++)
		if (kept[i].directory == which && tag >= kept[i].first && tag <= kept[i].last)
			return true;
	return all;
}

/* Keeps the sorted order, which the standard asks for, whatever the file did; the first of two equal tags stays. */
static void add(directory *d, entry e)
{
	int i = d->count;
	while (i && d->entry[i - 1].tag > e.tag)
		i--;
	if (i && d->entry[i - 1].tag == e.tag)
		return;
	memmove(d->entry + i + 1, d->entry + i, (size_t)(d->count - i) * sizeof e);
	d->entry[i] = e;
	d->count++;
}

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

/* at[]: where the other directories begin, 0 when there is none. Entries that do not fit in the file are left out. */
static void read_directory(const reader *r, size_t from, int which, bool all, directory *d, size_t at[DIRECTORIES])
{
	static const uint8_t size[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4 };
	if (from < 8 || from > r->bytes || r->bytes - from < 2)
		return;
	uint32_t count = get(r, from, 2);
	for (size_t i = 0; i < count && from + 2 + 12 * (i + 1) <= r->bytes && d->count < ENTRIES_MAX; i++) {
		size_t k = from + 2 + 12 * i;
		entry e = { (uint16_t)get(r, k, 2), (uint16_t)get(r, k + 2, 2), get(r, k + 4, 4), NULL, 0, { 0 } };
		size_t offset = get(r, k + 8, 4);
		if (which == IFD0 && e.tag == EXIF_AT)
			at[EXIF] = offset;
		if (which == IFD0 && e.tag == GPS_AT)
			at[GPS] = offset;
		if (which == EXIF && e.tag == INTEROP_AT)
			at[INTEROP] = offset;
		if (e.type >= sizeof size || !size[e.type] || e.count > r->bytes || !is_kept(which, e.tag, all))
			continue;
		e.bytes = (size_t)e.count * size[e.type];
		if (e.bytes <= 4)
			offset = k + 8;
		if (offset > r->bytes || e.bytes > r->bytes - offset)
			continue;
		e.value = r->data + offset;
		add(d, e);
	}
}

static size_t directory_bytes(const directory *d) { return d->count ? 2 + 12 * (size_t)d->count + 4 : 0; }

/* Entries now, larger values behind all directories, where *later counts. */
static void write_directory(const reader *r, const directory *d, fv_bytes *out, size_t *later)
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
			*later += e->bytes + e->bytes % 2;
		} else {
			uint8_t *to = fv_bytes_more(out, 4);
			if (to)
				memcpy(to, e->value ? e->value : e->own, e->bytes);
		}
	}
	put(r, out, 0, 4);
}

static void write_values(const directory *d, fv_bytes *out)
{
	for (int i = 0; i < d->count; i++)
		if (d->entry[i].bytes > 4) {
			fv_bytes_put(out, d->entry[i].value, d->entry[i].bytes);
			fv_bytes_more(out, d->entry[i].bytes % 2);
		}
}

void fv_exif_keep(const uint8_t *data, size_t bytes, bool all, int64_t width, int64_t height, fv_bytes *out)
{
	size_t at[DIRECTORIES] = { 0 }, begins[DIRECTORIES], total = 8;
	if (bytes >= 6 && !memcmp(data, "Exif\0\0", 6)) {
		data += 6;
		bytes -= 6;
	}
	reader r = { data, bytes, bytes >= 8 && data[0] == 'M' };
	directory *d = bytes >= 8 && data[0] == data[1] && (data[0] == 'I' || data[0] == 'M') && get(&r, 2, 2) == 42 ? calloc(DIRECTORIES, sizeof *d) : NULL;
	if (!d)
		return;
	at[IFD0] = get(&r, 4, 4);
	for (int i = 0; i < DIRECTORIES; i++)
		if (i != GPS || all)
			read_directory(&r, at[i], i, all, &d[i], at);
	if (d[EXIF].count) {
		set_long(&d[EXIF], &r, 0xa002, (uint32_t)width);
		set_long(&d[EXIF], &r, 0xa003, (uint32_t)height);
	}
	/* The pointers take room in their directories before their values are known. */
	if (d[INTEROP].count)
		set_long(&d[EXIF], &r, INTEROP_AT, 0);
	if (d[EXIF].count)
		set_long(&d[IFD0], &r, EXIF_AT, 0);
	if (d[GPS].count)
		set_long(&d[IFD0], &r, GPS_AT, 0);
	for (int i = 0; i < DIRECTORIES; i++) {
		begins[i] = total;
		total += directory_bytes(&d[i]);
	}
	if (d[IFD0].count) {
		if (d[INTEROP].count)
			set_long(&d[EXIF], &r, INTEROP_AT, (uint32_t)begins[INTEROP]);
		if (d[EXIF].count)
			set_long(&d[IFD0], &r, EXIF_AT, (uint32_t)begins[EXIF]);
		if (d[GPS].count)
			set_long(&d[IFD0], &r, GPS_AT, (uint32_t)begins[GPS]);
		fv_bytes_put(out, data, 4);
		put(&r, out, 8, 4);
		for (int i = 0; i < DIRECTORIES; i++)
			write_directory(&r, &d[i], out, &total);
		for (int i = 0; i < DIRECTORIES; i++)
			write_values(&d[i], out);
	}
	free(d);
}
