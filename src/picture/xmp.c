/* SPDX-License-Identifier: Apache-2.0 */
/* XMP [1]: parsed, and written anew from the few properties that are kept. Nothing of a stranger's
 * XML is copied: only the text of known properties, so neither prefixes nor encodings (UTF-8,
 * UTF-16) nor places to hide matter.
 *
 *	x:xmpmeta > rdf:RDF > rdf:Description, with properties as attributes or as elements:
 *	element		text, or an rdf:resource, or rdf:Alt, rdf:Bag, rdf:Seq of rdf:li
 *
 * [1] ISO 16684-1 */
#define _GNU_SOURCE
#include "picture/internal.h"
#include <expat.h>

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define LANG "http://www.w3.org/XML/1998/namespace lang"
#define IN_MAX ((size_t)64 << 20)
#define OUT_MAX ((size_t)48 << 10)      /* fits in one segment of a JPEG */
enum { LEAST = 4, TEXT_MAX = 4096, DEPTH_MAX = 100 };

typedef enum { TEXT, NUMBER, DATE } kind;

/* Kept. Credit and rights are their author's own statement; numbers say how the picture was taken.
 * Not here, on purpose: titles, descriptions, keywords and what else exif.c leaves out, documents'
 * ids and histories. To keep one more: add its row. */
static const struct {
	const char *space, *prefix;
	struct { const char *name; kind kind; } property[28];
} kept[] = {
	{ "http://purl.org/dc/elements/1.1/", "dc", { { "rights", TEXT } } },
	{ "http://ns.adobe.com/xap/1.0/rights/", "xmpRights",
	  { { "Marked", TEXT }, { "UsageTerms", TEXT }, { "WebStatement", TEXT } } },
	{ "http://creativecommons.org/ns#", "cc",
	  { { "license", TEXT }, { "attributionName", TEXT }, { "attributionURL", TEXT } } },
	{ "http://ns.adobe.com/photoshop/1.0/", "photoshop",
	  { { "Credit", TEXT }, { "DateCreated", DATE } } },
	{ "http://ns.adobe.com/xap/1.0/", "xmp", { { "CreateDate", DATE }, { "Rating", NUMBER } } },
	{ "http://ns.adobe.com/tiff/1.0/", "tiff",
	  { { "Copyright", TEXT }, { "XResolution", NUMBER }, { "YResolution", NUMBER },
	    { "ResolutionUnit", NUMBER } } },
	{ "http://ns.adobe.com/exif/1.0/", "exif",
	  { { "DateTimeOriginal", DATE }, { "ExposureTime", NUMBER }, { "FNumber", NUMBER },
	    { "ExposureProgram", NUMBER }, { "ISOSpeedRatings", NUMBER },
	    { "ShutterSpeedValue", NUMBER },
	    { "ApertureValue", NUMBER }, { "BrightnessValue", NUMBER },
	    { "ExposureBiasValue", NUMBER },
	    { "MaxApertureValue", NUMBER }, { "SubjectDistance", NUMBER },
	    { "MeteringMode", NUMBER },
	    { "LightSource", NUMBER }, { "FocalLength", NUMBER },
	    { "FocalLengthIn35mmFilm", NUMBER },
	    { "ColorSpace", NUMBER }, { "SensingMethod", NUMBER }, { "CustomRendered", NUMBER },
	    { "ExposureMode", NUMBER }, { "WhiteBalance", NUMBER }, { "DigitalZoomRatio", NUMBER },
	    { "SceneCaptureType", NUMBER }, { "GainControl", NUMBER }, { "Contrast", NUMBER },
	    { "Saturation", NUMBER }, { "Sharpness", NUMBER } } },
	{ "http://cipa.jp/exif/1.0/", "exifEX",
	  { { "PhotographicSensitivity", NUMBER }, { "Gamma", NUMBER } } },
};

typedef struct {
	XML_Parser xml;
	fv_bytes *out;                  /* the properties, as they will be written */
	uint32_t seen[G_N_ELEMENTS(kept)];      /* a bit a property: the first of two stays */
	int depth, rdf, description;    /* the depths of rdf:RDF and rdf:Description while within
	                                 * them; else 0 */
	/* The property that is being read: */
	int at, which;                  /* in `kept`; at < 0: none */
	int level;                      /* its depth */
	bool odd;                       /* holds what is no text and no list: left out */
	const char *list;               /* Alt, Bag, Seq; NULL: text */
	bool item;                      /* within an rdf:li */
	fv_bytes text, items;           /* of the item, and the items so far */
	char lang[12];
} reader;

