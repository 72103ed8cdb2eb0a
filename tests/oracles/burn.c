/* burn single MS | threads N MS | leader-first N MS | early N MS | thread-exec N MS | pause MS
 *
 * Burns CPU in a child process, in every shape in which the threads of a process can come and go. Each thread writes its own
 * CLOCK_THREAD_CPUTIME_ID to shared memory as its last act; the parent adds them up when the child has ended. It prints what wait4
 * reported as well, for comparison: the kernel undercounts threads that it reaps itself. */
#include "oracle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define SLOTS 1024

struct ledger {
	atomic_uint threads;
	_Atomic uint64_t cpu_ns[SLOTS];
};

static struct ledger *ledger;
static int ledger_fd;
static pthread_barrier_t reported;

/* The last act of a thread. */
static void report(void)
{
	unsigned slot = atomic_fetch_add(&ledger->threads, 1);
	if (slot >= SLOTS) {
		errno = ENOSPC;
		fail("reporting a thread");
	}
	atomic_store(&ledger->cpu_ns[slot], clock_ns(CLOCK_THREAD_CPUTIME_ID));
}

static void *burn_and_report(void *ms)
{
	burn_ms((uint64_t)(uintptr_t)ms);
	report();
	return NULL;
}

/* For a thread that an exec is going to kill: it reports and then uses no more CPU. */
static void *burn_report_and_wait(void *ms)
{
	burn_and_report(ms);
	pthread_barrier_wait(&reported);
	pause();
	return NULL;
}

static void *burn_and_exec(void *ms)
{
	char fd_text[16], ms_text[24];
	burn_ms((uint64_t)(uintptr_t)ms);
	pthread_barrier_wait(&reported);
	snprintf(fd_text, sizeof fd_text, "%d", ledger_fd);
	snprintf(ms_text, sizeof ms_text, "%llu", (unsigned long long)(uintptr_t)ms);
	/* No report: the thread lives on as the leader, and its clock with it. */
	execl(own_path(), "burn", "after-exec", fd_text, ms_text, (char *)NULL);
	fail("executing from a thread");
}

static pthread_t start_thread(void *(*body)(void *), uint64_t ms)
{
	pthread_t thread;
	errno = pthread_create(&thread, NULL, body, (void *)(uintptr_t)ms);
	if (errno != 0)
		fail("pthread_create");
	return thread;
}

static void burn_in_threads(uint64_t threads, uint64_t ms)
{
	pthread_t started[SLOTS];
	for (uint64_t i = 0; i < threads; i++)
		started[i] = start_thread(burn_and_report, ms);
	for (uint64_t i = 0; i < threads; i++)
		pthread_join(started[i], NULL);
}

static void open_ledger(int fd)
{
	ledger_fd = fd;
	ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ledger == MAP_FAILED)
		fail("mapping the ledger");
}

static _Noreturn void burner(const char *mode, uint64_t threads, uint64_t ms)
{
	if (strcmp(mode, "single") == 0) {
		burn_ms(ms);
	} else if (strcmp(mode, "threads") == 0) {
		burn_in_threads(threads, ms);
	} else if (strcmp(mode, "leader-first") == 0) {
		for (uint64_t i = 0; i < threads; i++)
			pthread_detach(start_thread(burn_and_report, ms));
		burn_ms(ms / 3);
		report();
		pthread_exit(NULL);
	} else if (strcmp(mode, "early") == 0) {
		/* The threads are long gone, and reaped by the kernel, when the process ends. */
		burn_in_threads(threads, ms / 20);
		burn_ms(ms);
	} else if (strcmp(mode, "thread-exec") == 0) {
		pthread_barrier_init(&reported, NULL, (unsigned)threads + 2);
		for (uint64_t i = 0; i < threads; i++)
			start_thread(burn_report_and_wait, ms);
		start_thread(burn_and_exec, ms);
		burn_report_and_wait((void *)(uintptr_t)(ms / 3));
	} else if (strcmp(mode, "after-exec") == 0) {
		burn_in_threads(1, ms);
		burn_ms(ms);
	} else if (strcmp(mode, "pause") == 0) {
		char byte;
		burn_ms(ms);
		printf("{\"oracle\":\"burn\",\"event\":\"paused\",\"burner\":%d,\"cpu_ns\":%llu}\n", getpid(),
		       (unsigned long long)clock_ns(CLOCK_THREAD_CPUTIME_ID));
		fflush(stdout);
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
		burn_ms(ms);
	} else {
		errno = EINVAL;
		fail(mode);
	}
	report();
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "after-exec") == 0) {
		open_ledger((int)number(argv[2]));
		burner(argv[1], 0, number(argv[3]));
	}
	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: burn single|pause MS | threads|leader-first|early|thread-exec N MS\n");
		return ENDED_BADLY;
	}
	int fd = memfd_create("ledger", 0);
	if (fd < 0 || ftruncate(fd, sizeof *ledger) != 0)
		fail("making the ledger");
	open_ledger(fd);

	uint64_t threads = argc == 4 ? number(argv[2]) : 0, ms = number(argv[argc - 1]);
	pid_t pid = must_fork();
	if (pid == 0)
		burner(argv[1], threads, ms);

	struct rusage use;
	int status = must_wait(pid, &use);
	uint64_t cpu_ns = 0;
	unsigned count = atomic_load(&ledger->threads);
	for (unsigned i = 0; i < count; i++)
		cpu_ns += atomic_load(&ledger->cpu_ns[i]);
	printf("{\"oracle\":\"burn\",\"event\":\"ended\",\"pid\":%d,\"burner\":%d,\"threads\":%u,\"cpu_ns\":%llu,\"wait4_cpu_ns\":%llu,", getpid(),
	       pid, count, (unsigned long long)cpu_ns, (unsigned long long)rusage_cpu_ns(&use));
	print_end(status);
	printf("}\n");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : ENDED_BADLY;
}
