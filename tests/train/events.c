/* SPDX-License-Identifier: Apache-2.0 */
/* Event files: sums against known ones, frames, and that a run that was killed and goes on has
 * every step once. tests/cli/tensorboard.sh has TensorBoard read one. */
#define _GNU_SOURCE
#include "train/events.h"
#include "test.h"
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static fv_err err;
static int64_t kill_at;

static bool progress(void *user, const fv_train_progress *p)
{
	if (kill_at && p->step == kill_at)
		raise(SIGKILL);
	return true;
}

/* The smallest of JPEGs: 0x0123 wide, 0x0102 high; and what is none. */
static fv_status sheet(void *user, fv_err *e, const char *path, const fv_pixels *p, int count,
		       int columns)
{
	static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 0,    4, 1, 2, 0xff, 0xc0, 0, 17,
					8,    1,    2,    1,    0x23, 3, 0, 0, 0,    0,    0 };
	FILE *f = fopen(path, "wb");
	fwrite(jpeg, 1, sizeof jpeg, f);
	fclose(f);
	return FV_OK;
}

static fv_status train(const char *run, bool begin, const char *steps)
{
	fv_context *c = NULL;
	fv_train_options o = { .size = sizeof o,
			       .recipe = begin ? "dense" : NULL,
			       .run = run,
			       .progress = progress,
			       .sheet = sheet,
			       .options =
				       begin ? (const char *const[]){ "data=idx", "batch=4", steps,
								      "checkpoint-every=0.1s",
								      "tensorboard=on", NULL }
					     : (const char *const[]){ steps, NULL } };
	if (fv_context_new(
		    &err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 1 },
		    &c))
		return FV_E_INTERNAL;
	fv_status st = fv_train(&err, c, &o);
	fv_context_free(c);
	return st;
}

static void check_sums(void)
{
	uint8_t block[32] = { 0 };
	/* RFC 3720, appendix B.4 */
	check(fv_crc32c(0, "123456789", 9) == 0xe3069283, "123456789: %08x",
	      fv_crc32c(0, "123456789", 9));
	check(fv_crc32c(0, block, 32) == 0x8a9136aa, "zeros: %08x", fv_crc32c(0, block, 32));
	memset(block, 0xff, sizeof block);
	check(fv_crc32c(0, block, 32) == 0x62a8ab43, "ones: %08x", fv_crc32c(0, block, 32));
	for (int i = 0; i < 32; i++)
		block[i] = (uint8_t)i;
	check(fv_crc32c(0, block, 32) == 0x46dd794e, "ascending: %08x", fv_crc32c(0, block, 32));
	check(fv_crc32c(fv_crc32c(0, block, 11), block + 11, 21) == 0x46dd794e, "in two parts");
	/* Every event file that TensorFlow writes begins with this: a record of 24 bytes. */
	static const uint8_t length[8] = { 24 };
	check(fv_crc32c_masked(length, 8) == 0x224b7fa3, "masked: %08x",
	      fv_crc32c_masked(length, 8));
}

static uint64_t little(const uint8_t *p, int n)
{
	uint64_t v = 0;
	for (int i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

/* Records of all files in the order of their names; seen[step]: how many have losses; *sheets,
 * *last: step of the last. */
#define STEPS 200
static void read_all(const char *run, int seen[STEPS + 1], int *files, int *sheets)
{
	struct dirent **names;
	int count = scandir(run, &names, NULL, alphasort);
	int64_t last = -1;
	*files = *sheets = 0;
	memset(seen, 0, (STEPS + 1) * sizeof *seen);
	for (int i = 0; i < count; i++) {
		char path[400];
		static uint8_t data[1 << 20];
		snprintf(path, sizeof path, "%s/%s", run, names[i]->d_name);
		FILE *f = strncmp(names[i]->d_name, "events.out.tfevents.", 20) ? NULL
										: fopen(path, "rb");
		size_t bytes = f ? fread(data, 1, sizeof data, f) : 0, at = 0;
		*files += f != NULL;
		if (f)
			fclose(f);
		free(names[i]);
		while (at < bytes) {
			size_t n = (size_t)little(data + at, 8);
			if (!check(at + 16 + n <= bytes &&
					   little(data + at + 8, 4) ==
						   fv_crc32c_masked(data + at, 8) &&
					   little(data + at + 12 + n, 4) ==
						   fv_crc32c_masked(data + at + 12, n),
				   "%s: a frame at %zu", path, at))
				break;
			const uint8_t *event = data + at + 12;
			int64_t step =
				event[10] & 128 ? (event[10] & 127) | event[11] << 7 : event[10];
			check(event[0] == 9 && event[9] == 16 &&
				      (step >= last || memmem(event, n, "brain.Event:2", 13)),
			      "step %d behind %d", (int)step, (int)last);
			last = step > last ? step : last;
			if (memmem(event, n, "loss/d", 6) && step <= STEPS)
				seen[step]++;
			*sheets +=
				memmem(event, n, "sheet\x22", 6) != NULL &&
				memmem(event, n, "\x08\x82\x02\x10\xa3\x02\x18\x03\x22", 9) != NULL;
			at += 16 + n;
		}
	}
	free(names);
}

int main(void)
{
	char folder[] = "/tmp/fauve-events-XXXXXX", command[200];
	int seen[STEPS + 1], files, sheets, status;
	check_sums();
	if (!check(mkdtemp(folder) && !chdir(folder), "a folder"))
		return finish("events");
	FILE *f = fopen("idx", "wb");
	fwrite("\0\0\10\3\0\0\0\24\0\0\0\4\0\0\0\4", 1, 16, f);
	for (int i = 0; i < 20 * 16; i++)
		fputc(i * 37 % 251, f);
	fclose(f);

	check(!train("straight", true, "steps=200"), "straight: %s", err.text);
	read_all("straight", seen, &files, &sheets);
	check(files == 1 && sheets == 1, "%d files, %d sheets", files, sheets);
	for (int i = 1; i <= STEPS; i++)
		check(seen[i] == (i % 10 == 0), "step %d stands there %d times", i, seen[i]);

	for (int i = 0; i < 2; i++) {
		pid_t child = fork();
		if (!child) {
			kill_at = 95 + 60 * i;
			train("killed", !i, "steps=200");
			_exit(0);
		}
		waitpid(child, &status, 0);
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child is killed: %d",
		      status);
	}
	/* A kill may cut a record in two. */
	check(!system("f=$(ls killed/events* | tail -1); printf 'half a record' >>$f"),
	      "half a record");
	check(!train("killed", false, "steps=200"), "resumed: %s", err.text);
	read_all("killed", seen, &files, &sheets);
	check(files == 3, "%d files", files);
	for (int i = 1; i <= STEPS; i++)
		check(seen[i] == (i % 10 == 0), "killed and resumed: step %d stands there %d times",
		      i, seen[i]);

	/* Off again, and never on. */
	check(!train("killed", false, "tensorboard=off") &&
		      !system("test $(ls killed/events* | wc -l) = 3"),
	      "off: %s", err.text);
	check(train("killed", false, "tensorboard=maybe") == FV_E_ARGUMENT, "on or off: %s",
	      err.text);

	check(!chdir("/"), "back");
	snprintf(command, sizeof command, "rm -rf %s", folder);
	check(!system(command), "%s stays", folder);
	return finish("events");
}
