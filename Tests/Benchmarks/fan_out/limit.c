/* The limit of a fan-out over WebSockets: epoll, prebuilt frames, and nothing but send().
 *
 *     limit each|turn TICK_MILLISECONDS [loses]
 *
 * `each` writes every message to every subscriber by itself; `turn` writes what one turn of the loop, or one tick, has brought
 * in one piece. The first message after quiet goes out at once. Whoever sends a message is the publisher and gets none. It
 * listens on a free port of loopback and says which. `loses` withholds the third message from the first subscriber: whoever
 * counts must notice.
 *
 * It does no more than the load client needs: the answer to its one key is known, and a handshake comes in one piece.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 20000, EVENTS = 512, INPUT = 1 << 20, TURN = 4 << 20, MOST_MESSAGES = 65536, LOST = 2 };

struct client {
    int fd;
    bool is_subscriber;
    char *rest; /* what the kernel has not taken */
    size_t rest_count, rest_from;
};

static struct client clients[MOST];
static int client_count, loop;
static bool loses;
static char input[INPUT], out[TURN];
static size_t input_count, out_count, ends[MOST_MESSAGES], message_count;
static uint64_t messages_before;

static const char accepted[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void watch(int operation, struct client *client, unsigned events) {
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(loop, operation, client->fd, &event) < 0) fail("epoll_ctl");
}

static void end(struct client *client) {
    close(client->fd);
    free(client->rest);
    *client = (struct client){.fd = -1};
}

static void keep(struct client *client, const char *bytes, size_t count) {
    if (!client->rest_count) watch(EPOLL_CTL_MOD, client, EPOLLIN | EPOLLOUT);
    client->rest = realloc(client->rest, client->rest_from + client->rest_count + count);
    if (!client->rest) fail("realloc");
    memcpy(client->rest + client->rest_from + client->rest_count, bytes, count);
    client->rest_count += count;
}

static void deliver(struct client *client, const char *bytes, size_t count) {
    ssize_t sent = 0;
    if (!client->rest_count) {
        sent = send(client->fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == (ssize_t)count) return;
        if (sent < 0 && errno != EAGAIN) {
            end(client);
            return;
        }
        if (sent < 0) sent = 0;
    }
    keep(client, bytes + sent, count - (size_t)sent);
}

static void write_rest(struct client *client) {
    ssize_t sent = send(client->fd, client->rest + client->rest_from, client->rest_count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return;
    client->rest_from += (size_t)sent;
    client->rest_count -= (size_t)sent;
    if (client->rest_count) return;
    free(client->rest);
    client->rest = NULL;
    client->rest_from = 0;
    watch(EPOLL_CTL_MOD, client, EPOLLIN);
}

/* One message to everybody, or all that wait in one piece. */
static void write_out(size_t from, size_t to, uint64_t number) {
    bool withholds = loses && number == LOST;
    for (int i = 0; i < client_count; i++) {
        if (!clients[i].is_subscriber) continue;
        if (withholds) withholds = false;
        else deliver(&clients[i], out + from, to - from);
    }
}

static void flush(bool each) {
    if (each || loses) {
        for (size_t i = 0; i < message_count; i++) write_out(i ? ends[i - 1] : 0, ends[i], messages_before + i);
    } else {
        write_out(0, out_count, 0);
    }
    messages_before += message_count;
    message_count = out_count = 0;
}

/* The payload of a frame that came, as the frame that goes out. */
static void add(const char *payload, size_t count, const unsigned char *mask) {
    if (out_count + count + 4 > TURN || message_count == MOST_MESSAGES) fail("too much at once");
    out[out_count++] = (char)0x81;
    if (count < 126) {
        out[out_count++] = (char)count;
    } else {
        out[out_count++] = 126;
        out[out_count++] = (char)(count >> 8);
        out[out_count++] = (char)count;
    }
    for (size_t i = 0; i < count; i++) out[out_count++] = (char)(payload[i] ^ (char)mask[i & 3]);
    ends[message_count++] = out_count;
}

/* Messages of the publisher. Frames of 64 KiB and more are not its way. */
static void take_frames(struct client *client) {
    size_t from = 0;
    while (input_count - from >= 8) {
        const unsigned char *head = (unsigned char *)input + from;
        size_t length = head[1] & 127, size = 2;
        if (length == 126) {
            length = (size_t)head[2] << 8 | head[3];
            size = 4;
        }
        if (input_count - from < size + 4 + length) break;
        if ((head[0] & 15) < 8) {
            client->is_subscriber = false;
            add(input + from + size + 4, length, head + size);
        }
        from += size + 4 + length;
    }
    input_count -= from;
    memmove(input, input + from, input_count);
}

static void read_from(struct client *client) {
    ssize_t count = recv(client->fd, input + input_count, INPUT - input_count, 0);
    if (count <= 0) {
        if (count == 0 || errno != EAGAIN) end(client);
        return;
    }
    if (memcmp(input + input_count, "GET ", 4) == 0) {
        if (send(client->fd, accepted, sizeof accepted - 1, MSG_NOSIGNAL) < 0) fail("send");
        client->is_subscriber = true;
        return;
    }
    input_count += (size_t)count;
    take_frames(client);
}

static void accept_one(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1, buffer = 128 * 1024;
    if (fd < 0) return;
    if (client_count == MOST) fail("too many clients");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    struct client *client = &clients[client_count++];
    client->fd = fd;
    watch(EPOLL_CTL_ADD, client, EPOLLIN);
}

static int listen_on_free_port(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&place, size) < 0 || listen(listener, 4096) < 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&place, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(place.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **words) {
    bool each = count > 1 && strcmp(words[1], "each") == 0;
    if (count < 3 || (!each && strcmp(words[1], "turn") != 0)) return fprintf(stderr, "limit each|turn TICK_MILLISECONDS [loses]\n"), 2;
    uint64_t tick = (uint64_t)atol(words[2]), flushed = 0;
    loses = count > 3 && strcmp(words[3], "loses") == 0;
    loop = epoll_create1(0);
    struct client entrance = {.fd = listen_on_free_port()};
    watch(EPOLL_CTL_ADD, &entrance, EPOLLIN);
    struct epoll_event events[EVENTS];
    for (;;) {
        uint64_t due = flushed + tick, at = milliseconds();
        int ready = epoll_wait(loop, events, EVENTS, message_count ? (int)(due > at ? due - at : 0) : -1);
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (client == &entrance) accept_one(entrance.fd);
            else if (events[i].events & EPOLLOUT) write_rest(client);
            else if (client->fd >= 0) read_from(client);
        }
        if (!message_count || milliseconds() < flushed + tick) continue;
        flush(each);
        flushed = milliseconds();
    }
}
