/* Preloaded into a program with the thread sanitizer, tells it of Swift's Mutex.
 *
 * Taking a free Mutex, and letting it go, are in our own code, which the sanitizer sees. When somebody waits, the Swift library and the kernel
 * do it (`Mutex` of Synchronization: futexes with LOCK_PI), which it does not: what two threads do one after the other looks like a race.
 * Here these three functions of the library are called as ever, and the sanitizer is told what they mean.
 *
 * In a program without the sanitizer the two functions are missing, and nothing is told.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

/* https://github.com/llvm/llvm-project/blob/main/compiler-rt/include/sanitizer/tsan_interface.h */
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

/* As Swift calls: a method has its object in a register of its own. */
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"

typedef SWIFT void lock_function(uint32_t, SELF);
typedef SWIFT void unlock_function(SELF);
typedef SWIFT bool try_lock_function(SELF);

lock_function lock_slowly __asm__(LOCK);
unlock_function unlock_slowly __asm__(UNLOCK);
try_lock_function try_lock_slowly __asm__(TRY_LOCK);

SWIFT void lock_slowly(uint32_t state, SELF mutex)
{
	((lock_function *)dlsym(RTLD_NEXT, LOCK))(state, mutex);
	if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock_slowly(SELF mutex)
{
	if (__tsan_release) __tsan_release(mutex);
	((unlock_function *)dlsym(RTLD_NEXT, UNLOCK))(mutex);
}

SWIFT bool try_lock_slowly(SELF mutex)
{
	bool taken = ((try_lock_function *)dlsym(RTLD_NEXT, TRY_LOCK))(mutex);
	if (taken && __tsan_acquire) __tsan_acquire(mutex);
	return taken;
}
