/* SPDX-License-Identifier: Apache-2.0 */
#include "carriers.h"
#include <zlib.h>

static void put(fv_bytes *b, const char *text) { fv_bytes_put(b, text, strlen(text)); }

static void put_block(carrier c, fv_bytes *to)
{
	fv_bytes block = { 0 };
	make_block(c, &block);
	fv_bytes_put(to, block.data, block.bytes);
	fv_bytes_free(&block);
}

/* ------------------------------------------------------------------ EXIF, and TIFF */
enum { BYTE = 1, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 7 };
enum { IFD0, SUB, GPS, INTEROP, IFD1, DIRECTORIES };

typedef struct { int directory, tag, type; const char *text; size_t bytes; uint32_t number; } field;
#define TEXT(d, tag, type, text) { d, tag, type, text, sizeof(text), 0 }
#define NUMBER(d, tag, type, n) { d, tag, type, NULL, 0, n }
#define WIDE(a, b, c, d) "H\0I\0D\0E\0-\0" a "\0" b "\0" c "\0" d "\0"

static const field fields[] = {
	TEXT(IFD0, 0x010d, ASCII, "HIDE-document"), TEXT(IFD0, 0x010e, ASCII, "HIDE-description"),
	TEXT(IFD0, 0x010f, ASCII, "HIDE-make"),
	TEXT(IFD0, 0x0110, ASCII, "HIDE-model"), TEXT(IFD0, 0x0131, ASCII, "HIDE-software"),
	TEXT(IFD0, 0x0132, ASCII, "2021:03:04 05:06:07"),
	TEXT(IFD0, 0x013b, ASCII, "HIDE-artist"), TEXT(IFD0, 0x013c, ASCII, "HIDE-host"),
	TEXT(IFD0, 0x4746, ASCII, "HIDE-rating"),
	TEXT(IFD0, 0x8298, ASCII, "KEEP-copyright"), NUMBER(IFD0, 0x8769, LONG, SUB),
	NUMBER(IFD0, 0x8825, LONG, GPS),
	TEXT(IFD0, 0x9c9b, BYTE, WIDE("t", "i", "t", "l")),
	TEXT(IFD0, 0x9c9c, BYTE, WIDE("c", "o", "m", "m")),
	TEXT(IFD0, 0x9c9e, BYTE, WIDE("k", "e", "y", "w")),
	TEXT(IFD0, 0x9c9f, BYTE, WIDE("s", "u", "b", "j")),
	TEXT(IFD0, 0xc614, ASCII, "HIDE-camera-model"),
	TEXT(IFD0, 0xc62f, ASCII, "HIDE-camera-serial"), TEXT(IFD0, 0xc68b, ASCII, "HIDE-raw-name"),
	TEXT(SUB, 0x829a, ASCII, "HIDE-under-exposure"), NUMBER(SUB, 0x829d, RATIONAL, 28),
	TEXT(SUB, 0x8824, ASCII, "HIDE-spectral"),
	NUMBER(SUB, 0x8827, SHORT, 200), TEXT(SUB, 0x9000, UNDEFINED, "HIDE-under-version"),
	TEXT(SUB, 0x9003, ASCII, "2022:03:04 05:06:07"),
	TEXT(SUB, 0x9004, ASCII, "HIDE-under-date-12"), TEXT(SUB, 0x9010, ASCII, "HIDE-zone"),
	TEXT(SUB, 0x9213, ASCII, "HIDE-history"),
	TEXT(SUB, 0x927c, UNDEFINED, "HIDE-maker-note"),
	TEXT(SUB, 0x9286, UNDEFINED, "ASCII\0\0\0HIDE-comment"),
	TEXT(SUB, 0x9290, ASCII, "HIDE-subsecond"),
	TEXT(SUB, 0xa004, ASCII, "HIDE-sound-path"), NUMBER(SUB, 0xa005, LONG, INTEROP),
	TEXT(SUB, 0xa40b, UNDEFINED, "HIDE-device-settings"),
	TEXT(SUB, 0xa420, ASCII, "HIDE-image-id"), TEXT(SUB, 0xa430, ASCII, "HIDE-owner"),
	TEXT(SUB, 0xa431, ASCII, "HIDE-body-serial"),
	TEXT(SUB, 0xa433, ASCII, "HIDE-lens-make"), TEXT(SUB, 0xa434, ASCII, "HIDE-lens-model"),
	TEXT(SUB, 0xa435, ASCII, "HIDE-lens-serial"),
	TEXT(SUB, 0xea1c, UNDEFINED, "HIDE-padding"), TEXT(SUB, 0xfde8, ASCII, "HIDE-owner-2"),
	TEXT(GPS, 0x0001, ASCII, "N"), NUMBER(GPS, 0x0002, RATIONAL, 48),
	TEXT(GPS, 0x0012, ASCII, "HIDE-datum"),
	TEXT(GPS, 0x001b, UNDEFINED, "ASCII\0\0\0HIDE-gps-method"),
	TEXT(GPS, 0x001c, UNDEFINED, "ASCII\0\0\0HIDE-gps-area"),
	TEXT(GPS, 0x001d, ASCII, "HIDE-gps-day"),
	TEXT(INTEROP, 0x0001, ASCII, "R98"), TEXT(INTEROP, 0x1000, ASCII, "HIDE-interop-file"),
};
static const field thumbnail[] = {
	TEXT(IFD0, 0x8298, ASCII, "KEEP-copyright"), TEXT(IFD1, 0x0201, LONG, "HIDE-thumbnail"),
	NUMBER(IFD1, 0x0202, LONG, 15),
	TEXT(IFD1, 0x010e, ASCII, "HIDE-thumbnail-description"),
};
/* A picture of 8 x 8 grey pixels in a TIFF: what its directory says beside. */
enum { SIDE = 8, STRIP = 1 };
static const field pixels[] = {
	NUMBER(IFD0, 0x0100, SHORT, SIDE), NUMBER(IFD0, 0x0101, SHORT, SIDE),
	NUMBER(IFD0, 0x0102, SHORT, 8), NUMBER(IFD0, 0x0103, SHORT, 1),
	NUMBER(IFD0, 0x0106, SHORT, 1),
	{ IFD0, 0x0111, LONG, "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDEF", SIDE * SIDE, STRIP },
	NUMBER(IFD0, 0x0115, SHORT, 1), NUMBER(IFD0, 0x0116, SHORT, SIDE),
	NUMBER(IFD0, 0x0117, LONG, SIDE * SIDE),
};

