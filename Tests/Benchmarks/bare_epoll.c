/* The limit of a fan-out: epoll, and nothing but send() of bytes that are there already.
 *
 *     bare_epoll CLIENTS BYTES WRITES_PER_CLIENT_AND_SECOND SECONDS
 *
 * A child reads all of it from real TCP sockets on loopback. Prints the writes, how many were late because a socket was still
 * full, and the CPU seconds of the writing process alone. `bin/bench fanout --limit` asks for as many writes of as many bytes
 * as a gateway has just made, so that its CPU time can be told in multiples of this.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CLIENTS = 20000, MOST_BYTES = 1 << 20, EVENTS = 512, PAUSE_MILLISECONDS = 5 };

static char content[MOST_BYTES];
static int sockets[MOST_CLIENTS];
static size_t left[MOST_CLIENTS]; /* of a write that the kernel has not taken whole */

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void watch(int loop, int operation, int fd, unsigned index, unsigned events) {
    struct epoll_event event = {.events = events, .data.u32 = index};
    if (epoll_ctl(loop, operation, fd, &event) < 0) fail("epoll_ctl");
}

/* The child: reads until the writer has closed all sockets. */
static void read_all(unsigned short port, int clients) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int loop = epoll_create1(0), open = clients;
    for (int i = 0; i < clients; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(sockets[i], (struct sockaddr *)&place, sizeof place) < 0) fail("connect");
        watch(loop, EPOLL_CTL_ADD, sockets[i], (unsigned)i, EPOLLIN);
    }
    struct epoll_event events[EVENTS];
    while (open > 0) {
        int count = epoll_wait(loop, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = sockets[events[i].data.u32];
            if (recv(fd, content, sizeof content, 0) > 0) continue;
            close(fd);
            open--;
        }
    }
    exit(0);
}

/* Writes what is left for a socket; asks to be told when it has room if not all goes out. */
static void write_left(int loop, unsigned i, size_t bytes) {
    ssize_t sent = send(sockets[i], content + (bytes - left[i]), left[i], MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) fail("send");
    int was_whole = left[i] == bytes;
    if (sent > 0) left[i] -= (size_t)sent;
    if (left[i] > 0 && was_whole) watch(loop, EPOLL_CTL_MOD, sockets[i], i, EPOLLOUT);
    if (left[i] == 0 && !was_whole) watch(loop, EPOLL_CTL_MOD, sockets[i], i, 0);
}

static int listen_on(unsigned short *port) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&place, size) < 0 || listen(listener, 4096) < 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&place, &size);
    *port = place.sin_port;
    return listener;
}

int main(int count, char **words) {
    if (count != 5) return fprintf(stderr, "bare_epoll CLIENTS BYTES WRITES_PER_CLIENT_AND_SECOND SECONDS\n"), 2;
    int clients = atoi(words[1]);
    size_t bytes = (size_t)atol(words[2]);
    double rate = atof(words[3]) * clients, seconds = atof(words[4]);
    if (clients < 1 || clients > MOST_CLIENTS || bytes < 1 || bytes > MOST_BYTES || rate <= 0 || seconds <= 0 || seconds > 600)
        return fprintf(stderr, "bare_epoll: at most %d clients, %d bytes, 600 seconds\n", MOST_CLIENTS, MOST_BYTES), 2;
    unsigned short port;
    int listener = listen_on(&port), loop = epoll_create1(0), one = 1, buffer = 128 * 1024;
    pid_t child = fork();
    if (child == 0) read_all(port, clients);
    for (int i = 0; i < clients; i++) {
        sockets[i] = accept(listener, NULL, NULL);
        if (sockets[i] < 0) fail("accept");
        setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(sockets[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        watch(loop, EPOLL_CTL_ADD, sockets[i], (unsigned)i, 0);
    }
    double began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), spent = 0;
    long writes = 0, late = 0;
    struct epoll_event events[EVENTS];
    while ((spent = now(CLOCK_MONOTONIC) - began) < seconds) {
        for (long due = (long)(rate * spent); writes + late < due;) {
            unsigned i = (unsigned)((writes + late) % clients);
            if (left[i] > 0) {
                late++;
                continue;
            }
            left[i] = bytes;
            write_left(loop, i, bytes);
            writes++;
        }
        int ready = epoll_wait(loop, events, EVENTS, PAUSE_MILLISECONDS);
        for (int i = 0; i < ready; i++)
            if (left[events[i].data.u32] > 0) write_left(loop, events[i].data.u32, bytes);
    }
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    for (int i = 0; i < clients; i++) close(sockets[i]);
    waitpid(child, NULL, 0);
    printf("{\"writes\":%ld,\"late\":%ld,\"cpu\":%f,\"seconds\":%f}\n", writes, late, cpu, spent);
    return 0;
}
