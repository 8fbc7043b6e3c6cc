/* SPDX-License-Identifier: Apache-2.0 */
/* The context: what would otherwise be global. */
#define _GNU_SOURCE
#include "base/limits.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE ((size_t)2 << 20)          /* a large page */

static void *default_alloc(void *user, size_t bytes, size_t align)
{
	(void)user;
	void *p = NULL;
	bool large = bytes >= 2 * HUGE && align <= HUGE;
	if (posix_memalign(&p, large ? HUGE : align, bytes))
		return NULL;
#ifdef MADV_HUGEPAGE
	/* Kernels walk tens of megabytes in wide strides: with small pages they wait for address translation, and a plan's
	 * memory costs a fault every 4 KiB. */
	if (large)
		madvise(p, bytes, MADV_HUGEPAGE);
#endif
	return p;
}

static void default_free(void *user, void *p)
{
	(void)user;
	free(p);
}

const fv_allocator fv_allocator_plain = { default_alloc, default_free, NULL };

static int processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set))
		return 1;
	return CPU_COUNT(&set);
}

fv_status fv_context_new(fv_err *err, const fv_context_options *opt, fv_context **out)
{
	fv_context_options o = { .size = sizeof o };
	if (opt)
		memcpy(&o, opt, opt->size < sizeof o ? opt->size : sizeof o);
	if (o.threads < 0 || o.threads > 1024)
		return fv_fail(err, FV_E_ARGUMENT, "threads: %d is not between 0 (all) and 1024", o.threads);
	uint32_t cap = ~0u;
	const char *name = o.isa ? o.isa : getenv("FAUVE_ISA");
	if (name && *name && !fv_isa_cap(name, &cap))
		return fv_fail(err, FV_E_ARGUMENT, "instruction set '%s' is unknown: say ref, plain, avx2, avx512 or amx", name);
	int64_t limit[FV_LIMITS];
	fv_status st = fv_limits_set(err, o.limits, limit);
	if (st)
		return st;
	fv_allocator al = o.allocator ? *o.allocator : fv_allocator_plain;
	fv_context *c = al.alloc(al.user, (sizeof *c + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN, FV_ALIGN);
	if (!c)
		return fv_fail_memory(err, "context", sizeof *c);
	*c = (fv_context){
		.allocator = al, .threads = o.threads ? o.threads : processors(), .isa = fv_isa_detect() & cap, .bf16 = o.bf16, .exact = o.exact,
		.log = o.log, .log_user = o.log_user, .cancelled = o.cancelled, .cancelled_user = o.cancelled_user,
	};
	memcpy(c->limit, limit, sizeof limit);
	if (o.cache && *o.cache && !(c->cache = fv_alloc(c, strlen(o.cache) + 1)))
		st = fv_fail_memory(err, "context", strlen(o.cache) + 1);
	else if (c->cache)
		strcpy(c->cache, o.cache);
	if (st || (st = fv_team_new(err, c, c->threads, &c->team)) || (st = fv_device_open(err, c, "cpu", &c->device))) {
		fv_team_free(c->team);
		fv_free(c, c->cache);
		al.free(al.user, c);
		return st;
	}
	*out = c;
	return FV_OK;
}

void fv_context_free(fv_context *c)
{
	if (!c)
		return;
	fv_team_free(c->team);
	fv_device_close(c->device);
	fv_free(c, c->cache);
	c->allocator.free(c->allocator.user, c);
}

void fv_log(const fv_context *c, fv_log_level level, const char *format, ...)
{
	if (!c->log)
		return;
	char text[1000];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	c->log(c->log_user, level, text);
}

bool fv_cancelled(const fv_context *c) { return c->cancelled && c->cancelled(c->cancelled_user); }