static void number(fv_bytes *b, bool big, uint32_t v, int n)
{
	if (big)
		fv_put_be(b, v, n);
	else
		fv_put_le(b, v, n);
}

static int by_tag(const void *a, const void *b)
{
	const field *x = a, *y = b;
	return x->directory != y->directory ? x->directory - y->directory : x->tag - y->tag;
}

/* Twice: places are known the second time. */
static void directories(const field *f, int count, bool big, fv_bytes *to)
{
	field sorted[100];
	size_t begins[DIRECTORIES] = { 0 };
	memcpy(sorted, f, (size_t)count * sizeof *f);
	qsort(sorted, (size_t)count, sizeof *f, by_tag);
	for (int pass = 0; pass < 2; pass++) {
		fv_bytes values = { 0 };
		size_t end = pass ? to->bytes : 0;
		to->bytes = 0;
		put(to, big ? "MM" : "II");
		number(to, big, 42, 2);
		number(to, big, 8, 4);
		for (int d = 0, i = 0; d < DIRECTORIES; d++) {
			int n = 0;
			while (i + n < count && sorted[i + n].directory == d)
				n++;
			begins[d] = n ? to->bytes : 0;
			if (!n)
				continue;
			number(to, big, (uint32_t)n, 2);
			for (; n; n--, i++) {
				const field *e = &sorted[i];
				/* Offsets (a strip, a thumbnail) are numbers that stand for bytes
				 * elsewhere. */
				bool place = e->type == LONG && e->text,
				     pointer = e->type == LONG && !e->text &&
					       (e->tag & 0xff00) != 0x0100 && e->tag != 0x0202;
				size_t bytes = e->text               ? e->bytes
					       : e->type == RATIONAL ? 8
					       : e->type == LONG     ? 4
								     : 2;
				number(to, big, (uint32_t)e->tag, 2);
				number(to, big, (uint32_t)e->type, 2);
				number(to, big, e->text && !place ? (uint32_t)e->bytes : 1, 4);
				size_t offset = end + values.bytes;
				if (pointer)
					number(to, big, (uint32_t)begins[e->number], 4);
				else if (!e->text && bytes <= 4) {
					number(to, big, e->number, (int)bytes);
					fv_bytes_more(to, 4 - bytes);
				} else if (bytes <= 4 && !place) {
					fv_bytes_put(to, e->text, bytes);
					fv_bytes_more(to, 4 - bytes);
				} else {
					number(to, big, (uint32_t)offset, 4);
					if (e->text)
						fv_bytes_put(&values, e->text, bytes);
					else {
						number(&values, big, e->number, 4);
						number(&values, big, 10, 4);
					}
					fv_bytes_more(&values, values.bytes % 2);
				}
			}
			number(to, big, d == IFD0 ? (uint32_t)begins[IFD1] : 0, 4);
		}
		if (pass)
			fv_bytes_put(to, values.data, values.bytes);
		fv_bytes_free(&values);
	}
}

