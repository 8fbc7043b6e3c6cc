/* SPDX-License-Identifier: Apache-2.0 */
/* The data feed: sample i is the same whatever the threads, the order of asking, and where it begins. Under
 * ThreadSanitizer too (script/sanitize tsan). */
#include "train/feed.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES 40
#define BATCHES 12
#define BATCH 3
#define SIZE 32
#define VALUES (BATCH * SIZE * SIZE * 3)

static _Atomic int decoded, warned;
static _Atomic bool cancel;
static int cancel_after;
static int64_t most;             /* bytes that may be held; 0: any */

/* The name is a number; its picture is made from it. Every seventh is broken, 5 too small. */
static fv_status decode(void *user, fv_err *err, const char *path, int64_t longest, fv_pixels *out)
{
	int k = atoi(path);
	if (atomic_fetch_add(&decoded, 1) + 1 == cancel_after)
		cancel = true;
	usleep((useconds_t)(k % 3) * 200);                      /* so that they end in another order */
	if (k % 7 == 6)
		return fv_fail(err, user ? *(fv_status *)user : FV_E_FORMAT, "%s: is broken", path);
	int64_t w = k == 5 ? 20 : 40 + k, h = 60;
	uint8_t *p = malloc((size_t)(w * h * 3));
	for (int64_t i = 0; i < w * h * 3; i++)
		p[i] = (uint8_t)(k * 6 + i / 3 % w);
	*out = (fv_pixels){ w, h, 3, 8, w * 3, p };
	return FV_OK;
}

static void on_log(void *user, fv_log_level level, const char *text)
{
	if (level == FV_LOG_WARNING && strstr(text, "left out"))
		warned++;
}

static bool on_cancelled(void *user) { return cancel; }

static fv_context *context(int threads)
{
	fv_context *c = NULL;
	fv_err err;
	fv_context_options o = { .size = sizeof o, .threads = threads, .log = on_log, .cancelled = on_cancelled };
	if (fv_context_new(&err, &o, &c)) {
		printf("%s\n", err.text);
		exit(1);
	}
	return c;
}

static const char *name[FILES];

static fv_status open_feed(fv_err *err, fv_context *c, int count, fv_status *as, fv_feed **out)
{
	fv_feed_options o = { .purpose = "test pictures", .path = name, .count = count, .decode = decode, .user = as, .seed = 7, .batch = BATCH, .size = SIZE,
	                      .longest = 100, .zoom_low = 0.8, .zoom_high = 1.5, .most = most };
	return fv_feed_open(err, c, &o, out);
}

int main(void)
{
	static float truth[BATCHES][VALUES], got[VALUES];
	static char text[FILES][8];
	static const int order[] = { 0, 5, 6, 7, 2, 1, 0, 0, 11, 3, 4, 9, 8, 8, 10, 0 };
	fv_err err = { 0 };
	for (int i = 0; i < FILES; i++) {
		snprintf(text[i], sizeof text[i], "%d", i);
		name[i] = text[i];
	}
	for (int threads = 1; threads <= 8; threads += threads) {
		fv_context *c = context(threads);
		fv_feed *f = NULL;
		decoded = warned = 0;
		if (!check(!open_feed(&err, c, FILES, NULL, &f), "%s", err.text))
			return finish("feed");
		check(decoded == FILES && warned == 6, "%d threads: %d of %d files decoded, %d left out by name", threads, decoded, FILES, warned);
		check(!strcmp(fv_feed_found(f), "34 test pictures, 40x60 to 79x60, 6 broken"), "%d threads: '%s'", threads, fv_feed_found(f));
		for (int i = 0; i < BATCHES; i++) {
			fv_feed_take(f, i, got);
			if (threads == 1)
				memcpy(truth[i], got, sizeof got);
			check(!memcmp(truth[i], got, sizeof got), "%d threads: batch %d differs", threads, i);
		}
		check(memcmp(truth[0], truth[1], sizeof got) != 0, "two batches are alike");
		for (size_t i = 0; i < FV_COUNT(order); i++) {
			fv_feed_take(f, order[i], got);
			check(!memcmp(truth[order[i]], got, sizeof got), "%d threads: batch %d, asked for out of order, differs", threads, order[i]);
		}
		float low = 2, high = -2;
		for (int i = 0; i < VALUES; i++)
			low = fminf(low, got[i]), high = fmaxf(high, got[i]);
		check(low >= -1 && high <= 1 && low < high, "values from %g to %g", low, high);
		fv_feed_close(f);
		/* Closed at once, after one batch, while it seeks. */
		for (int k = 0; k < 20; k++) {
			if (!check(!open_feed(&err, c, 6, NULL, &f), "%s", err.text))
				break;
			if (k % 4)
				fv_feed_take(f, k % 4 * 3, got);
			if (k % 4 == 2)
				usleep(300);
			fv_feed_close(f);
		}
		/* What does not fit into memory is decoded again, and the samples are the same. */
		for (most = 1; most < 200000; most += 60000) {
			int others = 0;
			if (!check(!open_feed(&err, c, FILES, NULL, &f), "%s", err.text))
				break;
			check(fv_feed_bytes(f, &others) <= most && others, "%d are not held", others);
			for (int i = 0; i < BATCHES; i++) {
				fv_feed_take(f, i, got);
				check(!memcmp(truth[i], got, sizeof got), "batch %d differs, of %d held",
				      i, FILES - others);
			}
			fv_feed_close(f);
		}
		most = 0;
		fv_context_free(c);
	}
	fv_context *c = context(4);
	fv_feed *f = NULL;
	fv_status memory = FV_E_MEMORY;
	check(open_feed(&err, c, FILES, &memory, &f) == FV_E_MEMORY && !f, "no memory for one picture: '%s'", err.text);
	name[0] = "6";
	check(open_feed(&err, c, 1, NULL, &f) == FV_E_READ && strstr(err.text, "6: is broken"), "only broken files: '%s'", err.text);
	check(open_feed(&err, c, 0, NULL, &f) == FV_E_READ && !f, "no files: '%s'", err.text);
	decoded = 0;
	cancel_after = 10;
	name[0] = "0";
	check(open_feed(&err, c, FILES, NULL, &f) == FV_E_CANCELLED && decoded < 20 && !f, "cancelled: '%s' after %d files", err.text, decoded);
	fv_context_free(c);
	return finish("feed");
}
