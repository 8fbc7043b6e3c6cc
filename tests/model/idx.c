/* SPDX-License-Identifier: Apache-2.0 */
/* idx: files of small grey pictures, packed and not: those that are whole are read, those that lie
 * are refused before memory is had for them. */
#define _GNU_SOURCE
#include "train/mnist.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static fv_context *context;
static char folder[] = "/tmp/fauve-idx-XXXXXX", path[64];

/* A file of count pictures of side x side by its head, and of `bytes` bytes of them; mode:
 * gzopen's, "wT" for plain. */
static void put(const char *mode, uint32_t count, uint32_t side, size_t bytes)
{
	uint8_t head[16] = { 0, 0, 8, 3 }, some[4096];
	gzFile f = gzopen(path, mode);
	if (!f)
		exit(1);
	for (int i = 0; i < 4; i++)
		head[4 + i] = (uint8_t)(count >> (24 - 8 * i)),
			 head[8 + i] = head[12 + i] = (uint8_t)(side >> (24 - 8 * i));
	gzwrite(f, head, sizeof head);
	for (size_t i = 0; i < sizeof some; i++)
		some[i] = (uint8_t)(*mode == 'w' && bytes > 1 << 24 ? 0 : i * i);
	for (size_t n; bytes; bytes -= n)
		gzwrite(f, some, (unsigned)(n = bytes < sizeof some ? bytes : sizeof some));
	gzclose(f);
}

static void put_more(const void *data, size_t bytes)
{
	FILE *f = fopen(path, "a");
	fwrite(data, 1, bytes, f);
	fclose(f);
}

static void shorter(int64_t by)
{
	struct stat s;
	if (stat(path, &s) || truncate(path, s.st_size - by))
		exit(1);
}

static void is(const char *what, fv_status want, const char *words)
{
	fv_err err = { 0 };
	fv_digits d = { 0 };
	double start = fv_now();
	fv_status st = fv_digits_open(&err, context, path, &d);
	check(st == want && (!st || strstr(err.text, words)), "%s: status %d, not %d: %s", what, st,
	      want, err.text);
	check(!st || !d.pixels, "%s: refused, and memory is held", what);
	check(fv_now() - start < 5, "%s: %.1f s", what, fv_now() - start);
	fv_digits_close(&d);
}

int main(void)
{
	if (!mkdtemp(folder) ||
	    fv_context_new(
		    NULL, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 1 },
		    &context))
		return 1;
	snprintf(path, sizeof path, "%s/digits", folder);
	static const char *const modes[] = { "wT", "w" };
	for (int packed = 0; packed < 2; packed++) {
		const char *mode = modes[packed];
		put(mode, 20, 12, 20 * 144);
		is("a whole file", FV_OK, "");
		put(mode, 20, 12, 20 * 144 + 1);
		is("a byte too many", FV_E_FORMAT, "does not end behind the 20 pictures");
		put(mode, 20, 12, 20 * 144 - 1);
		is("a byte too few", FV_E_FORMAT, "may be cut off");
		put(mode, 20, 0, 100);
		is("pictures without pixels", FV_E_FORMAT, "no such file's size");
		put(mode, 20, 65, 20 * 65 * 65);
		is("pictures of 65x65", FV_E_FORMAT, "no such file's size");
		put(mode, 0, 12, 144);
		is("no pictures", FV_E_FORMAT, "no such file's size");
		put(mode, 0xffffffff, 12, 144);
		is("four thousand million pictures", FV_E_FORMAT, "no such file's size");
		put(mode, 10000000, 64, 4096);
		is("41 GB claimed", FV_E_LIMIT, "--limit data=SIZE");
		put(mode, 200000, 64, 4096);
		is("819 MB claimed", packed ? FV_E_LIMIT : FV_E_FORMAT,
		   packed ? "--limit ratio=SIZE" : "may be cut off");
	}
	put("w", 20, 12, 20 * 144);
	shorter(5);
	is("a cut sum", FV_E_FORMAT, "does not end behind");
	put("w", 20, 12, 20 * 144);
	put_more("more", 4);
	is("bytes behind the packed ones", FV_E_FORMAT, "does not end behind");
	put("w", 20, 12, 10 * 144);
	put("a", 0, 0, 0); /* a second member, 16 bytes: it goes on where the first ended */
	is("two members, too short", FV_E_FORMAT, "may be cut off");
	put("w", 20, 12, 20 * 144 - 16);
	put("a", 0, 0, 0);
	is("two members, whole", FV_OK, "");
	put("w9", 14000, 64, (size_t)14000 * 4096);
	is("57 MB of zeros from 56 KB", FV_E_LIMIT, "times that a gz file may grow");
	put("w", 3, 64, 4096);
	put_more("\x1f\x8b\x08", 3);
	is("a second member that is none", FV_E_FORMAT, "may be cut off");
	unlink(path);
	if (!mkfifo(path, 0600))
		is("a pipe", FV_E_READ, "is not a file");
	unlink(path);
	rmdir(folder);
	fv_context_free(context);
	return finish("idx");
}