/* ------------------------------------------------------------------ XMP */
static const char xmp[] =
	"<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?><!-- HIDE-xml-comment -->"
	"<?HIDE-instruction?>"
	"<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='HIDE-toolkit'><r:RDF "
	"xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
	"<r:Description r:about='HIDE-about' xmlns:q='http://ns.adobe.com/exif/1.0/' "
	"xmlns:exif='urn:other' xmlns:dji='http://www.dji.com/drone-dji/1.0/' "
	"xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' "
	"xmlns:core='http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/' "
	"xmlns:ext='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' "
	"xmlns:aux='http://ns.adobe.com/exif/1.0/aux/' xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
	"xmlns:mm='http://ns.adobe.com/xap/1.0/mm/' "
	"xmlns:ref='http://ns.adobe.com/xap/1.0/sType/ResourceRef#' "
	"xmlns:d='http://purl.org/dc/elements/1.1/' "
	"xmlns:rights='http://ns.adobe.com/xap/1.0/rights/' "
	"xmlns:cc='http://creativecommons.org/ns#' "
	"xmlns:mwg='http://www.metadataworkinggroup.com/schemas/regions/' "
	"xmlns:camera='http://ns.google.com/photos/1.0/camera/' "
	"xmlns:note='http://ns.adobe.com/xmp/note/' xmlns:cipa='http://cipa.jp/exif/1.0/' "
	"q:GPSLatitude='48,51.29N HIDE-latitude' exif:ExposureTime='HIDE-other-space' "
	"dji:GpsLatitude='48.85 HIDE-drone' dji:DroneSerialNumber='HIDE-drone-serial' "
	"camera:gpsLatitude='HIDE-camera-place' photoshop:City='HIDE-city' "
	"photoshop:Country='HIDE-country' core:Location='HIDE-location' "
	"aux:SerialNumber='HIDE-serial' aux:OwnerName='HIDE-owner' "
	"aux:LensSerialNumber='HIDE-lens' cipa:BodySerialNumber='HIDE-body' "
	"cipa:CameraOwnerName='HIDE-camera-owner' xmp:CreatorTool='HIDE-tool /home/alice' "
	"mm:DocumentID='HIDE-document-id' mm:InstanceID='HIDE-instance' "
	"note:HasExtendedXMP='HIDE-extension' q:FNumber='HIDE-number' "
	"q:DateTimeOriginal='2023-03-04T05:06:07+HIDE-zone' "
	"rights:WebStatement='KEEP-statement' rights:Owner='HIDE-rights-owner' "
	"photoshop:Credit='KEEP-credit'>"
	"<d:title><r:Alt><r:li xml:lang='x-default'>HIDE-title</r:li></r:Alt></d:title>"
	"<d:description><r:Alt><r:li xml:lang='x-default'>HIDE-caption</r:li></r:Alt>"
	"</d:description>"
	"<d:subject><r:Bag><r:li>HIDE-keyword</r:li></r:Bag></d:subject>"
	"<d:creator HIDE='no' ><r:Seq><r:li>HIDE-creator &amp; <![CDATA[<Söhne>]]></r:li></r:Seq>"
	"</d:creator>"
	"<d:rights><r:Alt><r:li xml:lang='x-default'>KEEP-rights</r:li><r:li "
	"xml:lang='HIDE-lang'>KEEP-droits</r:li></r:Alt></d:rights>"
	"<cc:license r:resource='KEEP-licence'/>"
	"<rights:UsageTerms><r:Alt><r:li xml:lang='en'>KEEP-terms</r:li></r:Alt>"
	"</rights:UsageTerms>"
	"<cc:attributionName><r:Bag><r:li>HIDE-odd<ref:x>HIDE-within</ref:x></r:li></r:Bag>"
	"</cc:attributionName>"
	"<cc:attributionURL><r:Seq><r:li r:parseType='Resource'><ref:a>HIDE-struct</ref:a></r:li>"
	"</r:Seq></cc:attributionURL>"
	"<ext:PersonInImage><r:Bag><r:li>HIDE-person</r:li></r:Bag></ext:PersonInImage>"
	"<ext:LocationShown><r:Bag><r:li r:parseType='Resource'><ext:City>HIDE-shown</ext:City>"
	"</r:li></r:Bag></ext:LocationShown>"
	"<mwg:Regions r:parseType='Resource'><mwg:RegionList><r:Bag><r:li><r:Description "
	"mwg:Name='HIDE-face' d:creator='HIDE-inner-creator'/></r:li></r:Bag></mwg:RegionList>"
	"</mwg:Regions>"
	"<mm:DerivedFrom><r:Description ref:filePath='/Users/HIDE-path'>"
	"<d:rights>HIDE-inner-rights</d:rights></r:Description></mm:DerivedFrom>"
	"<mm:History><r:Seq><r:li r:parseType='Resource'><ref:softwareAgent>HIDE-agent"
	"</ref:softwareAgent></r:li></r:Seq></mm:History>"
	"<photoshop:Instructions>HIDE-instructions</photoshop:Instructions>"
	"</r:Description></r:RDF></x:xmpmeta><?xpacket end='w'?>";

