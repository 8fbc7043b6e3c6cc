/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF, XMP, IPTC and profiles: what is kept of them, and into which file they are put. The first byte says which. */
#include "fuzz.h"
#include "picture/internal.h"

static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xd9 };
static const uint8_t png[45], webp[40];

static void embed(const fv_picture *p)
{
	static const struct { fv_format format; const uint8_t *data; size_t bytes; } into[] = {
		{ FV_JPEG, jpeg, sizeof jpeg }, { FV_PNG, png, sizeof png }, { FV_WEBP, webp, sizeof webp },
	};
	for (size_t i = 0; i < FV_COUNT(into); i++) {
		fv_bytes head = { 0 }, tail = { 0 };
		size_t skip = 0;
		fv_embed(into[i].format, into[i].data, into[i].bytes, p, &head, &skip, &tail);
		fuzz_must(skip <= into[i].bytes, "no more is left out than there is");
		if (into[i].format == FV_WEBP && head.bytes)
			fuzz_must(fv_get_le(head.data + 4, 4) + 8 == head.bytes + into[i].bytes - skip + tail.bytes, "RIFF's length is the file's");
		fv_bytes_free(&head);
		fv_bytes_free(&tail);
	}
}

/* Directory 0 lies in the bytes, sorted, and, unless all is kept, without place, maker note and host. */
static void sound(const fv_bytes *b, bool all)
{
	const uint8_t *d = b->data;
	if (!b->bytes)
		return;
	fuzz_must(b->bytes >= 14, "a header and a directory");
	uint32_t (*get)(const uint8_t *, int) = *d == 'M' ? fv_get_be : fv_get_le;
	size_t at = get(d + 4, 4), last = 0;
	fuzz_must(at <= b->bytes - 2, "the directory is inside");
	for (size_t i = 0, n = get(d + at, 2); i < n; i++) {
		size_t entry = at + 2 + 12 * i;
		fuzz_must(entry + 12 <= b->bytes, "every entry is inside");
		size_t tag = get(d + entry, 2);
		fuzz_must(!i || tag > last, "entries are sorted");
		fuzz_must(all || (tag != 0x8825 && tag != 0x927c && tag != 0x013c), "nothing private is kept");
		last = tag;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	fv_picture p = { .pixels = { .width = 3, .height = 5, .channels = 3, .bits = 8 } };
	if (!bytes)
		return 0;
	const bool all = data[0] & 0x80;
	const int what = data[0] & 3;
	data++;
	bytes--;
	if (what == 0) {
		fv_bytes again = { 0 };
		fv_exif_keep(data, bytes, all, 3, 5, &p.exif);
		sound(&p.exif, all);
		fuzz_must(p.exif.bytes <= bytes + 256, "what is kept is not much larger than what there was");
		if (p.exif.bytes)
			fv_exif_keep(p.exif.data, p.exif.bytes, all, 3, 5, &again);
		fuzz_must(again.bytes == p.exif.bytes, "what was kept once is kept again");
		fv_bytes_free(&again);
	} else if (what == 1)
		fv_xmp_keep(data, bytes, all, &p.xmp);
	else if (what == 2)
		fv_iptc_keep(data, bytes, all, &p.iptc);
	else
		fv_bytes_put(&p.profile, data, bytes);
	embed(&p);
	fv_bytes_free(&p.exif);
	fv_bytes_free(&p.xmp);
	fv_bytes_free(&p.iptc);
	fv_bytes_free(&p.profile);
	return 0;
}
