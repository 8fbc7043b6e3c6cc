/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of one file: counts, failures by name, and the last line that script/run-tests sums. */
#ifndef TEST_H
#define TEST_H
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int passed, failed;

__attribute__((format(printf, 2, 3))) static inline bool check(bool ok, const char *format, ...)
{
	va_list ap;
	*(ok ? &passed : &failed) += 1;
	if (!ok) {
		va_start(ap, format);
		printf("FAIL ");
		vprintf(format, ap);
		printf("\n");
		va_end(ap);
	}
	return ok;
}

static inline int finish(const char *name)
{
	printf("%s: %d passed, %d failed\n", name, passed, failed);
	return failed > 0;
}
#endif