static void wide(const char *text, bool big, fv_bytes *to)
{
	number(to, big, 0xfeff, 2);
	for (const uint8_t *p = (const uint8_t *)text; *p; p++)
		if (*p < 0x80)
			number(to, big, *p, 2);
		else if (*p < 0xe0) {
			number(to, big, (*p & 0x1fu) << 6 | (p[1] & 0x3fu), 2);
			p++;
		} else {
			number(to, big, (*p & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu),
			       2);
			p += 2;
		}
}

/* ------------------------------------------------------------------ IPTC, Photoshop, profile */
static void iptc(fv_bytes *to)
{
	static const struct { int record, dataset; const char *text; } list[] = {
		{ 1, 90, "\x1b%G" }, { 2, 5, "HIDE-title" }, { 2, 25, "HIDE-keyword" },
		{ 2, 26, "HIDE-location-code" }, { 2, 27, "HIDE-location-name" },
		{ 2, 55, "20210304" }, { 2, 62, "HIDE-day" }, { 2, 80, "HIDE-byline" },
		{ 2, 85, "HIDE-byline-title" }, { 2, 90, "HIDE-city" },
		{ 2, 92, "HIDE-sublocation" }, { 2, 95, "HIDE-state" }, { 2, 100, "HIDE-code" },
		{ 2, 101, "HIDE-country" }, { 2, 110, "KEEP-credit" },
		{ 2, 115, "HIDE-source" }, { 2, 116, "KEEP-notice" }, { 2, 118, "HIDE-contact" },
		{ 2, 120, "HIDE-caption" }, { 2, 122, "HIDE-writer" },
		{ 2, 221, "HIDE-prefs" }, { 3, 80, "HIDE-record-3" },
		{ 240, 80, "HIDE-record-240" },
	};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		fv_put_be(to, 0x1c, 1);
		fv_put_be(to, (uint32_t)list[i].record, 1);
		fv_put_be(to, (uint32_t)list[i].dataset, 1);
		fv_put_be(to, (uint32_t)strlen(list[i].text), 2);
		put(to, list[i].text);
	}
}

