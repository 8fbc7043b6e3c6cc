/* SPDX-License-Identifier: Apache-2.0 */
/* What is painted of a film so far: a hidden folder beside OUT, .OUT.fauve.
 *
 *	settings	of what and how; with others all of it is begun anew. Locked while in use
 *	000000.part	a segment: its packets, its frames' times; written aside and renamed
 *	000000.state	what the frame after it goes by
 *
 * A segment's file is items, each a head and `bytes` more; the last is FV_ITEM_END. */
#ifndef FV_FILM_SEGMENTS_H
#define FV_FILM_SEGMENTS_H
#include "film/wire.h"
#include "base/file.h"

typedef struct {
	fv_context *c;
	char folder[4096];
	int lock;
	int count;                      /* whole segments from the first on */
	int64_t frames;                 /* in them */
	bool whole;                     /* the last of them ends the film */
} fv_segments;

enum { FV_ITEM_FRAME = 1, FV_ITEM_PACKET, FV_ITEM_END };
/* frame: a, b: pts, duration. packet: a number of its frame, b flags. end: a frames, b: 1: the
 * film's */
typedef struct { uint32_t kind, bytes; int64_t a, b; } fv_item;

fv_status fv_segments_open(fv_err *err, fv_context *c, const fv_film_options *o, fv_segments *s);
void fv_segments_close(fv_segments *s);         /* they stay */
void fv_segments_remove(fv_segments *s);        /* all of it */

fv_status fv_segment_write(fv_err *err, fv_segments *s, int number, fv_writer **w);
fv_status fv_segment_item(fv_err *err, fv_writer *w, const fv_item *i, const void *data);
fv_status fv_segment_state(fv_err *err, fv_segments *s, int number, const void *data, size_t bytes);
/* NULL: none. Yours: free. */
void *fv_segment_state_read(const fv_segments *s, int number, size_t *bytes);

/* All items of all segments in order; data is good until the next. false: the end. */
typedef struct {
	const fv_segments *s;
	int number;
	void *file;
	uint8_t *data;
	size_t room;
} fv_items;
fv_status fv_items_next(fv_err *err, fv_items *i, fv_item *item, bool *got);
void fv_items_free(fv_items *i);
#endif
