/* throng short N ABREAST MS | standing N | bomb FORKS MS | exec N BYTES
 *
 * More processes than there is room for. `short` starts N children, ABREAST at a time, each of which uses MS of CPU. `standing` starts N that wait,
 * says so, and ends them when its standard input closes. `bomb` lets every process fork, and every child, as fast as they can, until FORKS forks
 * have succeeded or ten times as many were refused; each process uses MS of CPU before it ends. `exec` starts N children that execute with BYTES of
 * arguments each. All forks are counted where they succeed, and every process is reaped here, so that the kernel adds up their CPU. */
#include "oracle.h"

#include <signal.h>
#include <stdatomic.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

struct ledger {
	_Atomic int64_t left, refusals_left;
	_Atomic uint64_t forks, refused;
};

static struct ledger *ledger;

static pid_t counted_fork(void)
{
	pid_t pid = must_fork();
	if (pid > 0)
		atomic_fetch_add(&ledger->forks, 1);
	return pid;
}

static void reap_one(void)
{
	if (waitpid(-1, NULL, 0) < 0)
		fail("waitpid");
}

static void start_short(uint64_t wanted, uint64_t abreast, uint64_t ms)
{
	for (uint64_t i = 0; i < wanted; i++) {
		if (i >= abreast)
			reap_one();
		if (counted_fork() == 0) {
			burn_ms(ms);
			_exit(0);
		}
	}
}

static void stand(uint64_t wanted)
{
	pid_t *pids = calloc(wanted, sizeof *pids);
	pid_t parent = getpid();
	char byte;
	if (pids == NULL)
		fail("allocating the list of children");
	for (uint64_t i = 0; i < wanted; i++) {
		pids[i] = counted_fork();
		if (pids[i] == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
				_exit(ENDED_BADLY);
			for (;;)
				pause();
		}
	}
	printf("{\"oracle\":\"throng\",\"event\":\"standing\",\"pid\":%d}\n", getpid());
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (uint64_t i = 0; i < wanted; i++)
		kill(pids[i], SIGKILL);
}

/* Every process of the bomb. A child ends at the first refusal, so that there is room for another; the first one goes on. */
static void explode(int is_first, uint64_t ms)
{
	while (atomic_fetch_sub(&ledger->left, 1) > 0) {
		pid_t pid = fork();
		if (pid == 0) {
			is_first = 0;
			continue;
		}
		if (pid > 0) {
			atomic_fetch_add(&ledger->forks, 1);
			continue;
		}
		atomic_fetch_add(&ledger->left, 1);
		atomic_fetch_add(&ledger->refused, 1);
		if (atomic_fetch_sub(&ledger->refusals_left, 1) <= 0 || !is_first)
			break;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		sched_yield();
	}
	if (is_first)
		return;
	burn_ms(ms);
	_exit(0);
}

/* `throng-child BYTES…`: it has been executed, and that is all. */
static void start_execs(uint64_t wanted, uint64_t bytes)
{
	/* The kernel takes strings of up to 32 pages. */
	static char text[100000];
	char *args[64] = {"throng-child"}, *const none[] = {NULL};
	uint64_t count = bytes / sizeof text + 1;
	if (count > 60) {
		errno = E2BIG;
		fail("so many arguments");
	}
	memset(text, 'x', sizeof text - 1);
	for (uint64_t i = 0; i < count; i++)
		args[1 + i] = text;
	const char *path = own_path();
	for (uint64_t i = 0; i < wanted; i++) {
		if (i >= 4)
			reap_one();
		if (counted_fork() == 0) {
			execve(path, args, none);
			_exit(ENDED_BADLY);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], "throng-child") == 0)
		return 0;
	ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* Whoever loses its parent is reaped here. */
	if (ledger == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		fail("preparing a throng");
	if (argc == 5 && strcmp(argv[1], "short") == 0) {
		start_short(number(argv[2]), number(argv[3]), number(argv[4]));
	} else if (argc == 3 && strcmp(argv[1], "standing") == 0) {
		stand(number(argv[2]));
	} else if (argc == 4 && strcmp(argv[1], "bomb") == 0) {
		ledger->left = (int64_t)number(argv[2]);
		ledger->refusals_left = 10 * ledger->left;
		explode(1, number(argv[3]));
	} else if (argc == 4 && strcmp(argv[1], "exec") == 0) {
		start_execs(number(argv[2]), number(argv[3]));
	} else {
		fprintf(stderr, "usage: throng short N ABREAST MS | standing N | bomb FORKS MS | exec N BYTES\n");
		return ENDED_BADLY;
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	if (errno != ECHILD)
		fail("waitpid");
	printf("{\"oracle\":\"throng\",\"event\":\"ended\",\"pid\":%d,\"processes\":%llu,\"refused\":%llu,\"cpu_ns\":%llu}\n", getpid(),
	       (unsigned long long)atomic_load(&ledger->forks) + 1, (unsigned long long)atomic_load(&ledger->refused),
	       (unsigned long long)(cpu_ns_of(RUSAGE_SELF) + cpu_ns_of(RUSAGE_CHILDREN)));
	return 0;
}
