/* SPDX-License-Identifier: Apache-2.0 */
/* What the process that reads a film answers (src/film/wire.h), believed by nobody: painted,
 * steadied, encoded, put together as a film is. The first byte says into which container, how steadied,
 * whether private things are kept, and whether the answer breaks off; then records, each a head and
 * what follows it. Their lengths and first words are set right as they are read. */
#define _GNU_SOURCE
#include "base/file.h"
#include "film/wire.h"
#include "fuzz.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 64 /* pixels of a side: larger frames are as they are, and slow */
extern const fv_film_table fv_film_api;

static fv_status copy(fv_err *err, void *user, const fv_film_frame *f)
{
	memcpy(f->out.data, f->in.data, (size_t)(f->in.height * f->in.stride_bytes));
	return FV_OK;
}

/* The program beside this one that says what it finds in files. */
static const char *child(void)
{
	static char path[4096];
	if (!*path) {
		ssize_t n = readlink("/proc/self/exe", path, sizeof path - 20);
		path[n > 0 ? n : 0] = 0;
		char *slash = strrchr(path, '/');
		fuzz_must(slash, "this program has a path");
		strcpy(slash + 1, "film-answers");
	}
	return path;
}

static void shrink(uint8_t *data, uint32_t bytes)
{
	fv_film_size z;
	if (bytes != sizeof z)
		return;
	memcpy(&z, data, sizeof z);
	if (z.width > MOST && z.width <= FV_FILM_PIXELS)
		z.width = MOST;
	if (z.height > MOST && z.height <= FV_FILM_PIXELS)
		z.height = MOST;
	memcpy(data, &z, sizeof z);
}

/* Two answers, one for each pass: frames and their size are for the one, packets for the other. */
static void answers(const uint8_t *data, size_t bytes, bool ends)
{
	uint8_t *to[2] = { malloc(bytes + sizeof(fv_film_record)),
		           malloc(bytes + sizeof(fv_film_record)) };
	size_t n[2] = { 0, 0 };
	fv_film_record h;
	for (size_t at = 0; at + sizeof h <= bytes;) {
		memcpy(&h, data + at, sizeof h);
		at += sizeof h;
		h.magic = FV_FILM_MAGIC;
		h.bytes = (uint32_t)fv_min(h.bytes, bytes - at);
		for (int pass = 0; pass < 2; pass++) {
			const bool frames = h.kind == FV_FILM_SIZE || h.kind == FV_FILM_FRAME;
			if (pass ? frames : h.kind == FV_FILM_PACKET)
				continue;
			memcpy(to[pass] + n[pass], &h, sizeof h);
			n[pass] += sizeof h;
			memcpy(to[pass] + n[pass], data + at, h.bytes);
			if (h.kind == FV_FILM_SIZE)
				shrink(to[pass] + n[pass], h.bytes);
			n[pass] += h.bytes;
		}
		at += h.bytes;
	}
	h = (fv_film_record){ .magic = FV_FILM_MAGIC, .kind = FV_FILM_END };
	for (int pass = 0; pass < 2 && ends; pass++) {
		memcpy(to[pass] + n[pass], &h, sizeof h);
		n[pass] += sizeof h;
	}
	fuzz_file("answer.0", to[0], n[0]);
	fuzz_file("answer.1", to[1], n[1]);
	free(to[0]);
	free(to[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const struct { const char *name, *codec; } as[] = {
		{ "out.mkv", "ffv1" }, { "out.mp4", "libx264" }, { "out.mov", "prores_ks" },
		{ "out.webm", "libvpx-vp9" },
	};
	static const fv_steady steady[] = { FV_STEADY_OFF, FV_STEADY_FULL };
	const uint8_t how = bytes ? data[0] : 0;
	char in[400], folder[400], out[500];
	fv_err err = { 0 };
	fv_film_facts facts = { 0 };
	answers(data + (bytes > 0), bytes - (bytes > 0), !(how & 64));
	snprintf(in, sizeof in, "%s", fuzz_file("in", "film", 4));
	snprintf(folder, sizeof folder, "%s/made", fuzz_folder());
	snprintf(out, sizeof out, "%s/%s", folder, as[how & 3].name);
	fuzz_must(!mkdir(folder, 0700), "a folder can be made");
	fuzz_must(!setenv("FAUVE_FUZZ_ANSWERS", fuzz_folder(), 1), "a variable can be set");
	fv_film_options o = {
		.in = in, .out = out, .codec = how & 8 ? NULL : as[how & 3].codec, .crf = NAN,
		.preset = (how & 11) == 1 ? "ultrafast" : NULL, .from = NAN, .to = NAN,
		.steady = steady[how >> 4 & 1], .keep_private = how & 32, .program = child(),
		.settings = "", .paint = copy,
	};
	fv_status st = fv_film_api.paint(&err, fuzz_context(), &o, &facts);
	if (st)
		fuzz_sentence(&err);
	fuzz_must(!st == !access(out, F_OK), "there is a film where one is said to be");
	fv_folder_remove(folder);
	return 0;
}