static void put(fv_bytes *b, const char *text) { fv_bytes_put(b, text, strlen(text)); }

static void put_escaped(fv_bytes *b, const uint8_t *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		switch (text[i]) {
		case '&': put(b, "&amp;"); break;
		case '<': put(b, "&lt;"); break;
		case '>': put(b, "&gt;"); break;
		case '"': put(b, "&quot;"); break;
		default: fv_bytes_put(b, text + i, 1);
		}
}

static const char *local(const char *name, const char *space)
{
	size_t n = strlen(space);
	return !strncmp(name, space, n) && name[n] == ' ' ? name + n + 1 : NULL;
}

/* expat gives names as "namespace local". */
static bool find(const char *name, int *at, int *which)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
		const char *tail = local(name, kept[i].space);
		for (size_t k = 0;
		     tail && k < G_N_ELEMENTS(kept[i].property) && kept[i].property[k].name; k++)
			if (!strcmp(tail, kept[i].property[k].name)) {
				*at = (int)i;
				*which = (int)k;
				return true;
			}
	}
	return false;
}

/* How many bytes of a date to write: without its fractions and its zone, which tells of the
 * place. */
static size_t date(const uint8_t *text, size_t bytes)
{
	static const char form[] = "0000-00-00T00:00:00";
	size_t n = 0;
	while (n < bytes && n < sizeof form - 1 &&
	       (form[n] == '0' ? text[n] >= '0' && text[n] <= '9' : text[n] == form[n]))
		n++;
	return n >= 19 ? 19 : n >= 16 ? 16 : n >= 10 ? 10 : n >= 7 ? 7 : n >= 4 ? 4 : 0;
}

/* How many bytes of a text may be written; 0: it is not kept. */
static size_t allowed(kind k, const uint8_t *text, size_t bytes)
{
	if (k == DATE)
		return date(text, bytes);
	for (size_t i = 0; k == NUMBER && i < bytes; i++)
		if (!text[i] || !strchr("0123456789/.+-", text[i]))
			return 0;
	return bytes <= (k == NUMBER ? 40 : TEXT_MAX) ? bytes : 0;
}

static void put_all(fv_bytes *b, const char *const *text, int count)
{
	for (int i = 0; i < count; i++)
		put(b, text[i]);
}
#define TEXTS(...) ((const char *const[]){ __VA_ARGS__ })
#define PUT(b, ...) put_all(b, TEXTS(__VA_ARGS__), G_N_ELEMENTS(TEXTS(__VA_ARGS__)))

/* value: text, escaped; of a list, its items; or a resource, that is an address. */
static void put_property(reader *r, const fv_bytes *value, const char *list, bool resource)
{
	const char *prefix = kept[r->at].prefix, *name = kept[r->at].property[r->which].name;
	fv_bytes line = { 0 };
	if (r->seen[r->at] >> r->which & 1 || !value->bytes)
		return;
	PUT(&line, " <", prefix, ":", name, resource ? " rdf:resource=\"" : ">");
	if (list)
		PUT(&line, "<rdf:", list, ">");
	fv_bytes_put(&line, value->data, value->bytes);
	if (list)
		PUT(&line, "</rdf:", list, ">");
	if (resource)
		put(&line, "\"/>\n");
	else
		PUT(&line, "</", prefix, ":", name, ">\n");
	if (r->out->bytes + line.bytes <= OUT_MAX) {
		r->seen[r->at] |= 1u << r->which;
		fv_bytes_put(r->out, line.data, line.bytes);
	}
	r->out->failed |= line.failed;
	fv_bytes_free(&line);
}

static void put_text(reader *r, const uint8_t *text, size_t bytes, bool resource)
{
	fv_bytes value = { 0 };
	put_escaped(&value, text, allowed(kept[r->at].property[r->which].kind, text, bytes));
	put_property(r, &value, NULL, resource);
	r->out->failed |= value.failed;
	fv_bytes_free(&value);
}

static void put_string(reader *r, const char *text, bool resource)
{
	put_text(r, (const uint8_t *)text, strlen(text), resource);
}

