/* SPDX-License-Identifier: Apache-2.0 */
/* replay NAME FOLDER...: feeds the files there to a fuzz target, whole and cut short: what `script/fuzz` begins with, and what it found.
 * Any compiler; a fault ends the process, and the last line before says in which file. */
#include "fuzz.h"
#include "../test.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most) { return bytes; }

/* A block of its own size: a sanitizer sees the first byte behind it. */
static void feed(const uint8_t *data, size_t bytes)
{
	uint8_t *own = malloc(bytes ? bytes : 1);
	if (bytes)
		memcpy(own, data, bytes);
	LLVMFuzzerTestOneInput(own, bytes);
	free(own);
}

static void replay(const char *path)
{
	static uint8_t data[1 << 20];
	FILE *f = fopen(path, "rb");
	printf("%s\n", path);
	fflush(stdout);
	if (!check(f, "%s can be read", path))
		return;
	size_t n = fread(data, 1, sizeof data, f);
	fclose(f);
	const size_t length[] = { n, n - (n > 0), n / 4 * 3, n / 2, n / 4, 0 };
	for (size_t i = 0; i < FV_COUNT(length); i++)
		feed(data, length[i]);
	passed++;
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		struct dirent **list;
		int n = scandir(argv[i], &list, NULL, alphasort);
		check(n > 2, "%s holds inputs", argv[i]);
		for (int k = 0; k < n; k++) {
			char path[1000];
			snprintf(path, sizeof path, "%s/%s", argv[i], list[k]->d_name);
			if (*list[k]->d_name != '.')
				replay(path);
			free(list[k]);
		}
		if (n >= 0)
			free(list);
	}
	return finish(argc > 1 ? argv[1] : "replay");
}
