/* What the oracles share: clocks, their own resource use, and dying with a reason. Each oracle counts for itself and prints what
 * the truth is, one JSON object per line on standard output; none of them knows the recorder. */
#ifndef ORACLE_H
#define ORACLE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ENDED_BADLY 99 /* The exit code of an oracle that could not do its work. */

static inline _Noreturn void fail(const char *doing)
{
	fprintf(stderr, "oracle: %s: %s\n", doing, strerror(errno));
	_exit(ENDED_BADLY);
}

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	if (clock_gettime(clock, &now) != 0)
		fail("reading a clock");
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t rusage_cpu_ns(const struct rusage *use)
{
	return ((uint64_t)use->ru_utime.tv_sec + (uint64_t)use->ru_stime.tv_sec) * 1000000000u +
	       ((uint64_t)use->ru_utime.tv_usec + (uint64_t)use->ru_stime.tv_usec) * 1000u;
}

static inline uint64_t cpu_ns_of(int who)
{
	struct rusage use;
	if (getrusage(who, &use) != 0)
		fail("getrusage");
	return rusage_cpu_ns(&use);
}

static inline void rest_ms(uint64_t ms)
{
	struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* Uses the CPU until this thread has used `ms` more of it. */
static inline void burn_ms(uint64_t ms)
{
	static _Thread_local volatile uint64_t sink;
	uint64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000u;
	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		for (uint64_t i = 0; i < 20000; i++)
			sink = sink * 6364136223846793005u + i;
}

/* The path of this program, as a plain path that any child can execute and that a record can be compared with. */
static inline const char *own_path(void)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	if (length < 0)
		fail("reading the link /proc/self/exe");
	path[length] = 0;
	return path;
}

static inline uint64_t number(const char *text)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != 0) {
		errno = EINVAL;
		fail(text);
	}
	return value;
}

static inline pid_t must_fork(void)
{
	/* What stands in the buffer would otherwise be printed by both. */
	fflush(stdout);
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	return pid;
}

static inline int must_wait(pid_t pid, struct rusage *use)
{
	int status;
	while (wait4(pid, &status, 0, use) != pid)
		if (errno != EINTR)
			fail("wait4");
	return status;
}

/* `"exit_code":7,"signal":null`, by what wait said. */
static inline void print_end(int status)
{
	if (WIFEXITED(status))
		printf("\"exit_code\":%d,\"signal\":null", WEXITSTATUS(status));
	else
		printf("\"exit_code\":null,\"signal\":%d", WTERMSIG(status));
	printf(",\"core_dumped\":%s", WIFSIGNALED(status) && WCOREDUMP(status) ? "true" : "false");
}

#endif
