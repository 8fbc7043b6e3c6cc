/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign text: names, titles, metadata, what other libraries say. On a terminal it may steer the
 * cursor, colour what follows, or turn the reading direction so that a name reads as another. */
#ifndef FV_TEXT_H
#define FV_TEXT_H
#include "base/base.h"

/* The text as it may stand on a terminal, in at most room bytes: letters of valid UTF-8 stay;
 * control characters (C0, DEL, C1), those that turn the direction and those that end a line become
 * \n, \t, \r or \u001b, bytes that are no UTF-8 \x9b. Shown twice is shown once; valid JSON stays
 * valid JSON of the same meaning. Characters of `keep` ("\n" for a text of many lines) stay.
 * Returns to. */
char *fv_show_keeping(char *to, size_t room, const char *text, const char *keep);
static inline char *fv_show(char *to, size_t room, const char *text)
{
	return fv_show_keeping(to, room, text, "");
}
/* Bytes of the longest start of text that is no longer than most and ends with a whole
 * character. */
size_t fv_text_cut(const char *text, size_t most);
#define FV_SHOWN 6                      /* bytes of a shown text for each of the text's, at most */
#endif