static void resource(fv_bytes *to, uint32_t id, const char *name, const void *data, size_t bytes)
{
	put(to, "8BIM");
	fv_put_be(to, id, 2);
	fv_put_be(to, (uint32_t)strlen(name), 1);
	put(to, name);
	fv_bytes_more(to, (1 + strlen(name)) % 2);
	fv_put_be(to, (uint32_t)bytes, 4);
	fv_bytes_put(to, data, bytes);
	fv_bytes_more(to, bytes % 2);
}

static void photoshop(carrier c, fv_bytes *to)
{
	fv_bytes records = { 0 };
	iptc(&records);
	if (c == PHOTOSHOP) {
		resource(to, 0x03e9, "", "HIDE-print-info", 15);
		resource(to, 0x040c, "", "HIDE-photoshop-thumbnail", 24);
		resource(to, 0x0422, "HIDE-name", "HIDE-photoshop-exif", 19);
		resource(to, 0x0424, "", "HIDE-photoshop-xmp", 18);
	} else
		resource(to, 0x0404, "", records.data, records.bytes);
	fv_bytes_free(&records);
}

/* Colours wider than sRGB, of a monitor that names its owner. */
static void profile(fv_bytes *to)
{
	static const struct { const char *name, *text; uint32_t xyz[3]; } tag[] = {
		{ "desc", "HIDE-alice's monitor", { 0 } },
		{ "cprt", "KEEP-profile-copyright", { 0 } },
		{ "dmnd", "HIDE-monitor-maker", { 0 } },
		{ "dmdd", "HIDE-monitor-serial", { 0 } }, { "meta", "HIDE-meta", { 0 } },
		{ "targ", "HIDE-target", { 0 } }, { "vued", "HIDE-viewing", { 0 } },
		{ "wtpt", NULL, { 0xf6d6, 0x10000, 0xd32d } },
		{ "rXYZ", NULL, { 0x9c18, 0x4fa5, 0x04fc } },
		{ "gXYZ", NULL, { 0x348d, 0xa02c, 0x0f95 } },
		{ "bXYZ", NULL, { 0x2631, 0x102f, 0xbe9c } }, { "rTRC", "", { 0 } },
		{ "gTRC", "", { 0 } }, { "bTRC", "", { 0 } },
	};
	const size_t n = sizeof tag / sizeof *tag;
	fv_bytes values = { 0 }, table = { 0 };
	for (size_t i = 0; i < n; i++) {
		size_t from = values.bytes;
		if (!tag[i].text) {
			fv_bytes_put(&values, "XYZ \0\0\0\0", 8);
			for (int k = 0; k < 3; k++)
				fv_put_be(&values, tag[i].xyz[k], 4);
		} else if (!*tag[i].text)
			fv_bytes_put(&values, "curv\0\0\0\0\0\0\0\1\2\x33\0\0", 16);
		else if (strcmp(tag[i].name, "cprt")) {
			fv_bytes_put(&values, "desc\0\0\0\0", 8);
			fv_put_be(&values, (uint32_t)strlen(tag[i].text) + 1, 4);
			put(&values, tag[i].text);
			fv_bytes_more(&values, 1 + 78);
		} else {
			fv_bytes_put(&values, "text\0\0\0\0", 8);
			fv_bytes_put(&values, tag[i].text, strlen(tag[i].text) + 1);
		}
		put(&table, tag[i].name);
		fv_put_be(&table, (uint32_t)(128 + 4 + 12 * n + from), 4);
		fv_put_be(&table, (uint32_t)(values.bytes - from), 4);
		fv_bytes_more(&values, -values.bytes & 3);
	}
	fv_put_be(to, (uint32_t)(128 + 4 + table.bytes + values.bytes), 4);
	fv_bytes_put(to,
		     "lcms\2\x10\0\0mntrRGB XYZ \7\xe5\0\3\0\4\0\5\0\6\0\7acspAPPL\0\0\0\0HIDE-dev",
		     52);
	fv_bytes_more(to, 68 - to->bytes);
	fv_bytes_put(to, "\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d" "crea" "HIDE-profile-id!", 32);
	fv_bytes_more(to, 128 - to->bytes);
	fv_put_be(to, (uint32_t)n, 4);
	fv_bytes_put(to, table.data, table.bytes);
	fv_bytes_put(to, values.data, values.bytes);
	fv_bytes_free(&table);
	fv_bytes_free(&values);
}

