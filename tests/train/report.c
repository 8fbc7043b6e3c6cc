/* SPDX-License-Identifier: Apache-2.0 */
/* report.html: what stands in it, that it asks for nothing outside, that no foreign text becomes a
 * part of the page, and that it stays small. */
#define _GNU_SOURCE
#include "test.h"
#include "train/train.h"
#include <stdlib.h>
#include <unistd.h>

static fv_err err;

static fv_status sheet(void *user, fv_err *e, const char *path, const fv_pixels *p, int count,
		       int columns)
{
	FILE *f = fopen(path, "wb");
	fclose(f);
	return FV_OK;
}

static fv_status train(const char *run, const char *const *texts, bool begin)
{
	fv_context *c = NULL;
	fv_train_options o = { .size = sizeof o,
			       .recipe = begin ? "dense" : NULL,
			       .run = run,
			       .sheet = sheet,
			       .options = texts };
	if (fv_context_new(
		    &err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 1 },
		    &c))
		return FV_E_INTERNAL;
	fv_status st = fv_train(&err, c, &o);
	fv_context_free(c);
	return st;
}

static char page[1 << 20];
static const char *read_page(const char *run)
{
	char path[400];
	snprintf(path, sizeof path, "%s/report.html", run);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(page, 1, sizeof page - 1, f) : 0;
	page[n] = 0;
	if (f)
		fclose(f);
	return page;
}

static bool has(const char *text)
{
	return strstr(page, text) != NULL;
}
static int count(const char *what)
{
	int n = 0;
	for (const char *s = page; (s = strstr(s, what)); s++)
		n++;
	return n;
}

/* What a script, a style or a link would need to come from elsewhere, or from what was foreign. */
static void check_closed(const char *what)
{
	static const char *const outside[] = { "http:",   "https:",   "//",          "@import",
					       "url(",    "<script>", "<base",       "<iframe",
					       "<object", "onerror",  "javascript:", "@NONCE@",
					       "@TITLE@", "@BODY@" };
	for (size_t i = 0; i < FV_COUNT(outside); i++)
		check(!has(outside[i]), "%s: has '%s'", what, outside[i]);
	check(count("<script") == 1 && count("<style") == 1 && count("</script") == 1,
	      "%s: one script, one style", what);
	check(has("content=\"default-src 'none'; img-src 'self' file:; style-src 'nonce-"),
	      "%s: no policy", what);
	char nonce[80] = "";
	const char *at = strstr(page, "script-src 'nonce-");
	check(at && sscanf(at, "script-src 'nonce-%32[0-9a-f]'", nonce) == 1 &&
		      strlen(nonce) == 32 && count(nonce) == 4,
	      "%s: a nonce: '%s'", what, nonce);
}

int main(void)
{
	char folder[] = "/tmp/fauve-report-XXXXXX", command[300];
	static const char run[] = "<script>alert(1)<", inner[] = "<script>alert(1)</script>&\"",
			  shown[] = "script&gt;&amp;&quot;";
	if (!check(mkdtemp(folder) && !chdir(folder), "a folder"))
		return finish("report");
	char data[100];
	/* A folder called <script>alert(1)< with script>&" in it. */
	snprintf(data, sizeof data, "data=%s/idx", inner);
	check(!system("mkdir -p '<script>alert(1)<'/'script>&\"'"), "%s", run);
	snprintf(command, sizeof command, "%s/idx", inner);
	FILE *f = fopen(command, "wb");
	fwrite("\0\0\10\3\0\0\0\74\0\0\0\14\0\0\0\14", 1, 16, f);
	for (int i = 0; i < 60 * 144; i++)
		fputc(i * i * 37 % 251, f);
	fclose(f);
	snprintf(command, sizeof command, "%s", inner);
	check(!train(inner,
		     (const char *const[]){ data, "batch=4", "steps=30", "until=swd<1",
					    "measure-every=10", NULL },
		     true),
	      "%s", err.text);
	read_page(inner);
	check_closed("a folder of a strange name");
	check(has(shown) && has("<title>script&gt;&amp;&quot;</title>"),
	      "the folder is shown as it is called");
	check(has("Step 30 of 30, 100 %") && has("Stopped (steps): its 30 steps are done"),
	      "what stopped it");
	check(has("<b>d</b>") && has("<b>g</b>") && has("<b>swd</b>") &&
		      has("<b>samples_per_second</b>") && has("<b>rate</b>"),
	      "curves");
	check(has("class=\"aim\"") && has("kept as best.safetensors"), "the bound and the best");
	check(has("data-steps=\"30\"") && has("src=\"sheets/sheet_000030.jpg\""), "sheets");
	check(has("<th scope=\"row\">until</th><td>swd&lt;1</td>") &&
		      has("<th scope=\"row\">batch</th><td>4</td>"),
	      "settings");
	check(has("prefers-color-scheme: dark"), "dark");
	check(strlen(page) < 60000, "%zu bytes", strlen(page));

	/* Files of a stranger: text in what the watch saw, names of curves, sheets that are none;
	 * and so many steps. */
	snprintf(command, sizeof command, "%s/times.jsonl", inner);
	f = fopen(command, "a");
	fputs("{\"step\":9,\"watch\":\"<img src=x "
	      "onerror=alert(1)>\",\"state\":\"begins\",\"text\":\"</table><script>alert(2)</"
	      "script>\\u202e\"}\n",
	      f);
	fputs("{\"step\":9,\"<b "
	      "onclick=alert(3)>\":1}\n{\"step\":9,\"x\":1e999}\n[[[[[\n{\"step\":\n",
	      f);
	fclose(f);
	snprintf(command, sizeof command, "%s/stats.jsonl", inner);
	f = fopen(command, "w");
	for (int i = 0; i < 100000; i++)
		fprintf(f, "{\"step\":%d,\"d\":%g,\"g\":%g,\"dropped\":0}\n", 1 + i * 29 / 100000,
			0.5 + i % 17 * 0.01, i % 100 * 0.01);
	fclose(f);
	snprintf(command, sizeof command,
		 "cd '<script>alert(1)<'/'script>&\"'/sheets && touch sheet_000003.jpg sheet_5.jpg "
		 "'sheet_000007.jpg\" onload=alert(4)' other.jpg");
	check(!system(command), "sheets");
	check(!train(inner, (const char *const[]){ "steps=31", NULL }, false), "%s", err.text);
	read_page(inner);
	check(!has("<img src=x") && has("&lt;img src=x onerror=alert(1)&gt;") &&
		      !has("<b onclick") && has("&lt;b onclick=alert(3)&gt;"),
	      "foreign text is text");
	check(has("&lt;/table&gt;&lt;script&gt;alert(2)&lt;/script&gt;\\u202e"),
	      "and shows what would turn it");
	check(has("data-steps=\"3,30,31\"") && !has("onload"),
	      "sheets are those that fauve writes");
	check(strlen(page) < 80000, "%zu bytes of 100000 lines", strlen(page));
	for (char *s; (s = strstr(page, "onerror"));)
		*s = '-';
	check_closed("files of a stranger");

	check(!chdir("/"), "back");
	snprintf(command, sizeof command, "rm -rf %s", folder);
	check(!system(command), "%s stays", folder);
	return finish("report");
}
