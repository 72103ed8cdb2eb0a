/* pingpong TIMES
 *
 * Two processes on CPU 0 hand a byte to each other over two pipes, so many times there and back: each read waits for the other process, so each is
 * a context switch. Prints how long that took by the clock and how much CPU it took: its own, and the other process's. */
#include "oracle.h"

#include <sched.h>

/* It never takes as long; should it hang, it ends by itself. */
#define LIMIT_S 120

static void hand(int fd)
{
	char byte = 0;
	if (write(fd, &byte, 1) != 1)
		fail("write");
}

static void take(int fd)
{
	char byte;
	if (read(fd, &byte, 1) != 1)
		fail("read");
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: pingpong TIMES\n");
		return ENDED_BADLY;
	}
	uint64_t times = number(argv[1]);
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	int there[2], back[2];
	if (sched_setaffinity(0, sizeof one, &one) != 0)
		fail("sched_setaffinity");
	if (pipe(there) != 0 || pipe(back) != 0)
		fail("pipe");
	alarm(LIMIT_S);

	pid_t other = fork();
	if (other < 0)
		fail("fork");
	if (other == 0) {
		/* An alarm is not inherited. */
		alarm(LIMIT_S);
		for (uint64_t i = 0; i <= times; i++) {
			take(there[0]);
			hand(back[1]);
		}
		_exit(0);
	}
	/* Once before the clock starts: the other process is there then. */
	hand(there[1]);
	take(back[0]);
	uint64_t began_cpu_ns = cpu_ns_of(RUSAGE_SELF);
	uint64_t began_ns = clock_ns(CLOCK_MONOTONIC);
	for (uint64_t i = 0; i < times; i++) {
		hand(there[1]);
		take(back[0]);
	}
	uint64_t elapsed_ns = clock_ns(CLOCK_MONOTONIC) - began_ns;
	uint64_t self_cpu_ns = cpu_ns_of(RUSAGE_SELF) - began_cpu_ns;
	int status = must_wait(other, NULL);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "oracle: the other process ended with status %#x\n", (unsigned)status);
		return ENDED_BADLY;
	}
	printf("{\"oracle\":\"pingpong\",\"pid\":%d,\"times\":%llu,\"elapsed_ns\":%llu,\"self_cpu_ns\":%llu,\"children_cpu_ns\":%llu}\n", getpid(),
	       (unsigned long long)times, (unsigned long long)elapsed_ns, (unsigned long long)self_cpu_ns,
	       (unsigned long long)cpu_ns_of(RUSAGE_CHILDREN));
	return 0;
}
