/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_MEMORY_H
#define FV_MEMORY_H
#include <stdbool.h>
#include <stddef.h>

/* The value behind "KEY :" in a file of such lines, as in /proc; false: not there. */
bool fv_field(const char *file, const char *key, char *value, size_t room);
/* Such a value, which is in kB, in bytes: "/proc/meminfo" has the machine's, "/proc/self/status" this program's. 0: not there. */
double fv_memory(const char *file, const char *key);
/* What a container may use (control groups, version 2); 0: no limit. */
double fv_memory_limit(void);
/* What this program may still take, without making others leave; 0: unknown. */
double fv_memory_free(void);
#endif
