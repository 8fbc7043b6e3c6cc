/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine's memory is, and what of it this program has. */
#include "base/memory.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fv_field(const char *file, const char *key, char *value, size_t room)
{
	FILE *f = fopen(file, "re");
	char line[1000];
	bool found = false;
	while (f && !found && fgets(line, sizeof line, f)) {
		char *colon = strchr(line, ':');
		if (strncmp(line, key, strlen(key)) || !colon)
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		colon[strcspn(colon, "\n")] = 0;
		snprintf(value, room, "%s", colon);
		found = true;
	}
	if (f)
		fclose(f);
	return found;
}

double fv_memory(const char *file, const char *key)
{
	char text[100];
	return fv_field(file, key, text, sizeof text) ? strtod(text, NULL) * 1024 : 0;
}

static double number(const char *file)
{
	FILE *f = fopen(file, "re");
	double bytes = 0;
	if (f && fscanf(f, "%lf", &bytes) != 1)
		bytes = 0;
	if (f)
		fclose(f);
	return bytes;
}

/* Finds the value in a file of lines "key value". */
static double keyed(const char *file, const char *key)
{
	FILE *f = fopen(file, "re");
	char line[200], name[100];
	double bytes = 0, value;
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%99s %lf", name, &value) == 2 && !strcmp(name, key))
			bytes = value;
	if (f)
		fclose(f);
	return bytes;
}

#define PATH 4096
#define NO_LIMIT 4e18                   /* version 1 says "none" by the largest number of pages */

/* A group and all above it: the tightest counts. Where a container sees its own part of the tree
 * only, the upper names are not there. */
static void climb(const char *mount, const char *group, bool old, double *limit, double *room)
{
	char path[PATH], file[PATH + 40];
	if (snprintf(path, sizeof path, "%s%s", mount, group) >= (int)sizeof path)
		return;
	for (;;) {
		snprintf(file, sizeof file, "%s/%s", path,
		         old ? "memory.limit_in_bytes" : "memory.max");
		double here = number(file);
		if (here > 0 && here < NO_LIMIT) {
			snprintf(file, sizeof file, "%s/%s", path,
			         old ? "memory.usage_in_bytes" : "memory.current");
			double used = number(file);
			snprintf(file, sizeof file, "%s/memory.stat", path);
			/* Pages of files that nobody has asked for lately are given back when
			 * memory is wanted. */
			used -= keyed(file, old ? "total_inactive_file" : "inactive_file");
			double left = fmax(0, here - fmax(0, used));
			*room = *limit > 0 ? fmin(*room, left) : left;
			*limit = *limit > 0 ? fmin(*limit, here) : here;
		}
		char *slash = strrchr(path, '/');
		if (strlen(path) <= strlen(mount) || !slash)
			return;
		*slash = 0;
	}
}

double fv_memory_groups(const char *groups, const char *mount, double *room)
{
	FILE *f = fopen(groups, "re");
	char line[PATH], old[PATH], mixed[PATH];
	double limit = 0;
	snprintf(old, sizeof old, "%s/memory", mount);
	snprintf(mixed, sizeof mixed, "%s/unified", mount);
	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		/* "4:memory:/a/b" of version 1, "0::/a/b" of version 2. */
		char *names = strchr(line, ':'), *group = names ? strchr(names + 1, ':') : NULL;
		if (!group || group[1] != '/' || strstr(group, "/../"))
			continue;
		*group++ = 0;
		bool memory = false;
		for (char *name = names + 1; *name;
		     name += strcspn(name, ","), name += *name == ',')
			memory |= !strncmp(name, "memory", 6) && (name[6] == ',' || !name[6]);
		if (memory)
			climb(old, group, true, &limit, room);
		else if (!names[1]) {
			climb(mount, group, false, &limit, room);
			climb(mixed, group, false, &limit, room);
		}
	}
	if (f)
		fclose(f);
	return limit;
}

double fv_memory_limit(void)
{
	double room;
	return fv_memory_groups("/proc/self/cgroup", "/sys/fs/cgroup", &room);
}

double fv_memory_free(void)
{
	double here = fv_memory("/proc/meminfo", "MemAvailable"), room = 0,
	       limit = fv_memory_groups("/proc/self/cgroup", "/sys/fs/cgroup", &room);
	return limit > 0 && room < here ? room : here;
}
