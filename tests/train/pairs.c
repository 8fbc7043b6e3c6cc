/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of pictures: two folders whose names come in any order, some without a partner, with other
 * endings, broken; what is side by side in one file; both directions. The pictures are made up: red
 * is the name, green the side, blue the place, so that a pair that slipped, or was cut or mirrored
 * differently, is seen in each pixel. */
#define _GNU_SOURCE
#include "test.h"
#include "train/pairs.h"
#include "train/run.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE 32
#define BATCH 3
#define BATCHES 60
#define VALUES (BATCH * SIZE * SIZE * 3)

typedef struct {
	const char *data;
	int direction;
} options;
static const fv_option table[] = {
	{ .name = "data",
	  .type = FV_OPT_TEXT,
	  .kind = FV_ARG_FOLDER,
	  .at = offsetof(options, data) },
	{ .name = "direction",
	  .type = FV_OPT_ENUM,
	  .at = offsetof(options, direction),
	  .choices = fv_directions },
	{ 0 },
};
static const fv_recipe recipe = {
	.name = "toy",
	.options = table,
	.bytes = sizeof(options),
	.data = { { .option = "data", .type = &fv_data_pairs } },
};

static fv_err err;
static char said[4000];
static const char *gone; /* what a path holds that cannot be read; NULL: nothing */
static int reads;
static int64_t most; /* bytes of memory that a run may take; 0: any */

static void on_log(void *user, fv_log_level level, const char *text)
{
	strncat(said, text, sizeof said - strlen(said) - 2);
	strcat(said, "\n");
}

static void on_line(void *user, const char *text)
{
	on_log(user, FV_LOG_INFO, text);
}

/* The number that a name stands for: what is before its last dot. */
static uint8_t number_of(const char *path)
{
	const char *file = strrchr(path, '/') + 1, *dot = strrchr(file, '.');
	unsigned n = 7;
	for (; file < dot; file++)
		n = n * 31 + (unsigned char)*file;
	return (uint8_t)(n * 2654435761u >> 24);
}

/* In "beside" files hold both; "odd" and "wide" are of other sizes. */
static fv_status decode(void *user, fv_err *e, const char *path, int64_t longest, fv_pixels *out)
{
	const bool both = strstr(path, "beside"), of_b = strstr(path, "B/");
	const int64_t h = 60, half = strstr(path, "wide") && of_b ? 72 : 60;
	const int64_t w = (both ? 2 * half : half) + (strstr(path, "odd") != NULL);
	reads++;
	if (strstr(path, "broken") || (gone && strstr(path, gone)))
		return fv_fail(e, FV_E_FORMAT, "%s: is broken", path);
	uint8_t *p = malloc((size_t)(3 * h * w)), *to = p;
	for (int64_t y = 0; y < h; y++)
		for (int64_t x = 0; x < w; x++) {
			*to++ = number_of(path);
			*to++ = of_b || (both && x >= half) ? 200 : 20;
			*to++ = (uint8_t)(2 * (x % half) + y);
		}
	*out = (fv_pixels){ w, h, 3, 8, 3 * w, p };
	return FV_OK;
}

/* Files in the order in which they are named. */
static void make(const char *folder, const char *const *names)
{
	char path[300];
	snprintf(path, sizeof path, "mkdir -p %s", folder);
	check(!system(path), "%s", path);
	for (; *names; names++) {
		snprintf(path, sizeof path, "%s/%s", folder, *names);
		FILE *f = fopen(path, "w");
		if (check(f, "%s cannot be made", path))
			fclose(f);
	}
}

typedef struct {
	fv_run r;
	options o;
} run;

static fv_status open(run *t, const char *data, int direction)
{
	fv_context_options how = { .size = sizeof how, .threads = 1, .log = on_log };
	*t = (run){ .o = { data, direction } };
	t->r.recipe = &recipe;
	t->r.options = &t->o;
	t->r.o.decode = decode;
	t->r.o.line = on_line;
	t->r.size = SIZE;
	t->r.batch = BATCH;
	t->r.common.max_memory = most;
	t->r.seed = 3;
	*said = 0;
	fv_status st = fv_context_new(&err, &how, &t->r.context);
	return st ? st : fv_run_open_data(&err, &t->r);
}

