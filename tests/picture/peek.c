/* SPDX-License-Identifier: Apache-2.0 */
/* fv_picture_peek: the size by the header is that of what is decoded, and a file that is cut short
 * anywhere, or whose bytes are changed, is read without harm. */
#include "picture/picture.h"
#include "../test.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(const char *path, const unsigned char *data, size_t bytes)
{
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(data, 1, bytes, f) != bytes)
		exit(2);
	fclose(f);
}

/* Prefixes, and one byte after the other turned over in the first of them. */
static void harm(const char *path, unsigned char *data, size_t bytes)
{
	int64_t w, h;
	bool sound = true;
	for (size_t n = 0; n < bytes && n < 600; n++) {
		put(path, data, n);
		sound = sound && (!fv_picture_peek(path, &w, &h) || (w > 0 && h > 0));
		data[n] ^= 0xff;
		put(path, data, bytes);
		sound = sound && (!fv_picture_peek(path, &w, &h) || (w > 0 && h > 0));
		data[n] ^= 0xff;
	}
	check(sound, "%s, harmed: a size or none", path);
}

static void one(const char *folder, const char *ending, int64_t width, int64_t height)
{
	char path[4096], cut[4200];
	fv_err err;
	int64_t w = 0, h = 0;
	unsigned char *pixels = calloc(3, (size_t)(width * height)), data[1 << 16];
	fv_pixels p = { width, height, 3, 8, 3 * width, pixels };
	fv_context *c = NULL;
	snprintf(path, sizeof path, "%s/peek%s", folder, ending);
	snprintf(cut, sizeof cut, "%s.cut", path);
	if (!check(!fv_context_new(&err, NULL, &c), "a context"))
		return;
	check(!fv_pixels_write(&err, c, &p, path, NULL), "%s is written", path);
	check(fv_picture_peek(path, &w, &h) && w == width && h == height,
	      "%s: %ld x %ld, not %ld x %ld", path, (long)w, (long)h, (long)width, (long)height);
	FILE *f = fopen(path, "rb");
	size_t bytes = f ? fread(data, 1, sizeof data, f) : 0;
	if (f)
		fclose(f);
	harm(cut, data, bytes);
	unlink(cut);
	unlink(path);
	fv_context_free(c);
	free(pixels);
}

int main(void)
{
	static const char *const endings[] = { ".jpg", ".png", ".webp", ".tif" };
	char folder[] = "/tmp/peek-XXXXXX";
	int64_t w, h;
	if (!mkdtemp(folder) || fv_picture_begin(NULL, "peek"))
		return 2;
	for (size_t i = 0; i < FV_COUNT(endings); i++) {
		one(folder, endings[i], 61, 17);
		one(folder, endings[i], 300, 1);
	}
	check(!fv_picture_peek(folder, &w, &h), "a folder has no size");
	check(!fv_picture_peek("/nonexistent", &w, &h), "nor has nothing");
	rmdir(folder);
	fv_picture_end();
	return finish("peek");
}
