/* heirs PARENTS FILLERS BYTES
 *
 * Children that execute nothing, of parents that are gone or have become something else. PARENTS processes in turn execute this program with their
 * number and BYTES of arguments, leave a child, and end; one more executes it as often without ending, and leaves a child each time; then FILLERS
 * processes execute it and end. Every child is told with the command line that its parent had, and lives until standard input closes. */
#include "oracle.h"

#include <sys/prctl.h>

#define MOST_BYTES 4000

static char padding[MOST_BYTES + 1];

/* This program once more: ROLE NTH OF PADDING. */
static _Noreturn void become(const char *role, uint64_t nth, uint64_t of)
{
	char number_text[2][24], *const none[] = {NULL};
	snprintf(number_text[0], sizeof number_text[0], "%llu", (unsigned long long)nth);
	snprintf(number_text[1], sizeof number_text[1], "%llu", (unsigned long long)of);
	char *args[] = {(char *)role, number_text[0], number_text[1], padding, NULL};
	execve(own_path(), args, none);
	fail("executing itself");
}

/* A child that waits for the end of standard input, told by its parent. */
static void leave_child(const char *role, uint64_t nth)
{
	char byte;
	pid_t pid = must_fork();
	if (pid == 0) {
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
		_exit(0);
	}
	/* One write for the line: others print too. */
	dprintf(STDOUT_FILENO, "{\"oracle\":\"heirs\",\"child\":%d,\"role\":\"%s\",\"nth\":%llu}\n", pid, role, (unsigned long long)nth);
}

static void become_in_turn(const char *role, uint64_t times, uint64_t of)
{
	for (uint64_t nth = 0; nth < times; nth++) {
		pid_t pid = must_fork();
		if (pid == 0)
			become(role, nth, of);
		int status = must_wait(pid, NULL);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail(role);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: heirs PARENTS FILLERS BYTES\n");
		return ENDED_BADLY;
	}
	int is_parent = strcmp(argv[0], "heirs-parent") == 0, is_chain = strcmp(argv[0], "heirs-chain") == 0;
	if (is_parent || is_chain || strcmp(argv[0], "heirs-filler") == 0) {
		uint64_t nth = number(argv[1]), of = number(argv[2]);
		strncpy(padding, argv[3], MOST_BYTES);
		if (is_parent || is_chain)
			leave_child(argv[0], nth);
		if (is_chain && nth + 1 < of)
			become(argv[0], nth + 1, of);
		return 0;
	}
	uint64_t parents = number(argv[1]), fillers = number(argv[2]), bytes = number(argv[3]);
	if (bytes > MOST_BYTES) {
		errno = E2BIG;
		fail("so many arguments");
	}
	memset(padding, 'x', bytes);
	/* Whoever loses its parent is reaped here. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		fail("preparing for orphans");
	become_in_turn("heirs-parent", parents, parents);
	become_in_turn("heirs-chain", 1, parents);
	become_in_turn("heirs-filler", fillers, fillers);
	/* The last of these are remembered. */
	become_in_turn("heirs-parent", 4, parents);
	printf("{\"oracle\":\"heirs\",\"event\":\"standing\",\"pid\":%d}\n", getpid());
	fflush(stdout);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	if (errno != ECHILD)
		fail("waitpid");
	return 0;
}