static const char *attribute(const XML_Char **list, const char *name)
{
	for (; *list; list += 2)
		if (!strcmp(*list, name))
			return list[1];
	return NULL;
}

static void begin_property(reader *r, const XML_Char *name, const XML_Char **attributes)
{
	const char *to = attribute(attributes, RDF " resource");
	if (!find(name, &r->at, &r->which))
		return;
	if (to)
		put_string(r, to, true);
	r->level = r->depth;
	r->odd = to || attribute(attributes, RDF " parseType");
	r->list = NULL;
	r->item = false;
	r->text.bytes = r->items.bytes = 0;
}

/* Within a property: a list, or its items; whatever else is a structure, of which none is kept. */
static void begin_inside(reader *r, const XML_Char *name, const XML_Char **attributes)
{
	static const char *const lists[] = { "Alt", "Bag", "Seq" };
	static const char letters[] =
		"-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *tail = local(name, RDF), *lang = attribute(attributes, LANG);
	if (r->depth == r->level + 1)
		for (size_t i = 0; tail && !r->list && i < G_N_ELEMENTS(lists); i++)
			if (!strcmp(tail, lists[i])) {
				r->list = lists[i];
				return;
			}
	if (r->depth != r->level + 2 || !r->list || !tail || strcmp(tail, "li") ||
	    attribute(attributes, RDF " parseType")) {
		r->odd = true;
		return;
	}
	r->item = true;
	r->text.bytes = 0;
	*r->lang = 0;
	/* "en-US", "zh-Hant", and no message. */
	if (lang && (!strcmp(lang, "x-default") ||
		     (strlen(lang) <= 7 && strspn(lang, letters) == strlen(lang))))
		strcpy(r->lang, lang);
}

static void XMLCALL begin(void *user, const XML_Char *name, const XML_Char **attributes)
{
	reader *r = user;
	if (++r->depth > DEPTH_MAX)
		XML_StopParser(r->xml, XML_FALSE);
	else if (r->at >= 0)
		begin_inside(r, name, attributes);
	else if (r->description && r->depth == r->description + 1)
		begin_property(r, name, attributes);
	else if (!r->rdf && r->depth <= 2 && !strcmp(name, RDF " RDF"))
		r->rdf = r->depth;
	else if (!r->description && r->rdf && r->depth == r->rdf + 1 &&
		 !strcmp(name, RDF " Description")) {
		r->description = r->depth;
		for (; *attributes; attributes += 2)
			if (find(attributes[0], &r->at, &r->which))
				put_string(r, attributes[1], false);
		r->at = -1;
	}
}

static void end_item(reader *r)
{
	size_t bytes = allowed(kept[r->at].property[r->which].kind, r->text.data, r->text.bytes);
	if (!bytes || r->items.bytes + bytes > TEXT_MAX)
		return;
	put(&r->items, "<rdf:li");
	if (*r->lang)
		PUT(&r->items, " xml:lang=\"", r->lang, "\"");
	put(&r->items, ">");
	put_escaped(&r->items, r->text.data, bytes);
	put(&r->items, "</rdf:li>");
}

static void XMLCALL end(void *user, const XML_Char *name)
{
	reader *r = user;
	if (r->at >= 0 && r->item && r->depth == r->level + 2) {
		end_item(r);
		r->item = false;
	} else if (r->at >= 0 && r->depth == r->level) {
		if (!r->odd && r->list)
			put_property(r, &r->items, r->list, false);
		else if (!r->odd)
			put_text(r, r->text.data, r->text.bytes, false);
		r->at = -1;
	} else if (r->depth == r->description)
		r->description = 0;
	else if (r->depth == r->rdf)
		r->rdf = 0;
	r->depth--;
}

static void XMLCALL hear(void *user, const XML_Char *text, int bytes)
{
	reader *r = user;
	if (r->at >= 0 && (r->item || r->depth == r->level) &&
	    r->text.bytes + (size_t)bytes <= 2 * TEXT_MAX)
		fv_bytes_put(&r->text, text, (size_t)bytes);
}

/* No XMP has one; entities, and their bombs, stand in it. */
static void XMLCALL refuse_doctype(void *user, const XML_Char *name, const XML_Char *file,
				   const XML_Char *id, int inside)
{
	XML_StopParser(((reader *)user)->xml, XML_FALSE);
}

