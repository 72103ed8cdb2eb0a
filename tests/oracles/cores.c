/* cores move MS | cores threads N MS
 *
 * Burns CPU on cores it chooses. `move MS`: one thread, bound to core 0 for MS of its own CPU time, then to core 1 for twice as much; it prints what
 * its own clock says of each phase. `threads N MS`: N threads on whatever cores they get; it prints the sum of their clocks. */
#include "oracle.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static _Atomic uint64_t threads_cpu_ns;

static void bind_to(int core)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	/* On return the thread runs there. */
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		fail("sched_setaffinity");
}

static void *burn(void *ms)
{
	burn_ms((uint64_t)(uintptr_t)ms);
	atomic_fetch_add(&threads_cpu_ns, clock_ns(CLOCK_THREAD_CPUTIME_ID));
	return NULL;
}

static void move(uint64_t ms)
{
	/* What starting cost may have been used anywhere. */
	uint64_t began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	bind_to(0);
	uint64_t first_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	burn_ms(ms);
	uint64_t moved_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	bind_to(1);
	burn_ms(2 * ms);
	uint64_t ended_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	printf("{\"oracle\":\"cores\",\"event\":\"ended\",\"pid\":%d,\"before_ns\":%llu,\"first_ns\":%llu,\"second_ns\":%llu,\"cpu_ns\":%llu}\n", getpid(),
	       (unsigned long long)began_ns, (unsigned long long)(moved_ns - first_ns), (unsigned long long)(ended_ns - moved_ns),
	       (unsigned long long)ended_ns);
}

static void spread(uint64_t count, uint64_t ms)
{
	pthread_t threads[64];
	if (count > 64) {
		errno = EINVAL;
		fail("threads");
	}
	for (uint64_t i = 0; i < count; i++)
		if ((errno = pthread_create(&threads[i], NULL, burn, (void *)(uintptr_t)ms)) != 0)
			fail("pthread_create");
	for (uint64_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{\"oracle\":\"cores\",\"event\":\"ended\",\"pid\":%d,\"cpu_ns\":%llu}\n", getpid(),
	       (unsigned long long)(atomic_load(&threads_cpu_ns) + clock_ns(CLOCK_THREAD_CPUTIME_ID)));
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "move") == 0) {
		move(number(argv[2]));
	} else if (argc == 4 && strcmp(argv[1], "threads") == 0) {
		spread(number(argv[2]), number(argv[3]));
	} else {
		fprintf(stderr, "usage: cores move MS | threads N MS\n");
		return ENDED_BADLY;
	}
	return 0;
}
