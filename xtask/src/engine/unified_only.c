/* Loaded into slurmd and slurmstepd: shows them a hybrid machine's cgroups as if there were version 2 alone, below BC_CGROUP_ROOT.
 * They refuse to run anywhere else; what they then make and use is real. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The line of version 2 among those of all hierarchies, its path counted from our root. */
static void print_unified(int to, const char *lines)
{
	const char *line = strncmp(lines, "0::", 3) == 0 ? lines : strstr(lines, "\n0::");
	const char *root = getenv("BC_CGROUP_ROOT");
	const char *path = "/\n";

	if (line)
		path = strstr(line, "0::") + 3;
	if (root && strncmp(path, root, strlen(root)) == 0)
		path += strlen(root);
	dprintf(to, "0::%s", path);
}

int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	char lines[1 << 16];
	va_list rest;
	mode_t mode = 0;
	ssize_t length;
	int file, shown;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		va_end(rest);
	}
	file = next(path, flags, mode);
	if (file < 0 || strcmp(path, "/proc/self/cgroup") != 0)
		return file;
	length = read(file, lines, sizeof lines - 1);
	close(file);
	lines[length > 0 ? length : 0] = '\0';
	shown = memfd_create("cgroup", MFD_CLOEXEC);
	print_unified(shown, lines);
	lseek(shown, 0, SEEK_SET);
	return shown;
}