static void keep_public(const uint8_t *data, size_t bytes, fv_bytes *out)
{
	fv_bytes properties = { 0 };
	reader r = { .xml = XML_ParserCreateNS(NULL, ' '), .out = &properties, .at = -1 };
	if (!r.xml) {
		out->failed = true;
		return;
	}
	XML_SetUserData(r.xml, &r);
	XML_SetElementHandler(r.xml, begin, end);
	XML_SetCharacterDataHandler(r.xml, hear);
	XML_SetStartDoctypeDeclHandler(r.xml, refuse_doctype);
	/* What was read before a fault counts: files end in padding and worse. At once: in pieces,
	 * one long word would be looked at again with each. */
	XML_Parse(r.xml, (const char *)data, (int)bytes, XML_TRUE);
	out->failed |= XML_GetErrorCode(r.xml) == XML_ERROR_NO_MEMORY || properties.failed ||
		       r.text.failed || r.items.failed;
	XML_ParserFree(r.xml);
	if (properties.bytes && !out->failed) {
		put(out, "<?xpacket begin=\"\xef\xbb\xbf\" "
			 "id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
			 "<rdf:RDF xmlns:rdf=\"" RDF "\"><rdf:Description rdf:about=\"\"");
		for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
			if (r.seen[i])
				PUT(out, " xmlns:", kept[i].prefix, "=\"", kept[i].space, "\"");
		put(out, ">\n");
		fv_bytes_put(out, properties.data, properties.bytes);
		put(out, "</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>");
	}
	fv_bytes_free(&properties);
	fv_bytes_free(&r.text);
	fv_bytes_free(&r.items);
}

/* ------------------------------------------------------------------ all of it */
static void XMLCALL copy(void *user, const XML_Char *text, int bytes)
{
	/* it may say UTF-16, and expat hands out UTF-8 */
	if (bytes < 6 || memcmp(text, "<?xml ", 6))
		fv_bytes_put(user, text, (size_t)bytes);
}

/* UTF-16 as UTF-8, which is all that JPEG and PNG may hold. */
static void keep_wide(const uint8_t *data, size_t bytes, fv_bytes *out)
{
	XML_Parser xml = XML_ParserCreate(NULL);
	if (!xml) {
		out->failed = true;
		return;
	}
	XML_SetUserData(xml, out);
	XML_SetDefaultHandler(xml, copy);       /* alone: every byte comes here, entities as they
	                                         * stand */
	XML_Parse(xml, (const char *)data, (int)bytes, XML_TRUE);
	out->failed |= XML_GetErrorCode(xml) == XML_ERROR_NO_MEMORY;
	XML_ParserFree(xml);
	if (out->bytes < LEAST)
		out->bytes = 0;
}

static void keep_all(const uint8_t *data, size_t bytes, bool wide, fv_bytes *out)
{
	static const char *const never[] = { "xmpGImg:", "xmp:Thumbnails" };
	static const char tag[] = "tiff:Orientation";
	if (wide)
		keep_wide(data, bytes, out);
	else
		fv_bytes_put(out, data, bytes);
	/* Thumbnails show the photograph. */
	for (size_t i = 0; i < G_N_ELEMENTS(never); i++)
		if (!out->failed && out->bytes &&
		    memmem(out->data, out->bytes, never[i], strlen(never[i])))
			out->bytes = 0;
	if (out->failed || !out->bytes)
		return;
	/* The picture is upright now: tiff:Orientation="6" or >6< becomes 1. */
	for (uint8_t *p = out->data, *last = p + out->bytes;
	     (p = memmem(p, (size_t)(last - p), tag, sizeof tag - 1));) {
		p += sizeof tag - 1;
		while (p < last && *p && strchr("=\"'> \t\r\n", *p))
			p++;
		if (p < last && *p >= '2' && *p <= '8')
			*p = '1';
	}
}

void fv_xmp_keep(const uint8_t *data, size_t bytes, bool all, fv_bytes *out)
{
	if (bytes < LEAST || bytes > IN_MAX)
		return;
	bool wide = !data[0] || !data[1] || (data[0] == 0xff && data[1] == 0xfe) ||
		    (data[0] == 0xfe && data[1] == 0xff);
	while (!wide && bytes && !data[bytes - 1])
		bytes--;
	if (all)
		keep_all(data, bytes, wide, out);
	else
		keep_public(data, bytes, out);
}
