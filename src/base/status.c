/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses, their sentences, checked sizes, the clock. */
#include "base/base.h"
#include "base/text.h"
#include <stdio.h>
#include <time.h>

fv_status fv_fail(fv_err *err, fv_status status, const char *format, ...)
{
	if (err) {
		char text[sizeof err->text + 1];
		va_list ap;
		va_start(ap, format);
		vsnprintf(text, sizeof text, format, ap);
		va_end(ap);
		text[fv_text_cut(text, sizeof text - 2)] = 0;
		/* One line of plain text, whatever a file's name or a file holds. */
		err->status = status;
		fv_show(err->text, sizeof err->text, text);
	}
	return status;
}

fv_status fv_fail_memory(fv_err *err, const char *what, size_t bytes)
{
	return fv_fail(
		err, FV_E_MEMORY,
		"%s: %.1f MB of memory could not be had; close other programs or take a smaller "
		"size",
		what, (double)bytes / 1e6);
}

int fv_exit_code(fv_status status)
{
	static const int code[] = {
		[FV_OK] = 0, [FV_E_INTERNAL] = 1, [FV_E_ARGUMENT] = 2, [FV_E_SHAPE] = 3,
		[FV_E_READ] = 3,
		[FV_E_FORMAT] = 3, [FV_E_LIMIT] = 3, [FV_E_WRITE] = 4, [FV_E_MEMORY] = 5,
		[FV_E_CANCELLED] = 130, [FV_E_PARTIAL] = 6,
	};
	return (size_t)status < FV_COUNT(code) ? code[status] : 1;
}

const char *fv_version(void) { return FV_VERSION; }

bool fv_mul_size(int64_t a, int64_t b, int64_t *out)
{
	return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, out);
}

bool fv_add_size(int64_t a, int64_t b, int64_t *out)
{
	return a >= 0 && b >= 0 && !__builtin_add_overflow(a, b, out);
}

double fv_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