void make_block(carrier c, fv_bytes *to)
{
	switch (c) {
	case EXIF_II:
	case EXIF_MM: directories(fields, sizeof fields / sizeof *fields, c == EXIF_MM, to); break;
	case THUMBNAIL:
		directories(thumbnail, sizeof thumbnail / sizeof *thumbnail, false, to);
		break;
	case XMP_8: put(to, xmp); break;
	case XMP_16LE:
	case XMP_16BE: wide(xmp, c == XMP_16BE, to); break;
	case IPTC: iptc(to); break;
	case PHOTOSHOP: photoshop(c, to); break;
	case PROFILE: profile(to); break;
	case XMP_MORE:
	case TEXTS:
	case CARRIERS: break;
	}
}

/* ------------------------------------------------------------------ files */
static void segment(fv_bytes *to, int marker, const char *name, size_t name_bytes,
		    const fv_bytes *data)
{
	fv_put_be(to, 0xff00u | (uint32_t)marker, 2);
	fv_put_be(to, (uint32_t)(2 + name_bytes + data->bytes), 2);
	fv_bytes_put(to, name, name_bytes);
	fv_bytes_put(to, data->data, data->bytes);
}
#define SEGMENT(to, marker, name, data) segment(to, marker, name, sizeof name - 1, data)

static bool jpeg(carrier c, const uint8_t *base, size_t bytes, fv_bytes *to)
{
	fv_bytes b = { 0 }, none = { 0 };
	fv_bytes_put(to, base, 2);
	if (c == IPTC || c == PHOTOSHOP)
		photoshop(c, &b);
	else
		make_block(c, &b);
	switch (c) {
	case EXIF_II:
	case EXIF_MM:
	case THUMBNAIL: SEGMENT(to, 0xe1, "Exif\0\0", &b); break;
	case XMP_MORE:
		put_block(XMP_8, &b);
		SEGMENT(to, 0xe1, "http://ns.adobe.com/xap/1.0/\0", &b);
		SEGMENT(to, 0xe1,
			"http://ns.adobe.com/xmp/extension/\0"
			"0123456789abcdef0123456789ABCDEF\0\0\0\24\0\0\0\0HIDE-extended-xmp-1",
			&none);
		break;
	case XMP_8:
	case XMP_16LE:
	case XMP_16BE: SEGMENT(to, 0xe1, "http://ns.adobe.com/xap/1.0/\0", &b); break;
	case IPTC:
	case PHOTOSHOP: SEGMENT(to, 0xed, "Photoshop 3.0\0", &b); break;
	case PROFILE: SEGMENT(to, 0xe2, "ICC_PROFILE\0\1\1", &b); break;
	default:
		SEGMENT(to, 0xfe, "HIDE-comment", &none);
		SEGMENT(to, 0xe2, "MPF\0II*\0\x08\0\0\0HIDE-many", &none);
		SEGMENT(to, 0xe2, "FPXR\0HIDE-flashpix", &none);
		SEGMENT(to, 0xe5, "HIDE-app5", &none);
		SEGMENT(to, 0xeb, "JP\0\1\0\0\0\1HIDE-c2pa", &none);
		SEGMENT(to, 0xec, "DuckyHIDE-ducky", &none);
	}
	fv_bytes_put(to, base + 2, bytes - 2);
	if (c == TEXTS)
		put(to, "\xff\xd8\xff\xe0HIDE-second-pictureftypmp42HIDE-motion");
	fv_bytes_free(&b);
	return true;
}