static void close_run(run *t)
{
	fv_run_close_data(&t->r);
	fv_context_free(t->r.context);
}

static int byte_of(float v)
{
	return (int)((v + 1) * 127.5f + 0.5f);
}

/* Every sample's two parts are of one name, of the right sides, and of one place; so many names are
 * seen. */
static void check_samples(const char *data, int direction, int names)
{
	static float part[2][VALUES];
	static const int green[] = { 20, 200 };
	run t;
	bool seen[256] = { false }, mirrored[2] = { false };
	int count = 0, slipped = 0, sides = 0, places = 0;
	if (!check(!open(&t, data, direction), "%s: %s", data, err.text)) {
		close_run(&t);
		return;
	}
	for (int i = 0; i < BATCHES; i++) {
		for (int k = 0; k < 2; k++)
			fv_data_pairs.take(&t.r.data[0], i, k, part[k]);
		for (int n = 0; n < VALUES; n += 3) {
			const float *a = part[0] + n, *b = part[1] + n;
			slipped += byte_of(a[0]) != byte_of(b[0]);
			sides += abs(byte_of(a[1]) - green[direction]) > 1 ||
				 abs(byte_of(b[1]) - green[!direction]) > 1;
			places += byte_of(a[2]) != byte_of(b[2]);
			seen[byte_of(a[0])] = true;
		}
		mirrored[part[0][2] > part[0][3 * SIZE - 1]] = true;
	}
	for (int i = 0; i < 256; i++)
		count += seen[i];
	check(!slipped && !sides && !places,
	      "%s, %s: %d pixels slipped, %d of other sides, %d of other places", data,
	      fv_directions[direction], slipped, sides, places);
	check(count == names, "%s: %d pairs are seen, %d there are", data, count, names);
	check(mirrored[0] && mirrored[1], "%s: some are mirrored, some are not", data);
	/* A batch does not depend on what was asked before it. */
	static float again[VALUES];
	fv_data_pairs.take(&t.r.data[0], BATCHES - 1, 1, again);
	check(!memcmp(again, part[1], sizeof again), "%s: the last batch again is another", data);
	close_run(&t);
}

/* What does not fit into memory is read again, and the samples are the same; a pair that cannot be
 * read any more is said once, and others stand for it. */
static void check_held(const char *data)
{
	static float truth[2][BATCHES][VALUES], got[VALUES];
	static const int64_t bytes = 6 * 36 * 36; /* of a pair: 286 / 256 of the size a side */
	run t;
	for (int held = 5; held >= 0; held--) {
		most = held == 5 ? 0 : 2 * (held * bytes + 1);
		int differ = 0, before;
		if (!check(!open(&t, data, 0), "%s, %d held: %s", data, held, err.text))
			break;
		const char *telling = strstr(said, "of the pairs do not fit into memory");
		check(t.r.data[0].bytes == held * bytes && !telling == (held == 5),
		      "%s: %d are held, not %d", data, (int)(t.r.data[0].bytes / bytes), held);
		before = reads;
		for (int i = 0; i < BATCHES; i++)
			for (int k = 0; k < 2; k++) {
				fv_data_pairs.take(&t.r.data[0], i, k,
						   held == 5 ? truth[k][i] : got);
				differ += held < 5 && memcmp(truth[k][i], got, sizeof got);
			}
		check(!differ, "%s: with %d held, %d batches differ", data, held, differ);
		/* Two files a sample, for both parts, where it is not held. */
		check(held == 5 ? reads == before
				: reads > before && reads - before <= 2 * BATCH * BATCHES,
		      "%s: %d reads with %d held", data, reads - before, held);
		gone = held == 2 ? "z.jp" : NULL;
		*said = 0;
		for (int i = 0; gone && i < BATCHES; i++)
			for (int k = 0; k < 2; k++)
				fv_data_pairs.take(&t.r.data[0], i, k, got);
		const char *once = strstr(said, "others stand for it");
		check(!gone || (once && !strstr(once + 1, "others stand for it")), "%s: gone: '%s'",
		      data, said);
		gone = NULL;
		close_run(&t);
	}
	most = 0;
}

