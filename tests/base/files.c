/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: regular files only, nothing is waited for. Writing: mode and owner kept, and of the files
 * aside the next writer removes those that nobody writes, and no others. */
#define _GNU_SOURCE
#include "base/file.h"
#include "test.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASIDE "/[.]fauve-[A-Za-z0-9]\\{6\\}$"

static fv_context *c;
static fv_err err;

static void make(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
	check(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", path);
	close(fd);
}

static fv_status write_to(const char *path)
{
	fv_writer *w;
	fv_status st = fv_writer_open(&err, c, path, &w);
	if (st || (st = fv_writer_put(&err, w, "new", 3)))
		return st;
	return fv_writer_commit(&err, w);
}

static bool opens(const char *path, unsigned how, fv_status want)
{
	int fd = -1;
	alarm(5);                               /* a wait ends the test */
	fv_status st = fv_file_open(&err, path, how, &fd, NULL);
	alarm(0);
	if (fd >= 0)
		close(fd);
	return st == want && (fd >= 0) == !st;
}

static void check_open(void)
{
	make("plain", "old");
	make("twin", "old");
	check(!link("twin", "second") && !symlink("plain", "link") && !mkfifo("pipe", 0666) &&
	      !mkdir("folder", 0777), "cannot be made");
	check(opens("plain", 0, FV_OK) && opens("link", 0, FV_OK) && opens("twin", 0, FV_OK), "plain files");
	check(opens("plain", FV_OPEN_MEMBER | FV_OPEN_WRITE, FV_OK), "a member");
	check(opens("fresh", FV_OPEN_MEMBER | FV_OPEN_WRITE, FV_OK) && !access("fresh", F_OK), "is made");
	static const char *const odd[] = { "pipe", "folder", "/dev/null" };
	for (size_t i = 0; i < FV_COUNT(odd); i++)
		check(opens(odd[i], 0, FV_E_READ) && opens(odd[i], FV_OPEN_MEMBER, FV_E_WRITE) &&
		      opens(odd[i], FV_OPEN_MEMBER | FV_OPEN_WRITE, FV_E_WRITE), "%s is opened", odd[i]);
	check(opens("link", FV_OPEN_MEMBER, FV_E_WRITE), "a link is followed");
	check(opens("link", FV_OPEN_MEMBER | FV_OPEN_WRITE, FV_E_WRITE), "a link is written through");
	check(opens("twin", FV_OPEN_MEMBER | FV_OPEN_WRITE, FV_E_WRITE), "a second name is written through");
	check(opens("none", 0, FV_E_READ), "none");
}

static void check_mode(void)
{
	struct stat s;
	umask(027);
	check(!write_to("made") && !stat("made", &s) && (s.st_mode & 07777) == 0640, "a new file's mode");
	check(!chmod("made", 0604) && !write_to("made") && !stat("made", &s) && (s.st_mode & 07777) == 0604,
	      "a replaced file's mode");
	if (!geteuid()) {
		check(!chown("made", 12, 34) && !write_to("made") && !stat("made", &s) && s.st_uid == 12 &&
		      s.st_gid == 34, "a replaced file's owner");
		check((s.st_mode & 07777) == 0604, "its mode");
	}
	umask(022);
	check(write_to("link") == FV_E_WRITE && write_to("pipe") == FV_E_WRITE && write_to("folder") == FV_E_WRITE,
	      "what is no file is replaced");
	check(!stat("plain", &s) && s.st_size == 3, "what the link names is touched");
}

static void check_leftovers(void)
{
	fv_writer *living, *again;
	fv_context *other;
	if (!check(!fv_context_new(&err, NULL, &other), "%s", err.text))
		return;
	check(!fv_writer_open(&err, other, "wanted", &living), "%s", err.text);
	make(".fauve-abcDE9", "stale");
	make(".fauve-abc", "no name of ours");
	make(".fauve-abcDE9x", "nor this");
	check(!symlink("plain", ".fauve-aaaaaa") && !mkdir(".fauve-bbbbbb", 0777), "cannot be made");
	fv_writer_sweep(".");
	check(access(".fauve-abcDE9", F_OK), "a stale file stays");
	check(!access(".fauve-abc", F_OK) && !access(".fauve-abcDE9x", F_OK), "a file of others is gone");
	check(!access("plain", F_OK) && !access(".fauve-bbbbbb", F_OK), "a link or folder is taken for ours");
	check(!fv_writer_put(&err, living, "alive", 5) && !fv_writer_commit(&err, living) &&
	      !access("wanted", F_OK), "a living writer's file is gone: %s", err.text);
	/* A killed one: what it was writing is gone with the next writer there, once. */
	pid_t child = fork();
	if (!child) {
		if (fv_writer_open(NULL, other, "lost", &living))
			_exit(1);
		kill(getpid(), 9);
	}
	waitpid(child, NULL, 0);
	check(!system("find . -maxdepth 1 -type f | grep -q '" ASIDE "'"), "the kill left nothing to remove");
	check(!fv_writer_open(&err, c, "folder/x", &again), "%s", err.text);
	fv_writer_abort(again);
	check(!fv_writer_open(&err, c, "next", &again), "%s", err.text);
	fv_writer_abort(again);
	check(system("find . -maxdepth 1 -type f | grep -q '" ASIDE "'"), "it stays");
	fv_context_free(other);
}

int main(void)
{
	char folder[] = "/tmp/fauve-files-XXXXXX", command[100];
	if (!check(mkdtemp(folder) && !chdir(folder) && !fv_context_new(&err, NULL, &c), "%s", err.text))
		return finish("files");
	check_open();
	check_mode();
	check_leftovers();
	fv_context_free(c);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	check(!chdir("/") && !system(command), "%s stays", folder);
	return finish("files");
}
