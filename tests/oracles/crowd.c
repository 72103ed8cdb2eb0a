/* crowd PROCESSES BUSY
 *
 * A crowd to be sampled: PROCESSES processes, this one among them, each of which has executed with arguments of its own and holds a little private
 * memory. BUSY of them use the CPU for a moment every second, spread evenly over the second; the others sleep. Says so once all of them
 * stand; on SIGTERM or SIGINT, or when whoever started it dies, it ends and reaps them all. */
#include "oracle.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define MEMORY_BYTES (64 << 10)
#define BUSY_NS 50000u
#define SECOND_NS 1000000000u

static char *const no_environment[] = {NULL};

/* Every second at the same moment of it, so that the crowd's work does not come in one lump. */
static _Noreturn void work(uint64_t phase_ns)
{
	static volatile uint64_t sink;
	for (uint64_t second = clock_ns(CLOCK_MONOTONIC) / SECOND_NS + 1;; second++) {
		struct timespec next = {.tv_sec = (time_t)second, .tv_nsec = (long)phase_ns};
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR)
			;
		uint64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + BUSY_NS;
		while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until)
			for (uint64_t i = 0; i < 1000; i++)
				sink = sink * 6364136223846793005u + i;
	}
}

/* `crowd-member INDEX BUSY`: standard output is the pipe on which it says that it stands. */
static _Noreturn void member(uint64_t index, uint64_t busy)
{
	char *memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail("mapping memory");
	memset(memory, 1, MEMORY_BYTES);
	if (write(STDOUT_FILENO, "", 1) != 1)
		fail("telling that a member stands");
	close(STDOUT_FILENO);
	if (index < busy)
		work(SECOND_NS / busy * index);
	for (;;)
		pause();
}

static pid_t start_member(const char *path, pid_t parent, int standing, uint64_t index, const char *busy_text)
{
	char index_text[24];
	snprintf(index_text, sizeof index_text, "%llu", (unsigned long long)index);
	char *args[] = {"crowd-member", index_text, (char *)busy_text, NULL};
	pid_t pid = must_fork();
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(standing, STDOUT_FILENO) < 0)
			_exit(ENDED_BADLY);
		execve(path, args, no_environment);
		_exit(ENDED_BADLY);
	}
	return pid;
}

static void await_standing(int said, uint64_t members)
{
	char pieces[256];
	while (members > 0) {
		ssize_t length = read(said, pieces, sizeof pieces);
		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0) {
			errno = length == 0 ? ECHILD : errno;
			fail("waiting until all members stand");
		}
		members -= (uint64_t)length;
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[0], "crowd-member") == 0)
		member(number(argv[1]), number(argv[2]));
	if (argc != 3 || number(argv[1]) == 0 || number(argv[2]) >= number(argv[1])) {
		fprintf(stderr, "usage: crowd PROCESSES BUSY, with BUSY < PROCESSES\n");
		return ENDED_BADLY;
	}
	uint64_t members = number(argv[1]) - 1;
	const char *path = own_path();
	pid_t self = getpid();
	pid_t *pids = calloc(members + 1, sizeof *pids);
	int standing[2];
	if (pids == NULL || pipe2(standing, O_CLOEXEC) != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		fail("preparing a crowd");

	for (uint64_t i = 0; i < members; i++)
		pids[i] = start_member(path, self, standing[1], i, argv[2]);
	close(standing[1]);
	await_standing(standing[0], members);

	/* Blocked only now, because members inherit the mask. A signal before this kills this process, and its members go along. */
	sigset_t ends;
	int signal;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	if (sigprocmask(SIG_BLOCK, &ends, NULL) != 0)
		fail("blocking signals");
	printf("{\"oracle\":\"crowd\",\"pid\":%d,\"exe\":\"%s\",\"processes\":%s,\"busy\":%s}\n", self, path, argv[1], argv[2]);
	fflush(stdout);
	sigwait(&ends, &signal);
	for (uint64_t i = 0; i < members; i++)
		kill(pids[i], SIGKILL);
	for (uint64_t i = 0; i < members; i++)
		must_wait(pids[i], NULL);
	return 0;
}