static void chunk(fv_bytes *to, const char *type, const void *data, size_t bytes)
{
	fv_put_be(to, (uint32_t)bytes, 4);
	size_t from = to->bytes;
	put(to, type);
	fv_bytes_put(to, data, bytes);
	fv_put_be(to, (uint32_t)crc32(0, to->data + from, (uInt)(4 + bytes)), 4);
}

/* What stands before it in the chunk, then data, deflated. */
static void squeezed(fv_bytes *to, const char *type, const char *head, size_t head_bytes,
		     const void *data, size_t bytes)
{
	fv_bytes b = { 0 };
	uLongf room = compressBound(bytes);
	fv_bytes_put(&b, head, head_bytes);
	compress2(fv_bytes_more(&b, room), &room, data, bytes, 9);
	chunk(to, type, b.data, head_bytes + room);
	fv_bytes_free(&b);
}

static void png_texts(fv_bytes *to)
{
	static const char hex[] = "\nexif\n      19\n4578696600004949484944452d7261772d\n";
	chunk(to, "tEXt", "Comment\0HIDE-text", 17);
	chunk(to, "tEXt", "Author\0HIDE-author", 18);
	chunk(to, "iTXt", "Description\0\0\0\0\0HIDE-international", 34);
	squeezed(to, "zTXt", "Location\0", 10, "HIDE-squeezed", 13);
	squeezed(to, "iTXt", "Title\0\1\0\0", 10, "HIDE-squeezed-title", 19);
	squeezed(to, "zTXt", "Raw profile type exif\0", 23, hex, sizeof hex - 1);
	chunk(to, "tEXt", "Raw profile type iptc\0HIDE-raw", 30);
	chunk(to, "prVt", "HIDE-private-chunk", 18);
	chunk(to, "tIME", "\7\xe5\3\4\5\6\7", 7);
}

static bool png(carrier c, const uint8_t *base, size_t bytes, fv_bytes *to)
{
	fv_bytes b = { 0 };
	fv_bytes_put(to, base, 33);
	if (c == XMP_8 || c == XMP_16LE || c == XMP_16BE)
		fv_bytes_put(&b, "XML:com.adobe.xmp\0\0\0\0", 22);
	make_block(c, &b);
	if (c == EXIF_II || c == EXIF_MM || c == THUMBNAIL)
		chunk(to, "eXIf", b.data, b.bytes);
	else if (c == PROFILE)
		squeezed(to, "iCCP", "HIDE-profile-name\0", 19, b.data, b.bytes);
	else if (c == TEXTS)
		png_texts(to);
	else
		chunk(to, "iTXt", b.data, b.bytes);
	fv_bytes_put(to, base + 33, bytes - 33);
	fv_bytes_free(&b);
	return c != IPTC && c != PHOTOSHOP && c != XMP_MORE && c != XMP_16LE && c != XMP_16BE;
}

static void part(fv_bytes *to, const char *type, const uint8_t *data, size_t bytes)
{
	put(to, type);
	fv_put_le(to, (uint32_t)bytes, 4);
	fv_bytes_put(to, data, bytes);
	fv_bytes_more(to, bytes % 2);
}

