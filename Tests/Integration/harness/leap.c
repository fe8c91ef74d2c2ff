/* Preloaded into a program, lets time pass for it at once: its clocks that count since the machine's start are as many seconds ahead as stand, as
 * a 64-bit number, in the file that CELERIAC_TEST_LEAP names.
 *
 * Only for programs that wait for spans of time, as libuv does, and not until a moment of such a clock: the kernel knows nothing of the leap.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t *seconds;

__attribute__((constructor)) static void map_seconds(void)
{
	const char *name = getenv("CELERIAC_TEST_LEAP");
	int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0) return;
	void *mapped = mmap(NULL, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
	close(file);
	if (mapped != MAP_FAILED) seconds = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int result = (int)syscall(SYS_clock_gettime, clock, at);
	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		if (result == 0 && seconds) at->tv_sec += atomic_load(seconds);
	}
	return result;
}
