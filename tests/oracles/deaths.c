/* deaths codes | daemon | chain [NEXT…] | oom MIB | reuse | zombie MS
 *
 * Processes that end, multiply and change in every way that a record must tell apart, and what wait said of each. */
#include "oracle.h"

#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static void print_child(const char *what, pid_t pid, int status)
{
	printf("{\"oracle\":\"deaths\",\"what\":\"%s\",\"pid\":%d,\"parent\":%d,", what, pid, getpid());
	print_end(status);
	printf("}\n");
}

static void *exit_from_thread(void *code)
{
	/* Long enough for a leader that ends first to be gone. */
	rest_ms(50);
	_exit((int)(intptr_t)code);
}

static _Noreturn void end_by(const char *what, int number)
{
	pthread_t thread;
	if (strcmp(what, "signal") == 0) {
		/* Its default action, whatever was inherited. */
		signal(number, SIG_DFL);
		kill(getpid(), number);
		pause();
	} else if (strcmp(what, "segv") == 0) {
		char *nobodys = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		*(volatile char *)nobodys = 1;
	} else if (strcmp(what, "thread") == 0 || strcmp(what, "leaderless") == 0) {
		errno = pthread_create(&thread, NULL, exit_from_thread, (void *)(intptr_t)number);
		if (errno != 0)
			fail("pthread_create");
		if (strcmp(what, "leaderless") == 0)
			pthread_exit(NULL);
		pause();
	}
	_exit(number);
}

static void codes(void)
{
	static const struct {
		const char *what;
		int number;
	} ends[] = {
		{"exit", 0}, {"exit", 1}, {"exit", 42}, {"exit", 255}, {"signal", SIGKILL}, {"signal", SIGTERM},
		{"signal", SIGUSR2}, {"segv", SIGSEGV}, {"thread", 7}, {"leaderless", 9},
	};
	struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		pid_t pid = must_fork();
		if (pid == 0)
			end_by(ends[i].what, ends[i].number);
		print_child(ends[i].what, pid, must_wait(pid, NULL));
	}
}

static void daemonise(void)
{
	pid_t middle = must_fork();
	if (middle == 0) {
		setsid();
		pid_t born_of = getpid();
		if (must_fork() == 0) {
			while (getppid() == born_of)
				rest_ms(1);
			/* Well past the end of the one who launched it, and past a sample. */
			rest_ms(1200);
			printf("{\"oracle\":\"deaths\",\"what\":\"daemon\",\"pid\":%d,\"parent\":%d,\"adopted_by\":%d,\"exit_code\":3,\"signal\":null}\n",
			       getpid(), born_of, getppid());
			fflush(stdout);
			_exit(3);
		}
		_exit(0);
	}
	print_child("middle", middle, must_wait(middle, NULL));
}

static void chain(char **links)
{
	if (*links == NULL) {
		printf("{\"oracle\":\"deaths\",\"what\":\"chain\",\"pid\":%d,\"exit_code\":5,\"signal\":null}\n", getpid());
		fflush(stdout);
		_exit(5);
	}
	/* What comes after the next link is its to execute. */
	char *path = *links, *args[16] = {path, "chain"};
	for (size_t i = 2; i < 15 && *++links != NULL; i++)
		args[i] = *links;
	execv(path, args);
	fail(path);
}

static void oom(size_t mib)
{
	pid_t pid = must_fork();
	if (pid == 0) {
		char *memory = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			fail("mapping memory");
		for (size_t i = 0; i < mib << 20; i += 4096)
			memory[i] = 1;
		_exit(0);
	}
	print_child("oom", pid, must_wait(pid, NULL));
}

/* A child under a pid of our choice, which must be free; -1 where the kernel says no. */
static pid_t fork_as(pid_t wanted)
{
	struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&wanted, .set_tid_size = 1};
	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static void reuse(void)
{
	/* Someone else on the machine may take the pid between two of ours: begin again with another then. */
	for (int attempt = 0; attempt < 20; attempt++) {
		pid_t pids[3];
		int statuses[3], done = 0;
		for (; done < 3; done++) {
			pids[done] = done == 0 ? must_fork() : fork_as(pids[0]);
			if (pids[done] == 0) {
				burn_ms(30u * (unsigned)(done + 1));
				_exit(11 * (done + 1));
			}
			if (pids[done] < 0 && errno != EEXIST)
				fail("clone3 with set_tid");
			if (pids[done] < 0)
				break;
			statuses[done] = must_wait(pids[done], NULL);
		}
		for (int i = 0; i < done; i++)
			print_child(done == 3 ? "reuse" : "lost", pids[i], statuses[i]);
		if (done == 3)
			return;
	}
	errno = EEXIST;
	fail("using a pid again");
}

/* A child that has used MS of CPU and is dead, but not reaped before standard input is closed. */
static void zombie(uint64_t ms)
{
	siginfo_t dead;
	struct rusage use;
	char byte;
	pid_t pid = must_fork();
	if (pid == 0) {
		burn_ms(ms);
		_exit(6);
	}
	if (waitid(P_PID, (id_t)pid, &dead, WEXITED | WNOWAIT) != 0)
		fail("waitid");
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	int status = must_wait(pid, &use);
	printf("{\"oracle\":\"deaths\",\"what\":\"zombie\",\"pid\":%d,\"cpu_ns\":%llu,", pid, (unsigned long long)rusage_cpu_ns(&use));
	print_end(status);
	printf("}\n");
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	if (strcmp(mode, "codes") == 0)
		codes();
	else if (strcmp(mode, "daemon") == 0)
		daemonise();
	else if (strcmp(mode, "chain") == 0)
		chain(argv + 2);
	else if (strcmp(mode, "oom") == 0 && argc == 3)
		oom(number(argv[2]));
	else if (strcmp(mode, "reuse") == 0)
		reuse();
	else if (strcmp(mode, "zombie") == 0 && argc == 3)
		zombie(number(argv[2]));
	else {
		fprintf(stderr, "usage: deaths codes | daemon | chain [NEXT...] | oom MIB | reuse | zombie MS\n");
		return ENDED_BADLY;
	}
	return 0;
}
