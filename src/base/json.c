/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

fv_json_size fv_json_measure(const char *text, size_t bytes)
{
	fv_json_size s = { .values = 1 };
	int64_t depth = 0, deepest = 0;
	for (size_t i = 0; i < bytes; i++)
		switch (text[i]) {
		case '"': {
			/* To the text's end; what no quote ends is refused by the parser. */
			size_t first = i + 1;
			while (++i < bytes && text[i] != '"')
				i += text[i] == '\\';
			s.text = fv_max(s.text, (int64_t)(i - first));
			break;
		}
		case '{':
			s.objects++;
			/* fall through */
		case '[':
			s.values++;
			deepest = fv_max(deepest, ++depth);
			break;
		case '}':
		case ']': depth--; break;
		case ',':
		case ':': s.values++;
		}
	s.depth = (int)fv_min(deepest, INT32_MAX);
	return s;
}

json_t *fv_json_read(fv_err *err, const fv_context *c, const char *what, const char *text,
		     size_t bytes)
{
	json_error_t je;
	fv_json_size s = fv_json_measure(text, bytes);
	if (s.depth > c->limit[FV_LIMIT_DEPTH])
		fv_over_limit(err, c->limit, FV_LIMIT_DEPTH, what, s.depth);
	else if (s.values > c->limit[FV_LIMIT_VALUES])
		fv_over_limit(err, c->limit, FV_LIMIT_VALUES, what, (double)s.values);
	else if (s.text > c->limit[FV_LIMIT_TEXT])
		fv_over_limit(err, c->limit, FV_LIMIT_TEXT, what, (double)s.text);
	else {
		json_t *j = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &je);
		if (json_is_object(j))
			return j;
		fv_fail(err, FV_E_FORMAT, "%s: is no JSON object%s%s", what, j ? "" : ": ",
			j ? "" : je.text);
		json_decref(j);
	}
	return NULL;
}

json_t *fv_json_text(const char *text)
{
	json_t *j = json_string(text);
	char shown[FV_SHOWN * 4096];
	return j ? j : json_string(fv_show(shown, sizeof shown, text));
}
