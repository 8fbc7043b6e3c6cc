/* SPDX-License-Identifier: Apache-2.0 */
/* fauve doctor: what this machine and this build have, and what is missing. */
#include "cli/apply_numbered.h"
#include "cli/find.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "picture/picture.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SHOWN 4096                      /* bytes of a path or a name as it is printed */

static const fv_example examples[] = {
	{ "fauve doctor", "What is here." },
	{ "fauve doctor --json", "The same for a program; put it into a bug report." },
	{ 0 },
};

static json_t *styles(fv_err *err, fv_status *st)
{
	fv_style_list l;
	char folder[FV_PATH_MAX];
	json_t *found = json_array(), *folders = json_array();
	if ((*st = fv_style_list_new(err, &l))) {
		json_decref(found);
		json_decref(folders);
		return NULL;
	}
	for (int i = 0; i < l.count; i++)
		json_array_append_new(found,
		                      json_pack("{so so}", "name", fv_json_text(l.item[i].name),
		                                "path", fv_json_text(l.item[i].path)));
	for (int i = 0; fv_style_folder(i, folder, sizeof folder); i++)
		if (*folder)
			json_array_append_new(folders, fv_json_text(folder));
	fv_style_list_free(&l);
	return json_pack("{so so}", "found", found, "folders", folders);
}

/* What files may hold: the pictures' limits, then those of models and data. */
static json_t *limits(const fv_context *c)
{
	json_t *j = fv_picture_limits();
	for (int i = 0; i < FV_LIMITS; i++)
		json_object_set_new(j, fv_limit_table[i].name, json_integer(c->limit[i]));
	return j;
}

/* The library for films, and which of its encoders are here. */
static json_t *films(void)
{
	static const char *const names[] = { FV_FILM_ENCODERS };
	char why[600];
	const fv_film_table *t = fv_film_load(why, sizeof why);
	json_t *encoders = json_array(), *lacks = json_array();
	for (size_t i = 0; t && i < FV_COUNT(names); i++)
		json_array_append_new(t->encodes(names[i]) ? encoders : lacks, json_string(names[i]));
	return json_pack("{ss? so? so so}", "libraries", t ? t->library() : NULL, "missing",
	                 t ? NULL : fv_json_text(why), "encoders", encoders, "encoders_missing",
	                 lacks);
}

static json_t *look(fv_err *err, const fv_context *c, fv_status *st)
{
	char processor[200] = "unknown";
	fv_field("/proc/cpuinfo", "model name", processor, sizeof processor);
	json_t *s = styles(err, st);
	if (!s)
		return NULL;
	char photos[FV_PATH_MAX];
	fv_photos_folder(photos, sizeof photos);
	return json_pack("{ss s{ss ss ss si} s{sf sf sf} s{ss? ss ss} s{so so} so so ss? so so?}",
	                 "version", fv_version(), "processor", "name", processor, "isa",
	                 fv_isa_name(fv_isa_detect()), "isa_used", fv_isa_name(c->isa), "threads",
	                 c->threads, "memory", "bytes", fv_memory("/proc/meminfo", "MemTotal"),
	                 "free", fv_memory("/proc/meminfo", "MemAvailable"), "limit",
	                 fv_memory_limit(), "libraries", "libvips", fv_picture_library(), "jansson",
	                 jansson_version_str(), "zlib", zlibVersion(), "formats", "read",
	                 fv_picture_formats(true), "missing", fv_picture_formats(false), "films",
	                 films(), "limits", limits(c), "sandbox_missing", fv_sandbox_missing(), "styles", s,
	                 "photographs", *photos ? fv_json_text(photos) : NULL);
}

static const char *text(const json_t *j, const char *object, const char *key)
{
	return json_string_value(json_object_get(json_object_get(j, object), key));
}

static double figure(const json_t *j, const char *object, const char *key)
{
	return json_number_value(json_object_get(json_object_get(j, object), key));
}

static const char *shown(const json_t *text, char room[SHOWN])
{
	return fv_show(room, SHOWN, json_string_value(text));
}

static void print_names(const char *before, const json_t *names, const char *key)
{
	char room[SHOWN];
	size_t i;
	json_t *item;
	fv_out("%s", before);
	json_array_foreach(names, i, item)
		fv_out("%s%s", i ? ", " : "", shown(key ? json_object_get(item, key) : item, room));
	fv_out("%s\n", json_array_size(names) ? "" : "none");
}

