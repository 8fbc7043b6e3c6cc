/* SPDX-License-Identifier: Apache-2.0 */
/* A process that can do nothing but decode: a seccomp filter, written by hand since it is a list.
 * What is not in the list fails with EPERM, as it may in any container, so that libraries go on
 * without. */
#define _GNU_SOURCE
#include "picture/confine.h"
#include "base/base.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

bool fv_confine_possible(void)
{
#ifdef ARCHITECTURE
	/* A filter that is nowhere: EFAULT where filters are known. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) && errno == EFAULT;
#else
	return false;
#endif
}

#ifdef ARCHITECTURE
/* To let one more through: a word, and why it is harmless. None takes a path or an address;
 * descriptors are those of child.h. */
static const int allowed[] = {
	SYS_read,
	SYS_write,
	SYS_close,
	SYS_lseek,
	SYS_fstat,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_brk,
	SYS_futex,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_gettid,
	SYS_getpid,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_restart_syscall,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_getrandom,
	SYS_exit,
	SYS_exit_group,
};

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define IF(test, value, yes, no) BPF_JUMP(BPF_JMP | (test) | BPF_K, (uint32_t)(value), (yes), (no))
/* The low half: where flags are. */
#define ARGUMENT(i) \
	(offsetof(struct seccomp_data, args[i]) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))
#define REFUSED SECCOMP_RET_ERRNO | EPERM

bool fv_confine(void)
{
	struct sock_filter f[2 * FV_COUNT(allowed) + 40];
	unsigned short n = 0;
	const struct sock_filter begin[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		IF(BPF_JEQ, ARCHITECTURE, 1, 0), RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(offsetof(struct seccomp_data, nr)),
		/* x86's third set of calls */
		IF(BPF_JGE, 0x40000000, 0, 1), RETURN(REFUSED),
	};
	/* Memory, but never to be run; threads, but no processes. glibc takes clone where clone3,
	 * whose flags cannot be seen, is not there. */
	const struct sock_filter end[] = {
		IF(BPF_JEQ, SYS_mmap, 1, 0),
		IF(BPF_JEQ, SYS_mprotect, 0, 4),
		LOAD(ARGUMENT(2)),
		IF(BPF_JSET, PROT_EXEC, 0, 1),
		RETURN(REFUSED),
		RETURN(SECCOMP_RET_ALLOW),
		IF(BPF_JEQ, SYS_clone, 0, 4),
		LOAD(ARGUMENT(0)),
		IF(BPF_JSET, CLONE_THREAD, 1, 0),
		RETURN(REFUSED),
		RETURN(SECCOMP_RET_ALLOW),
		IF(BPF_JEQ, SYS_prlimit64, 0, 4), /* its own limits */
		LOAD(ARGUMENT(0)),
		IF(BPF_JEQ, 0, 1, 0),
		RETURN(REFUSED),
		RETURN(SECCOMP_RET_ALLOW),
		IF(BPF_JEQ, SYS_clone3, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | ENOSYS),
		RETURN(REFUSED),
	};
	for (size_t i = 0; i < FV_COUNT(begin); i++)
		f[n++] = begin[i];
	for (size_t i = 0; i < FV_COUNT(allowed); i++) {
		f[n++] = (struct sock_filter)IF(BPF_JEQ, allowed[i], 0, 1);
		f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < FV_COUNT(end); i++)
		f[n++] = end[i];
	struct sock_fprog program = { n, f };
	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
#else
bool fv_confine(void) { return false; }
#endif
