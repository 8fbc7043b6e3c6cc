/* SPDX-License-Identifier: Apache-2.0 */
/* Tells as JSON what a picture's file says of itself. */
#include "picture/internal.h"
#include <string.h>

#define PREFIX "exif-ifd"

/* libvips gives EXIF values as "Canon (Canon, ASCII, 6 components, 6 bytes)": what stands before
 * the last " (". */
static json_t *exif_value(const char *text)
{
	const char *end = NULL;
	for (const char *s = text; (s = strstr(s, " (")); s++)
		if (strstr(s, " bytes)")) {
			end = s;
			break;
		}
	char *whole = g_utf8_make_valid(text, end ? end - text : -1);
	json_t *j = json_string(whole);
	g_free(whole);
	return j;
}

static void *field(VipsImage *im, const char *name, GValue *value, void *user)
{
	json_t *exif = user;
	const char *text;
	/* exif-ifd0-Make: the directory's number and one more dash. */
	if (!strncmp(name, PREFIX, strlen(PREFIX)) && strlen(name) > strlen(PREFIX) + 2 &&
	    !vips_image_get_string(im, name, &text))
		json_object_set_new(exif, name + strlen(PREFIX) + 2, exif_value(text));
	return NULL;
}

json_t *fv_picture_about(const fv_picture *p)
{
	VipsImage *im = p->facts;
	if (p->about)                           /* written where the file was read (worker.c) */
		return json_loads(p->about, 0, NULL);
	const char *loader = "";
	if (vips_image_get_typeof(im, VIPS_META_LOADER) &&
	    vips_image_get_string(im, VIPS_META_LOADER, &loader))
		vips_error_clear();
	const char *load = strstr(loader, "load");      /* "jpegload_buffer" */
	size_t n = load ? (size_t)(load - loader) : strlen(loader);
	json_t *j = json_pack("{s:o, s:I, s:I, s:i, s:i, s:s, s:i}", "format",
	                      json_stringn(loader, n), "width", (json_int_t)p->pixels.width,
	                      "height", (json_int_t)p->pixels.height, "channels",
	                      p->pixels.channels, "bits", p->pixels.bits, "colours",
	                      vips_enum_nick(VIPS_TYPE_INTERPRETATION, im->Type), "orientation",
	                      vips_image_get_orientation(im));
	json_t *exif = json_object();
	if (!j || !exif) {
		json_decref(j);
		json_decref(exif);
		return NULL;
	}
	const struct {
		const char *key;
		const fv_bytes *b;
	} blocks[] = { { "profile", &p->profile }, { "xmp", &p->xmp }, { "iptc", &p->iptc } };
	for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++)
		if (blocks[i].b->bytes)
			json_object_set_new(j, blocks[i].key,
			                    json_sprintf("%zu bytes", blocks[i].b->bytes));
	json_t *texts = json_object();
	for (size_t at = 0; texts && at < p->texts.bytes;) {
		const char *word = (const char *)p->texts.data + at,
			   *text = word + strlen(word) + 1;
		json_object_set_new(texts, word, json_string(text));
		at = (size_t)(text - (const char *)p->texts.data) + strlen(text) + 1;
	}
	if (json_object_size(texts))
		json_object_set(j, "texts", texts);
	json_decref(texts);
	if (p->pages > 1)
		json_object_set_new(j, p->delays.bytes ? "frames" : "pages",
				    json_integer(p->pages));
	vips_image_map(im, field, exif);
	if (json_object_size(exif))
		json_object_set(j, "exif", exif);
	json_decref(exif);
	return j;
}