static void print_picture_limits(const json_t *j)
{
	const char *name;
	json_t *pixels, *formats = json_object_get(json_object_get(j, "limits"), "pixels_a_byte");
	fv_out("limits     pictures of %.0f megapixels (apply --max-megapixels), files of %.0f MB; "
	       "above %.0f megapixels as many a byte:\n          ",
	       figure(j, "limits", "picture_pixels") / 1e6,
	       figure(j, "limits", "picture_bytes") / 1e6,
	       figure(j, "limits", "flat_pixels") / 1e6);
	json_object_foreach(formats, name, pixels)
		fv_out(" %s %" JSON_INTEGER_FORMAT, name, json_integer_value(pixels));
	fv_out("\n           decoding apart: %.0f s of a processor, %.0f s of the clock\n",
	       figure(j, "limits", "decode_cpu_seconds"), figure(j, "limits", "decode_seconds"));
}

static void print_model_limits(const json_t *j)
{
	fv_out("           models and data (--limit NAME=SIZE):\n");
	for (int i = 0; i < FV_LIMITS; i++) {
		const fv_limit_entry *e = &fv_limit_table[i];
		double v = figure(j, "limits", e->name);
		bool mega = e->bytes && v >= 1e6;
		const char *unit = mega ? "M" : e->bytes ? " bytes" : "";
		fv_out("           %-8s %8.0f%-6s  %s%s\n", e->name, mega ? v / 1048576 : v, unit,
		       e->what, e->preset < e->most ? "" : " (fixed)");
	}
}

static void print_films(const json_t *f)
{
	char room[SHOWN];
	const char *libraries = json_string_value(json_object_get(f, "libraries"));
	if (!libraries) {
		fv_out("films      none: " FV_FILM_MODULE ": %s\n",
		       shown(json_object_get(f, "missing"), room));
		return;
	}
	fv_out("films      %s\n", libraries);
	print_names("           encoders ", json_object_get(f, "encoders"), NULL);
	if (json_array_size(json_object_get(f, "encoders_missing")))
		print_names("           missing: ", json_object_get(f, "encoders_missing"), NULL);
}

static void print(const json_t *j)
{
	char room[SHOWN];
	size_t i;
	json_t *item;
	const json_t *f = json_object_get(j, "formats");
	const json_t *s = json_object_get(j, "styles");
	const char *vips = text(j, "libraries", "libvips");
	fv_out("fauve      %s\n", json_string_value(json_object_get(j, "version")));
	fv_out("processor  %s\n", text(j, "processor", "name"));
	fv_out("           instruction set %s, in use %s; %.0f threads\n",
	       text(j, "processor", "isa"), text(j, "processor", "isa_used"),
	       figure(j, "processor", "threads"));
	fv_out("memory     %.1f GB, %.1f GB free", figure(j, "memory", "bytes") / 1e9,
	       figure(j, "memory", "free") / 1e9);
	if (figure(j, "memory", "limit") > 0)
		fv_out("; this session may use %.1f GB", figure(j, "memory", "limit") / 1e9);
	fv_out("\nlibraries  libvips %s, jansson %s, zlib %s\n",
	       vips ? vips : "missing (Debian: libvips42)", text(j, "libraries", "jansson"),
	       text(j, "libraries", "zlib"));
	print_names("pictures   reads ", json_object_get(f, "read"), NULL);
	if (json_array_size(json_object_get(f, "missing")))
		print_names("           missing: ", json_object_get(f, "missing"), NULL);
	print_films(json_object_get(j, "films"));
	print_picture_limits(j);
	print_model_limits(j);
	const char *missing = json_string_value(json_object_get(j, "sandbox_missing"));
	fv_out("sandbox    %s\n",
	       missing ? missing
	               : "pictures but plain JPEG and PNG are decoded by a process "
	                 "that can do nothing else (--sandbox)");
	print_names("styles     ", json_object_get(s, "found"), "name");
	json_array_foreach(json_object_get(s, "folders"), i, item)
		fv_out("           %s%s\n", i ? "" : "looked for in ", shown(item, room));
	const json_t *photos = json_object_get(j, "photographs");
	fv_out("to train   photographs %s\n",
	       json_is_string(photos) ? shown(photos, room) : "that come with fauve are not here");
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	fv_context *c = NULL;
	json_t *j = NULL;
	fv_status st = fv_cli_context(err, cli, false, &c);
	if (st)
		return st;
	if (!(st = fv_picture_begin(err, "fauve"))) {
		j = look(err, c, &st);
		fv_picture_end();
	}
	if (!st && !j)
		st = fv_fail_memory(err, "doctor", 1000);
	if (!st && cli->json)
		st = fv_out_json(err, j, JSON_INDENT(2));
	else if (!st)
		print(j);
	json_decref(j);
	fv_context_free(c);
	return st;
}

const fv_command fv_command_doctor = {
	.name = "doctor", .summary = "what this machine and this build have, and the limits in "
	                             "force",
	.description = "Prints the processor and the instruction set in use, threads, memory, the "
	               "libraries' versions, whether films can be painted, the limits on pictures, "
	               "and where styles are looked for and which were found.",
	.examples = examples, .json = true, .run = run,
};
