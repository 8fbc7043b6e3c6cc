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

double fv_memory_limit(void) { return number("/sys/fs/cgroup/memory.max"); }

double fv_memory_free(void)
{
	double here = fv_memory("/proc/meminfo", "MemAvailable"), limit = fv_memory_limit(), used = number("/sys/fs/cgroup/memory.current");
	return limit > 0 && used > 0 && limit - used < here ? fmax(0, limit - used) : here;
}
