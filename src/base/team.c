/* SPDX-License-Identifier: Apache-2.0 */
/* The thread team: persistent workers that take units of work from counters.
 *
 * A worker spins for some 50 us after a job (the next one usually follows at once), then sleeps on a
 * futex-backed condition. Each thread has a share of the units, in order, and takes from its own first: neighbouring
 * units read neighbouring rows, so what a thread made it mostly reads again, and little passes from core to core, which is
 * slow where they share no cache. Then it takes from the others' shares: on a busy machine the core that somebody else
 * uses does fewer units, and nobody waits for it longer than one.
 *
 * One caller has the workers at a time. Who finds them taken, by another thread or by a job of its own that is running, does all
 * units itself as thread 0: what threads work in belongs to the job, so two callers' zeros never meet, and bits do not depend on
 * how many threads there are.
 *
 * The word `job` holds generation << 1 | open. A worker announces itself in `inside` before it takes
 * units and leaves after; the owner closes the job when the counters have run out and waits for `inside`
 * to fall to zero, so no late worker can read a job that is being replaced. */
#include "base/base.h"
#include <pthread.h>
#include <sched.h>

typedef struct { _Alignas(64) _Atomic int64_t next; int64_t end; } share;

struct fv_team {
	fv_context *context;
	int threads, started;
	pthread_t *thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	_Atomic int sleeping, stop;
	_Atomic bool taken;             /* by a caller */
	_Alignas(64) _Atomic uint64_t job;
	_Alignas(64) _Atomic int inside;
	fv_team_fn fn;
	void *arg;
	int64_t grain;
	share *share;                   /* one a thread */
};

typedef struct { fv_team *team; int index; } seat;

static void pause_cpu(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static void work(fv_team *t, int thread)
{
	for (int i = 0; i < t->threads; i++) {
		share *s = &t->share[(thread + i) % t->threads];
		for (;;) {
			int64_t first = atomic_fetch_add_explicit(&s->next, t->grain, memory_order_relaxed);
			if (first >= s->end)
				break;
			t->fn(t->arg, thread, first, fv_min(first + t->grain, s->end));
		}
	}
}

static void sleep_until_change(fv_team *t, uint64_t seen)
{
	pthread_mutex_lock(&t->lock);
	atomic_fetch_add(&t->sleeping, 1);
	while (atomic_load(&t->job) == seen && !atomic_load(&t->stop))
		pthread_cond_wait(&t->wake, &t->lock);
	atomic_fetch_sub(&t->sleeping, 1);
	pthread_mutex_unlock(&t->lock);
}

static void *worker(void *p)
{
	fv_team *t = ((seat *)p)->team;
	int thread = ((seat *)p)->index;
	uint64_t done = 0;              /* the last job looked at */
	while (!atomic_load(&t->stop)) {
		uint64_t job = atomic_load(&t->job);
		if (job == done || !(job & 1)) {
			double until = fv_now() + 50e-6;
			while ((job = atomic_load(&t->job)), (job == done || !(job & 1)) && fv_now() < until)
				for (int i = 0; i < 32; i++)
					pause_cpu();
			if (job == done || !(job & 1)) {
				sleep_until_change(t, job);
				continue;
			}
		}
		atomic_fetch_add(&t->inside, 1);
		/* Still open after the announcement? Then the owner will wait for us. */
		if (atomic_load(&t->job) == job)
			work(t, thread);
		atomic_fetch_sub(&t->inside, 1);
		done = job;
	}
	return NULL;
}

void fv_team_run(fv_team *t, fv_team_fn fn, void *arg, int64_t units, int64_t grain)
{
	if (units <= 0)
		return;
	if (grain < 1)
		grain = 1;
	if (t->started == 0 || units <= grain || atomic_exchange(&t->taken, true)) {
		for (int64_t i = 0; i < units; i += grain)
			fn(arg, 0, i, fv_min(i + grain, units));
		return;
	}
	t->fn = fn;
	t->arg = arg;
	t->grain = grain;
	for (int64_t i = 0, grains = fv_div_up(units, grain); i < t->threads; i++) {
		t->share[i].end = fv_min(units, (i + 1) * grains / t->threads * grain);
		atomic_store_explicit(&t->share[i].next, i * grains / t->threads * grain, memory_order_relaxed);
	}
	uint64_t open = atomic_load(&t->job) + 1;
	atomic_store(&t->job, open);
	if (atomic_load(&t->sleeping)) {
		pthread_mutex_lock(&t->lock);
		pthread_cond_broadcast(&t->wake);
		pthread_mutex_unlock(&t->lock);
	}
	work(t, 0);
	atomic_store(&t->job, open + 1);
	for (int spins = 0; atomic_load(&t->inside); spins++) {
		if (spins < 20000)
			pause_cpu();
		else
			sched_yield();
	}
	atomic_store(&t->taken, false);
}

fv_status fv_team_new(fv_err *err, fv_context *c, int threads, fv_team **out)
{
	size_t n = (size_t)(threads > 1 ? threads - 1 : 0);
	fv_team *t = fv_alloc(c, sizeof *t + (n + 1) * sizeof(share) + n * (sizeof(pthread_t) + sizeof(seat)));
	if (!t)
		return fv_fail_memory(err, "threads", sizeof *t);
	t->context = c;
	t->threads = (int)n + 1;
	t->share = (share *)(t + 1);
	t->thread = (pthread_t *)(t->share + n + 1);
	seat *seats = (seat *)(t->thread + n);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	/* Fewer threads than asked for are no error: work goes out by counter. */
	for (size_t i = 0; i < n; i++) {
		seats[i] = (seat){ t, (int)i + 1 };
		if (pthread_create(&t->thread[i], NULL, worker, &seats[i]))
			break;
		t->started++;
	}
	*out = t;
	return FV_OK;
}

void fv_team_free(fv_team *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	atomic_store(&t->stop, 1);
	pthread_cond_broadcast(&t->wake);
	pthread_mutex_unlock(&t->lock);
	for (int i = 0; i < t->started; i++)
		pthread_join(t->thread[i], NULL);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	fv_free(t->context, t);
}