/* base: "RIFF", size, "WEBP", perhaps "VP8X" and 14 bytes, and a frame of 40 x 32. */
static bool webp(carrier c, const uint8_t *base, size_t bytes, fv_bytes *to)
{
	const uint8_t extended[10] = {
		c == PROFILE ? 32 : c < XMP_8 ? 8 : c < IPTC ? 4 : 0, 0, 0, 0, 39, 0, 0, 31, 0, 0
	};
	fv_bytes b = { 0 };
	make_block(c, &b);
	fv_bytes_put(to, base, 12);
	part(to, "VP8X", extended, sizeof extended);
	if (c == PROFILE)
		part(to, "ICCP", b.data, b.bytes);
	/* The encoder's header and EXIF are left out. */
	size_t frame = memcmp(base + 12, "VP8X", 4) ? 12 : 30,
	       size = fv_get_le(base + frame + 4, 4);
	fv_bytes_put(to, base + frame, 8 + size + size % 2);
	if (c < XMP_8)
		part(to, "EXIF", b.data, b.bytes);
	else if (c < IPTC)
		part(to, "XMP ", b.data, b.bytes);
	else if (c == TEXTS)
		part(to, "HIDE", (const uint8_t *)"HIDE-unknown", 12);
	for (int i = 0; i < 4; i++)
		to->data[4 + i] = (uint8_t)((to->bytes - 8) >> 8 * i);
	fv_bytes_free(&b);
	return c != IPTC && c != PHOTOSHOP && c != XMP_MORE;
}

static bool tiff(carrier c, fv_bytes *to)
{
	field f[sizeof pixels / sizeof *pixels + sizeof fields / sizeof *fields];
	static const int tags[CARRIERS] = {
		[XMP_8] = 700,  [XMP_16LE] = 700,    [XMP_16BE] = 700,
		[IPTC] = 33723, [PHOTOSHOP] = 34377, [PROFILE] = 34675
	};
	fv_bytes b = { 0 };
	int n = sizeof pixels / sizeof *pixels;
	memcpy(f, pixels, sizeof pixels);
	if (c == EXIF_II || c == EXIF_MM) {
		memcpy(f + n, fields, sizeof fields);
		n += sizeof fields / sizeof *fields;
	} else if (tags[c]) {
		make_block(c, &b);
		f[n++] = (field){ IFD0, tags[c], UNDEFINED, (const char *)b.data, b.bytes, 0 };
		if (c == PROFILE)
			return fv_bytes_free(&b), false;        /* these pixels are grey */
	}
	directories(f, n, c == EXIF_MM, to);
	fv_bytes_free(&b);
	return c != XMP_MORE && c != THUMBNAIL && c != TEXTS;
}

/* One pixel; its extensions are text in parts of up to 255 bytes. */
static bool gif(carrier c, fv_bytes *to)
{
	fv_bytes_put(to, "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff", 19);
	if (c == TEXTS) {
		fv_bytes_put(to, "!\xfe\14HIDE-comment\0", 16);
		fv_bytes_put(to, "!\xff\13HIDE-appl42\12HIDE-owner\0", 26);
	} else {
		fv_bytes_put(to, "!\xff\13XMP DataXMP", 14);
		put(to, xmp);
		fv_put_be(to, 1, 1);
		for (int i = 255; i >= 0; i--)
			fv_put_be(to, (uint32_t)i, 1);
		fv_put_be(to, 0, 1);
	}
	fv_bytes_put(to, ",\0\0\0\0\1\0\1\0\0\2\2L\1\0;", 16);
	return c == TEXTS || c == XMP_8;
}

bool make_file(carrier c, format f, const uint8_t *base, size_t bytes, fv_bytes *to)
{
	switch (f) {
	case IN_JPEG: return jpeg(c, base, bytes, to);
	case IN_PNG: return png(c, base, bytes, to);
	case IN_WEBP: return webp(c, base, bytes, to);
	case IN_TIFF: return tiff(c, to);
	default: return gif(c, to);
	}
}
