/* Clocks, a histogram of latencies, and what the processes of the server have used. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

/* Each power of two has 32 steps: a value is known to 3 %. */
enum { STEPS = 32, STEP_BITS = 5, BUCKETS = 64 * STEPS };

static uint64_t buckets[BUCKETS], counted;

void fail(const char *what) {
    perror(what);
    exit(2);
}

static uint64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t now(void) { return read_clock(CLOCK_MONOTONIC); }

uint64_t own_nanoseconds(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

void tally_reset(void) {
    memset(buckets, 0, sizeof buckets);
    counted = 0;
}

static unsigned bucket(uint64_t value) {
    if (value < STEPS) return (unsigned)value;
    unsigned power = 63 - (unsigned)__builtin_clzll(value);
    return (power - STEP_BITS + 1) * STEPS + (unsigned)((value >> (power - STEP_BITS)) & (STEPS - 1));
}

static uint64_t lowest(unsigned index) {
    if (index < STEPS) return index;
    unsigned power = index / STEPS + STEP_BITS - 1;
    return (1ull << power) + ((uint64_t)(index % STEPS) << (power - STEP_BITS));
}

void tally(uint64_t nanoseconds) {
    buckets[bucket(nanoseconds)]++;
    counted++;
}

double percentile_milliseconds(double share) {
    uint64_t wanted = (uint64_t)((double)counted * share), seen = 0;
    for (unsigned index = 0; index < BUCKETS; index++)
        if ((seen += buckets[index]) > wanted) return (double)lowest(index) / 1e6;
    return 0;
}

/* CPU time of all threads of a process, as the scheduler has it: finer than the hundredths of /proc/PID/stat. */
static uint64_t process_nanoseconds(int process) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *folder = opendir(path);
    if (!folder) return 0;
    uint64_t sum = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char name[352];
        unsigned long long spent;
        snprintf(name, sizeof name, "%s/%s/schedstat", path, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(name, "r");
        if (!file) continue;
        if (fscanf(file, "%llu", &spent) == 1) sum += spent;
        fclose(file);
    }
    closedir(folder);
    return sum;
}

uint64_t server_nanoseconds(void) {
    uint64_t sum = 0;
    for (int i = 0; i < options.process_count; i++) sum += process_nanoseconds(options.processes[i]);
    return sum;
}

long server_resident_bytes(void) {
    long sum = 0;
    for (int i = 0; i < options.process_count; i++) {
        char path[64];
        long all, resident;
        snprintf(path, sizeof path, "/proc/%d/statm", options.processes[i]);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        if (fscanf(file, "%ld %ld", &all, &resident) == 2) sum += resident * sysconf(_SC_PAGESIZE);
        fclose(file);
    }
    return sum;
}
