/* SPDX-License-Identifier: Apache-2.0 */
/* The thread team: every unit once, all of a job done before the next begins. The counts are plain memory on purpose:
 * ThreadSanitizer (script/sanitize tsan) then sees whether the hand-over orders them. */
#include "base/base.h"
#include "test.h"
#include <string.h>
#include <unistd.h>

#define UNITS 1000

typedef struct { int64_t units, grain; int threads; int count[UNITS]; int wrong; } job;

static void work(void *arg, int thread, int64_t first, int64_t last)
{
	job *j = arg;
	if (thread < 0 || thread >= j->threads || first < 0 || last > j->units || last - first > j->grain || first % j->grain)
		j->wrong++;
	for (int64_t i = first; i < last; i++)
		j->count[i]++;
}

int main(void)
{
	static const int64_t units[] = { 0, 1, 2, 3, 7, 64, 999, UNITS }, grains[] = { 1, 2, 5, 300, 2000 };
	static job j;
	for (int threads = 1; threads <= 8; threads++) {
		fv_context *c = NULL;
		fv_err err;
		if (!check(!fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = threads }, &c), "%s", err.text))
			break;
		for (int round = 0; round < 200; round++) {
			j.units = units[round % 8];
			j.grain = grains[round % 5];
			j.threads = threads;
			memset(j.count, 0, sizeof j.count);
			if (round % 50 == 49)
				usleep(1000);                   /* long enough for the workers to fall asleep */
			fv_team_run(c->team, work, &j, j.units, j.grain);
			int bad = j.wrong;
			for (int i = 0; i < UNITS; i++)
				bad += j.count[i] != (i < j.units);
			if (bad || round % 10 == 0)
				check(!bad, "%d threads, %d units by %d: %d are wrong", threads, (int)j.units, (int)j.grain, bad);
		}
		fv_context_free(c);
	}
	return finish("team");
}
