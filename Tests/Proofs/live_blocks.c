/* Preloaded into a program, counts the blocks that it has from malloc and has not given back, by their size.
 *
 * The counts stand in the file that CELERIAC_LIVE_BLOCKS names, as pairs of 64-bit numbers for each class of sizes: blocks, bytes. Somebody else reads them there
 * at any time. A leak checker that looks for pointers at the end cannot do it: Swift keeps marks in the upper bits of its own.
 *
 * What is allocated before the file is mapped is not counted, so only differences mean something.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

enum { STEP = 16, SMALL = 64, CLASSES = 128 };

struct count {
	_Atomic int64_t blocks, bytes;
};

static struct count *counts;

/* Steps of 16 bytes up to 1 KiB, then powers of two. */
static int class_of(size_t size)
{
	if (size < STEP * SMALL) return (int)(size / STEP);
	return SMALL + (63 - __builtin_clzll(size)) - 10;
}

static void note(void *block, int sign)
{
	if (!block || !counts) return;
	size_t size = malloc_usable_size(block);
	struct count *count = &counts[class_of(size)];
	atomic_fetch_add_explicit(&count->blocks, sign, memory_order_relaxed);
	atomic_fetch_add_explicit(&count->bytes, sign * (int64_t)size, memory_order_relaxed);
}

__attribute__((constructor)) static void map_counts(void)
{
	const char *name = getenv("CELERIAC_LIVE_BLOCKS");
	int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	if (file < 0) return;
	void *mapped = mmap(NULL, CLASSES * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (mapped != MAP_FAILED) counts = mapped;
}

void *malloc(size_t size)
{
	void *block = __libc_malloc(size);
	note(block, 1);
	return block;
}

void *calloc(size_t count, size_t size)
{
	void *block = __libc_calloc(count, size);
	note(block, 1);
	return block;
}

void *realloc(void *old, size_t size)
{
	note(old, -1);
	void *block = __libc_realloc(old, size);
	/* If it failed, the old one is still there. */
	note(block || !size ? block : old, 1);
	return block;
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}

void *memalign(size_t alignment, size_t size)
{
	void *block = __libc_memalign(alignment, size);
	note(block, 1);
	return block;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **place, size_t alignment, size_t size)
{
	if (alignment % sizeof(void *) || alignment & (alignment - 1) || !alignment) return EINVAL;
	void *block = memalign(alignment, size);
	if (!block) return ENOMEM;
	*place = block;
	return 0;
}

void free(void *block)
{
	note(block, -1);
	__libc_free(block);
}