/* Refused, by a sentence with both words. */
static void check_refused(const char *data, fv_status want, const char *a, const char *b)
{
	run t;
	fv_status st = open(&t, data, 0);
	check(st == want && strstr(err.text, a) && strstr(err.text, b), "%s: %d, %s", data, st,
	      st ? err.text : "taken");
	close_run(&t);
}

static void check_found(const char *data, const char *found, const char *const *words)
{
	run t;
	check(!open(&t, data, 0) && !strcmp(t.r.data[0].found, found), "%s: %s, found %s", data,
	      err.text, t.r.data[0].found);
	for (; *words; words++)
		check(strstr(said, *words), "%s: '%s' is not said, but: %s", data, *words, said);
	close_run(&t);
}

int main(void)
{
	char folder[] = "/tmp/fauve-pairs-XXXXXX", command[100];
	if (!check(mkdtemp(folder) && !chdir(folder), "a folder"))
		return finish("pairs");
	/* "a" has a partner, "a-1" and "a1" lie around it in one order or another; b1 only in A,
	 * c only in B; the second d is broken on one side. */
	make("two/A", (const char *const[]){ "z.jpg", "a1.png", "b1.jpg", "a.jpg", "m.x.jpg",
					     "broken-d.jpg", "a-1.jpg", "notes.txt", NULL });
	make("two/B", (const char *const[]){ "broken-d.jpg", "a-1.tif", "a.PNG", "c.jpg",
					     "m.x.webp", "z.jpeg", "a1.jpg", NULL });
	make("train/trainA", (const char *const[]){ "q.jpg", "p.jpg", NULL });
	make("train/trainB", (const char *const[]){ "p.png", "q.png", NULL });
	make("beside", (const char *const[]){ "y.jpg", "x.png", NULL });
	make("beside-odd", (const char *const[]){ "odd.png", NULL });
	make("sizes/A", (const char *const[]){ "wide.png", NULL });
	make("sizes/B", (const char *const[]){ "wide.jpg", NULL });
	make("twice/A", (const char *const[]){ "k.png", "l.png", NULL });
	make("twice/B", (const char *const[]){ "k.jpg", "k.png", "l.jpg", NULL });
	make("none/A", (const char *const[]){ "k.png", NULL });
	make("none/B", (const char *const[]){ "l.png", NULL });
	make("nothing", (const char *const[]){ NULL });
	make("wrecks", (const char *const[]){ "broken.jpg", NULL });
	for (int direction = 0; direction < 2; direction++) {
		check_samples("two", direction, 5);
		check_samples("train", direction, 2);
		check_samples("beside", direction, 2);
	}
	check_held("two");
	check_found("two", "5 pairs, 2 pictures without a partner, 1 broken",
		    (const char *const[]){ "two/A/b1.jpg", "two/B/c.jpg",
					   "broken-d.jpg: is broken; the pair", NULL });
	check_refused("sizes", FV_E_SHAPE, "sizes/A/wide.png is of 60x60",
		      "sizes/B/wide.jpg of 72x60");
	check_refused("beside-odd", FV_E_SHAPE, "odd.png", "two halves");
	check_refused("twice", FV_E_READ, "twice/B/k.jpg", "k.png");
	check_refused("none", FV_E_READ, "no pairs", "none");
	check_refused("nothing", FV_E_READ, "no pairs", "nothing");
	check_refused("wrecks", FV_E_READ, "none of the 1 pairs", "data");
	check_refused("missing", FV_E_READ, "missing", "opened");
	check(!chdir("/"), "back");
	snprintf(command, sizeof command, "rm -rf %s", folder);
	check(!system(command), "%s stays", folder);
	return finish("pairs");
}
