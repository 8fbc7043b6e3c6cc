/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "fuzz.h"
#include "base/file.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fuzz_must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz: not so: %s\n", what);
	abort();
}

static char folder[200];

static void clean(void) { fv_folder_remove(folder); }

const char *fuzz_folder(void)
{
	if (!*folder) {
		/* In memory where there is such a place: a campaign writes millions of files. */
		const char *place = getenv("TMPDIR");
		snprintf(folder, sizeof folder, "%s/fauve-fuzz-XXXXXX", place ? place : access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
		fuzz_must(mkdtemp(folder), "a folder for files can be made");
		atexit(clean);
	}
	return folder;
}

const char *fuzz_file(const char *name, const void *data, size_t bytes)
{
	static char path[400];
	snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	fuzz_must(fd >= 0 && (!bytes || write(fd, data, bytes) == (ssize_t)bytes), "a file can be written");
	close(fd);
	return path;
}

fv_context *fuzz_context(void)
{
	static fv_context *c;
	if (!c)
		fuzz_must(!fv_context_new(NULL, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 1 }, &c), "a context");
	return c;
}

void fuzz_sentence(const fv_err *err)
{
	fuzz_must(*err->text, "a failed call says why");
	for (const char *p = err->text; *p; p++)
		fuzz_must(!((unsigned char)*p < 32 || *p == 127), "a message is one line of printable text");
}

void fuzz_split(const uint8_t *data, size_t bytes, fuzz_part *part, int parts)
{
	for (int i = 0; i < parts; i++) {
		size_t n = bytes;
		if (i < parts - 1) {
			n = bytes >= 2 ? (size_t)data[0] | (size_t)data[1] << 8 : 0;
			data += fv_min(2, (int64_t)bytes);
			bytes -= (size_t)fv_min(2, (int64_t)bytes);
			n = n < bytes ? n : bytes;
		}
		part[i] = (fuzz_part){ data, n };
		data += n;
		bytes -= n;
	}
}

size_t fuzz_mutate_part(uint8_t *data, size_t bytes, size_t most, unsigned seed, int parts, unsigned json)
{
	fuzz_part part[8];
	if (parts > (int)FV_COUNT(part) || most < 2 * (size_t)parts || bytes > most)
		return bytes;
	uint8_t *old = malloc(bytes + 1), *changed = malloc(most), *to = data;
	memcpy(old, data, bytes);
	fuzz_split(old, bytes, part, parts);
	int which = (int)(seed % (unsigned)parts);
	size_t room = most - 2 * (size_t)(parts - 1);
	for (int i = 0; i < parts; i++)
		room -= i == which ? 0 : fv_min((int64_t)part[i].bytes, (int64_t)room);
	if (which < parts - 1 && room > UINT16_MAX)
		room = UINT16_MAX;
	size_t n = part[which].bytes < room ? part[which].bytes : room;
	memcpy(changed, part[which].data, n);
	n = json >> which & 1 ? fuzz_mutate_json(changed, n, room, seed / (unsigned)parts) : LLVMFuzzerMutate(changed, n, room);
	part[which] = (fuzz_part){ changed, n };
	for (int i = 0; i < parts; i++) {
		size_t left = most - (size_t)(to - data) - 2 * (size_t)(parts - 1 - i);
		n = part[i].bytes < left ? part[i].bytes : left;
		if (i < parts - 1) {
			*to++ = (uint8_t)n;
			*to++ = (uint8_t)(n >> 8);
		}
		memcpy(to, part[i].data, n);
		to += n;
	}
	free(old);
	free(changed);
	return (size_t)(to - data);
}
