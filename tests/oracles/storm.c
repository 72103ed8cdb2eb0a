/* storm N fork|vfork|exec|mix [LINGER_MS|-]
 *
 * Starts N processes as fast as it goes, by fork, by vfork and execve, and by fork and execve in turn (`mix`), each that executes with
 * arguments of its own, and each with an exit code of its own. It reaps them all, holds each exit code against the one it asked for, and prints every pid
 * and the CPU time that the kernel reports for its children (RUSAGE_CHILDREN) and for itself. When all are reaped it lingers for so long,
 * or, with `-`, until its standard input is closed. */
#include "oracle.h"

#include <stdbool.h>

enum { FORK, VFORK, EXEC, METHODS };
static const char *const method_names[METHODS] = {"fork", "vfork", "exec"};

/* How many may live at once: enough to keep every CPU busy, few enough for any pids limit. */
#define ABREAST 64

struct child {
	pid_t pid;
	bool reaped;
	int method, code;
};

static char *const no_environment[] = {NULL};

/* In a frame of its own: the child borrows the stack of its parent. */
static __attribute__((noinline)) pid_t start_by_vfork(const char *path, char *const args[])
{
	pid_t pid = vfork();
	if (pid == 0) {
		execve(path, args, no_environment);
		_exit(ENDED_BADLY);
	}
	return pid;
}

static pid_t start(const char *path, uint64_t index, const struct child *child)
{
	char index_text[24], code_text[16];
	snprintf(index_text, sizeof index_text, "%llu", (unsigned long long)index);
	snprintf(code_text, sizeof code_text, "%d", child->code);
	char *args[] = {"storm-child", index_text, code_text, NULL};

	if (child->method == VFORK)
		return start_by_vfork(path, args);
	pid_t pid = fork();
	if (pid == 0) {
		if (child->method == FORK)
			_exit(child->code);
		execve(path, args, no_environment);
		_exit(ENDED_BADLY);
	}
	return pid;
}

/* A pid may come back among 5,000: of those that bear it only the latest can still be unreaped. */
static void reap_one(struct child *children, uint64_t started)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);
	if (pid < 0)
		fail("waitpid");
	for (uint64_t i = started; i-- > 0;) {
		struct child *child = &children[i];
		if (child->pid != pid || child->reaped)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != child->code) {
			fprintf(stderr, "oracle: child %llu (pid %d) ended with status %#x instead of code %d\n",
				(unsigned long long)i, pid, (unsigned)status, child->code);
			_exit(ENDED_BADLY);
		}
		child->reaped = true;
		return;
	}
	errno = ESRCH;
	fail("reaping a process that was never started");
}

static int method_of(const char *name, uint64_t index)
{
	if (strcmp(name, "mix") == 0)
		return (int)(index % METHODS);
	for (int method = 0; method < METHODS; method++)
		if (strcmp(name, method_names[method]) == 0)
			return method;
	errno = EINVAL;
	fail(name);
}

static void linger(const char *span)
{
	char byte;
	if (strcmp(span, "-") != 0)
		rest_ms(number(span));
	else
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[0], "storm-child") == 0)
		return (int)number(argv[2]);
	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: storm N fork|vfork|exec|mix [LINGER_MS|-]\n");
		return ENDED_BADLY;
	}

	uint64_t wanted = number(argv[1]);
	const char *path = own_path();
	struct child *children = calloc(wanted, sizeof *children);
	if (children == NULL && wanted > 0)
		fail("allocating the list of children");

	uint64_t alive = 0;
	for (uint64_t i = 0; i < wanted; i++) {
		children[i].method = method_of(argv[2], i);
		children[i].code = (int)(i % 256);
		if (alive == ABREAST) {
			reap_one(children, i);
			alive--;
		}
		children[i].pid = start(path, i, &children[i]);
		if (children[i].pid < 0)
			fail("starting a child");
		alive++;
	}
	for (; alive > 0; alive--)
		reap_one(children, wanted);
	if (argc == 4)
		linger(argv[3]);

	printf("{\"oracle\":\"storm\",\"pid\":%d,\"exe\":\"%s\",\"children\":[", getpid(), path);
	for (uint64_t i = 0; i < wanted; i++)
		printf("%s{\"index\":%llu,\"pid\":%d,\"method\":\"%s\",\"exit_code\":%d}", i > 0 ? "," : "", (unsigned long long)i,
		       children[i].pid, method_names[children[i].method], children[i].code);
	printf("],\"children_cpu_ns\":%llu,\"self_cpu_ns\":%llu}\n", (unsigned long long)cpu_ns_of(RUSAGE_CHILDREN),
	       (unsigned long long)cpu_ns_of(RUSAGE_SELF));
	return 0;
}
