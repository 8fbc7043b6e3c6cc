/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_MEMORY_H
#define FV_MEMORY_H
#include <stdbool.h>
#include <stddef.h>

/* The value behind "KEY :" in a file of such lines, as in /proc; false: not there. */
bool fv_field(const char *file, const char *key, char *value, size_t room);
/* Such a value, which is in kB, in bytes: "/proc/meminfo" has the machine's, "/proc/self/status"
 * this program's. 0: not there. */
double fv_memory(const char *file, const char *key);
/* What a container may use (control groups, versions 1 and 2, this one's and all above); 0: no
 * limit. */
double fv_memory_limit(void);
/* The same from a file such as /proc/self/cgroup and a folder such as /sys/fs/cgroup; *room: what
 * is left of the tightest, when there is one. */
double fv_memory_groups(const char *groups, const char *mount, double *room);
/* What this program may still take, without making others leave; 0: unknown. */
double fv_memory_free(void);
#endif
