/* SPDX-License-Identifier: Apache-2.0 */
/* What a model's metadata may say of its network: by the ranges of the command line. */
#include "lies.h"
#include <stdlib.h>

/* The base with one thing changed in its metadata: `where` (NULL: at the top, else in that object),
 * key and a value as JSON; NULL: taken away. */
static void change(const char *where, const char *key, const char *value)
{
	json_t *header = json_deep_copy(base->header),
	       *texts = json_object_get(header, "__metadata__");
	json_t *about = json_loads(json_string_value(json_object_get(texts, "fauve")), 0, NULL);
	json_t *in = where ? json_object_get(about, where) : about;
	if (value)
		json_object_set_new(in, key, json_loads(value, JSON_DECODE_ANY, NULL));
	else
		json_object_del(in, key);
	char *text = json_dumps(about, JSON_COMPACT);
	json_object_set_new(texts, "fauve", json_string(text));
	put_json(header);
	free(text);
	json_decref(about);
}

static void long_value(char *to, const char *piece, int count, const char *end)
{
	*to = 0;
	for (int i = 0; i < count; i++)
		to += sprintf(to, "%s", piece);
	sprintf(to, "%s", end);
}

void metadata(void)
{
	static const struct {
		const char *where, *key, *value, *words;
	} wrong[] = {
		{ "network", "width", "0", "width" },
		{ "network", "width", "-1", "width" },
		{ "network", "width", "1025", "width" },
		{ "network", "width", "2147483648", "width" },
		{ "network", "width", "9223372036854775807", "width" },
		{ "network", "width", "8.0", "width" },
		{ "network", "width", "\"8\"", "width" },
		{ "network", "width", NULL, "width" },
		{ "network", "width", "1024", "stem.0.weight is" },
		{ "network", "blocks", "-1", "blocks" },
		{ "network", "blocks", "65", "blocks" },
		{ "network", "blocks", "64", "is missing" },
		{ "network", "marks", "0", "marks" },
		{ "network", "marks", "1025", "marks" },
		{ "network", "stem", "4", "stem" },
		{ "network", "stem", "0", "stem" },
		{ "network", "affine", "1", "affine" },
		{ "network", "affine", "\"yes\"", "affine" },
		{ "network", "brush", "[]", "brushes" },
		{ "network", "brush", "[8,4,2,1,0.5]", "brushes" },
		{ "network", "brush", "[4,8]", "brushes" },
		{ "network", "brush", "[1e300]", "brushes" },
		{ "network", "brush", "[\"8\"]", "brushes" },
		{ "network", "brush", "8", "brushes" },
		{ "network", "length", "0.5", "length" },
		{ "network", "length", "1e18", "length" },
		{ "network", "bristle", "0", "bristles" },
		{ "network", "bristle", "65", "bristles" },
		{ "network", "medium", "\"water\"", "medium" },
		{ "network", "medium", "1", "medium" },
		{ NULL, "network", "[]", "names no network" },
		{ NULL, "network", NULL, "names no network" },
		{ NULL, "family", "7", "names no network" },
		{ NULL, "family", "\"nonsense\"", "'nonsense' is unknown" },
		{ NULL, "reader", "2", "newer fauve" },
		{ NULL, "reader", "0", "names no network" },
		{ NULL, "reader", "1.5", "names no network" },
		{ NULL, "title", "7", "'title'" },
		{ NULL, "title", "[\"a\"]", "'title'" },
		{ NULL, "licence", "{}", "'licence'" },
		{ NULL, "relief", "[1]", "relief" },
		{ NULL, "relief", "[1,1,1]", "relief" },
		{ NULL, "relief", "[1,4.1]", "relief" },
		{ NULL, "relief", "[0.2,1]", "relief" },
		{ NULL, "relief", "[-1,1]", "relief" },
		{ NULL, "relief", "[1,\"1\"]", "relief" },
		{ NULL, "relief", "1", "relief" },
		{ NULL, "relief", "[1,1e308]", "relief" },
		{ NULL, "palette", "7", "palette" },
		{ NULL, "palette", "\"\"", "palette" },
		{ NULL, "palette", "\"112233\"", "palette" },
	};
	static char text[1 << 20];
	for (size_t i = 0; i < FV_COUNT(wrong); i++) {
		char what[200];
		snprintf(what, sizeof what, "%s of %s", wrong[i].key,
			 wrong[i].value ? wrong[i].value : "nothing");
		change(wrong[i].where, wrong[i].key, wrong[i].value);
		refused(what, FV_E_FORMAT, wrong[i].words);
	}
	change(NULL, "relief", "[0.25,4]");
	opens("relief at both ends");
	text[0] = '"';
	long_value(text + 1, "0099ff", 512, "\"");
	change(NULL, "palette", text);
	opens("512 colours");
	long_value(text + 1, "0099ff", 513, "\"");
	change(NULL, "palette", text);
	refused("513 colours", FV_E_FORMAT, "palette");
	long_value(text + 1, "0099fF", 16, "\"");
	change(NULL, "palette", text);
	refused("a capital in the palette", FV_E_FORMAT, "colour 1 of its palette");
	long_value(text + 1, "title ", 11000, "\"");
	change(NULL, "title", text);
	refused("a title of 66 KB", FV_E_LIMIT,
		"a text in its metadata: 66000 bytes are over the limit");
	text[0] = '[';
	long_value(text + 1, "0,", 100000, "0]");
	change(NULL, "more", text);
	refused("100,000 values", FV_E_LIMIT, "--limit values=SIZE");
	long_value(text, "[", 15, "]]]]]]]]]]]]]]]");
	change(NULL, "more", text);
	opens("metadata of 16 levels");
	long_value(text, "[", 2000, "");
	long_value(text + 2000, "]", 2000, "");
	change(NULL, "more", text);
	refused("metadata of 2001 levels", FV_E_LIMIT,
		"levels of its metadata: 2001 are over the limit of 16");
}
