/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign text: what steers a terminal is shown, letters stay; errors are one such line. */
#include "base/text.h"
#include "test.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void same(const char *text, const char *want)
{
	char shown[200], again[200];
	fv_show(shown, sizeof shown, text);
	check(!strcmp(shown, want), "'%s' is wanted, not '%s'", want, shown);
	check(!strcmp(fv_show(again, sizeof again, shown), shown), "'%s' is shown twice as '%s'",
	      want, again);
}

int main(void)
{
	char room[8];
	fv_err err, outer;
	same("plain \\ 'text' \"", "plain \\ 'text' \"");
	same("Zürich 北斎 Ελλάδα \U0001F3A8", "Zürich 北斎 Ελλάδα \U0001F3A8");
	same("\033[31mred\a\177", "\\u001b[31mred\\u0007\\u007f");
	same("a\nb\tc\rd", "a\\nb\\tc\\rd");
	same("\xc2\x9b" "31m\xc2\x9d" "0;x\xc2\x9c", "\\u009b31m\\u009d0;x\\u009c");
	same("\x9b" "31m \xff\xfe", "\\x9b31m \\xff\\xfe");
	same("\u202egnp.exe\u202c \u2066\u2069\u200e\u200f\u061c", "\\u202egnp.exe\\u202c "
	     "\\u2066\\u2069\\u200e\\u200f\\u061c");
	same("\u2028\u2029\ufeff\u200b", "\\u2028\\u2029\\ufeff\\u200b");
	/* Longer than needed: ESC in two, three and four bytes; a surrogate; above the last; cut off. */
	same("\xc0\x9b", "\\xc0\\x9b");
	same("\xe0\x80\x9b", "\\xe0\\x80\\x9b");
	same("\xf0\x80\x80\x9b", "\\xf0\\x80\\x80\\x9b");
	same("\xed\xa0\x80", "\\xed\\xa0\\x80");
	same("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	same("a\xe2\x82", "a\\xe2\\x82");
	check(!strcmp(fv_show(room, sizeof room, "abc\033d"), "abc"), "half an escape: '%s'", room);
	check(!strcmp(fv_show(room, sizeof room, "abcdef\u00fc"), "abcdef"), "half a letter: '%s'", room);
	check(!strcmp(fv_show_keeping(room, sizeof room, "a\nb", "\n"), "a\nb"), "lines: '%s'", room);
	check(fv_text_cut("aü", 2) == 1 && fv_text_cut("aü", 3) == 3 && fv_text_cut("ü", 1) == 0 &&
	      fv_text_cut("abc", 9) == 3, "cut within a letter");

	json_t *j = json_pack("{s:s}", "k\xc2\x9b", "v\033\n\177\xe2\x80\xae \\ ü");
	char *text = json_dumps(j, JSON_INDENT(2)), shown[200];
	json_t *back = json_loads(fv_show_keeping(shown, sizeof shown, text, "\n"), 0, NULL);
	check(json_equal(j, back) && !strchr(shown, '\177') && strstr(shown, "ü"), "JSON: %s", shown);
	json_decref(back);
	json_decref(j);
	free(text);

	fv_fail(&err, FV_E_READ, "%s: is odd", "x\033]0;t\a\n\xc2\x9b");
	check(!strcmp(err.text, "x\\u001b]0;t\\u0007\\n\\u009b: is odd"), "an error: %s", err.text);
	fv_fail(&outer, FV_E_READ, "%s", err.text);
	check(!strcmp(outer.text, err.text), "passed on: %s", outer.text);
	char longer[2 * sizeof err.text];
	memset(longer, 'a', sizeof longer);
	for (size_t i = 0; i + 2 < sizeof longer; i += 2)
		memcpy(longer + i, "ü", 2);
	longer[sizeof longer - 1] = 0;
	fv_fail(&err, FV_E_READ, "a%s", longer);
	check(!strchr(err.text, '\\') && strlen(err.text) > sizeof err.text - 4, "cut: %s", err.text);
	return finish("text");
}
