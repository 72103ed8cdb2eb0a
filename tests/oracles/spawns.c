/* spawns TIMES PROGRAM
 *
 * Runs PROGRAM so many times, one after the other, by posix_spawn (vfork and exec), and prints how long that took by the clock and how much CPU it
 * took: its own, and what the kernel reports for its children. */
#include "oracle.h"

#include <spawn.h>

/* It never takes as long; should it hang, it ends by itself. */
#define LIMIT_S 120

static char *const no_environment[] = {NULL};

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: spawns TIMES PROGRAM\n");
		return ENDED_BADLY;
	}
	uint64_t times = number(argv[1]);
	char *args[] = {argv[2], NULL};
	alarm(LIMIT_S);

	uint64_t began_cpu_ns = cpu_ns_of(RUSAGE_SELF);
	uint64_t began_ns = clock_ns(CLOCK_MONOTONIC);
	for (uint64_t i = 0; i < times; i++) {
		pid_t pid;
		errno = posix_spawn(&pid, argv[2], NULL, NULL, args, no_environment);
		if (errno != 0)
			fail(argv[2]);
		int status = must_wait(pid, NULL);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			fprintf(stderr, "oracle: %s ended with status %#x\n", argv[2], (unsigned)status);
			return ENDED_BADLY;
		}
	}
	uint64_t elapsed_ns = clock_ns(CLOCK_MONOTONIC) - began_ns;
	uint64_t self_cpu_ns = cpu_ns_of(RUSAGE_SELF) - began_cpu_ns;
	printf("{\"oracle\":\"spawns\",\"pid\":%d,\"times\":%llu,\"elapsed_ns\":%llu,\"self_cpu_ns\":%llu,\"children_cpu_ns\":%llu}\n", getpid(),
	       (unsigned long long)times, (unsigned long long)elapsed_ns, (unsigned long long)self_cpu_ns,
	       (unsigned long long)cpu_ns_of(RUSAGE_CHILDREN));
	return 0;
}
