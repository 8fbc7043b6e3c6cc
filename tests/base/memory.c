/* SPDX-License-Identifier: Apache-2.0 */
/* What control groups allow, told from trees as the kernel shows them. */
#include "base/base.h"
#include "base/memory.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[200];

static void put(const char *path, const char *text)
{
	char name[600];
	snprintf(name, sizeof name, "%s/%s", root, path);
	for (char *p = name + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(name, 0777);
		*p = '/';
	}
	FILE *f = fopen(name, "w");
	if (check(f, "%s cannot be written", name)) {
		fputs(text, f);
		fclose(f);
	}
}

static void expect(const char *what, const char *mount, double limit, double room)
{
	char groups[300], place[300];
	double got = -1;
	snprintf(groups, sizeof groups, "%s/groups", root);
	snprintf(place, sizeof place, "%s/%s", root, mount);
	double here = fv_memory_groups(groups, place, &got);
	check(here == limit && (!limit || got == room), "%s: limit %.0f, room %.0f instead of %.0f, %.0f", what, here, got, limit, room);
}

int main(void)
{
	const char *t = getenv("TMPDIR");
	snprintf(root, sizeof root, "%s/fauve-memory-XXXXXX", t ? t : "/tmp");
	if (!mkdtemp(root))
		return 1;
	put("groups", "0::/a/b\n");
	put("two/a/b/memory.max", "max\n");
	put("two/a/b/memory.current", "100\n");
	put("two/a/memory.max", "5000\n");
	put("two/a/memory.current", "3000\n");
	put("two/a/memory.stat", "anon 2000\ninactive_file 500\nactive_file 100\n");
	expect("version 2, a limit above", "two", 5000, 2500);
	put("two/a/b/memory.max", "1000\n");
	expect("version 2, the nearer one is tighter", "two", 1000, 900);
	put("two/memory.max", "800\n");
	put("two/memory.current", "900\n");
	expect("version 2, used up", "two", 800, 0);
	put("groups", "0::/not/here\n");
	expect("version 2, in a container that sees its own part", "two", 800, 0);
	put("groups", "12:cpu,cpuacct:/x\n4:memory:/a/b\n0::/\n");
	put("one/memory/a/b/memory.limit_in_bytes", "7000\n");
	put("one/memory/a/b/memory.usage_in_bytes", "6000\n");
	put("one/memory/a/b/memory.stat", "cache 900\ntotal_inactive_file 1000\n");
	put("one/memory/memory.limit_in_bytes", "9223372036854771712\n");
	expect("version 1", "one", 7000, 2000);
	put("one/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
	expect("version 1, no limit", "one", 0, 0);
	put("groups", "nonsense\n:\n::\n5:memory\n");
	expect("nonsense", "one", 0, 0);
	check(fv_memory_free() > 0, "no memory is free");
	char command[300];
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	check(!system(command), "%s stays", root);
	return finish("memory");
}
