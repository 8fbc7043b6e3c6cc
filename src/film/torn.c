/* SPDX-License-Identifier: Apache-2.0 */
/* A transport stream has no length and no end: one that was cut off between two of its packets is
 * read without a complaint. But a PES packet of which less is there than it says, or tables that
 * announce what never comes, no muxer ends with. */
#include "film/serve.h"
#include <string.h>
#include <unistd.h>

enum { SYNC = 0x47, PIDS = 8192, TAIL = 4 << 20 };

/* Of a PES packet in work: bytes it says that it has, or 0, and bytes that are there. */
typedef struct { int32_t says, has; } pes;

static void look(const uint8_t *p, pes of[PIDS], bool *table)
{
	const int pid = (p[1] & 31) << 8 | p[2];
	const int at = p[3] & 0x20 ? 5 + p[4] : 4, bytes = 188 - at;
	if (pid == PIDS - 1 || !(p[3] & 0x10) || bytes <= 0)    /* nothing is in it */
		return;
	const bool begins = p[1] & 0x40;
	*table = begins && (bytes < 6 || p[at] || p[at + 1] || p[at + 2] != 1);
	if (begins)
		of[pid] = *table ? (pes){ 0 } : (pes){ p[at + 4] << 8 | p[at + 5], bytes - 6 };
	else
		of[pid].has += bytes;
}

/* What the sandbox leaves: no pread. */
static ssize_t get(int64_t at, void *to, size_t bytes)
{
	return lseek(FV_FILM_FILE, at, SEEK_SET) < 0 ? -1 : read(FV_FILM_FILE, to, bytes);
}

static bool torn(int64_t bytes)
{
	static pes of[PIDS];
	static uint8_t piece[188 * 1000];
	bool table = false;
	if (get(0, piece, 377) != 377 || piece[0] != SYNC || piece[188] != SYNC ||
	    piece[376] != SYNC)
		return false;
	if (bytes % 188)
		return true;
	for (int64_t at = bytes > TAIL ? (bytes - TAIL) / 188 * 188 : 0; at < bytes;) {
		const ssize_t got = get(at, piece, sizeof piece);
		if (got < 188)
			return false;
		for (ssize_t i = 0; i + 188 <= got; i += 188)
			if (piece[i] == SYNC)
				look(piece + i, of, &table);
		at += got / 188 * 188;
	}
	for (int i = 0; i < PIDS; i++)
		if (of[i].says > of[i].has)
			return true;
	return table;
}

bool fv_source_torn(const fv_film_source *s)
{
	const off_t was = lseek(FV_FILM_FILE, 0, SEEK_CUR);
	const bool yes = !strcmp(s->f->iformat->name, "mpegts") && torn(s->q.file_bytes);
	return lseek(FV_FILM_FILE, was, SEEK_SET) == was && yes;
}
