/* hold MIB MS | spike MIB | vfork MIB
 *
 * `hold` touches MIB mebibytes and keeps them for MS. `spike` touches them and gives them back at once, too fast for any sampler.
 * `vfork` executes a tiny program from a parent of that size, by vfork. Each counts its own memory: the pages that are mapped
 * (smaps_rollup walks them), the high-water mark since the exec, and what getrusage reports, which is inherited over fork and exec. */
#include "oracle.h"

#include <sys/mman.h>

/* The number behind `key` in a file of /proc that speaks in kB, as bytes. */
static uint64_t proc_bytes(const char *file, const char *key)
{
	char line[256];
	unsigned long long kb;
	FILE *lines = fopen(file, "r");
	if (lines == NULL)
		fail(file);
	while (fgets(line, sizeof line, lines) != NULL)
		if (strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), " %llu kB", &kb) == 1) {
			fclose(lines);
			return kb * 1024;
		}
	errno = ENOENT;
	fail(key);
}

static uint64_t own_maxrss_bytes(void)
{
	struct rusage use;
	if (getrusage(RUSAGE_SELF, &use) != 0)
		fail("getrusage");
	return (uint64_t)use.ru_maxrss * 1024;
}

static void print_own(const char *what, uint64_t rss_bytes)
{
	printf("{\"oracle\":\"hold\",\"what\":\"%s\",\"pid\":%d,\"rss_bytes\":%llu,\"peak_bytes\":%llu,\"maxrss_bytes\":%llu}\n", what, getpid(),
	       (unsigned long long)rss_bytes, (unsigned long long)proc_bytes("/proc/self/status", "VmHWM:"),
	       (unsigned long long)own_maxrss_bytes());
	fflush(stdout);
}

static char *touch(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail("mapping memory");
	for (size_t i = 0; i < bytes; i += 4096)
		memory[i] = (char)(i >> 12 | 1);
	return memory;
}

/* In a frame of its own: the child borrows the stack of its parent. */
static __attribute__((noinline)) pid_t start_small(const char *path)
{
	pid_t pid = vfork();
	if (pid == 0) {
		execl(path, "hold", "small", (char *)NULL);
		_exit(ENDED_BADLY);
	}
	return pid;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "small") == 0) {
		print_own("small", proc_bytes("/proc/self/smaps_rollup", "Rss:"));
		return 0;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: hold hold MIB MS | spike MIB | vfork MIB\n");
		return ENDED_BADLY;
	}
	size_t bytes = (size_t)number(argv[2]) << 20;
	char *memory = touch(bytes);
	uint64_t rss_bytes = proc_bytes("/proc/self/smaps_rollup", "Rss:");
	if (strcmp(argv[1], "hold") == 0 && argc == 4) {
		rest_ms(number(argv[3]));
	} else if (strcmp(argv[1], "spike") == 0) {
		munmap(memory, bytes);
	} else if (strcmp(argv[1], "vfork") == 0) {
		pid_t pid = start_small(own_path());
		if (pid < 0 || must_wait(pid, NULL) != 0)
			fail("running the small program");
	} else {
		errno = EINVAL;
		fail(argv[1]);
	}
	print_own(argv[1], rss_bytes);
	return 0;
}
