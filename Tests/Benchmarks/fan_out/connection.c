/* A subscriber: its handshake, its frames, and the stamps in them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

enum { READ = 256 * 1024, SPOKEN = 4096, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10, COMPLAINTS = 3 };

struct totals totals;
static unsigned char input[READ];

void drop(struct connection *connection, const char *why) {
    if (connection->state == GONE) return;
    if (totals.gone++ < COMPLAINTS) fprintf(stderr, "a connection is gone: %s (%s)\n", why, strerror(errno));
    if (connection->state == READY) totals.ready--;
    close(connection->fd);
    connection->state = GONE;
}

void open_connection(struct connection *connection, int loop) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection->fd < 0) fail("socket");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(connection->fd, (struct sockaddr *)&place, sizeof place) < 0 && errno != EINPROGRESS) fail("connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = connection};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, connection->fd, &event) < 0) fail("epoll_ctl");
}

/* Everything a subscriber says is small, so that the kernel takes it whole. */
static void write_whole(struct connection *connection, const void *bytes, size_t count) {
    if (send(connection->fd, bytes, count, MSG_NOSIGNAL) != (ssize_t)count) drop(connection, "write");
}

/* A masked frame. The mask is zero: what it is for does not concern a bench, and the bytes stay as they are. */
void say(struct connection *connection, unsigned char opcode, const void *bytes, size_t count) {
    unsigned char frame[SPOKEN];
    size_t head = 0;
    if (count > SPOKEN - 8) fail("a subscriber has too much to say");
    frame[head++] = 0x80 | opcode;
    if (count < 126) {
        frame[head++] = (unsigned char)(0x80 | count);
    } else {
        frame[head++] = 0x80 | 126;
        frame[head++] = (unsigned char)(count >> 8);
        frame[head++] = (unsigned char)count;
    }
    memset(frame + head, 0, 4);
    memcpy(frame + head + 4, bytes, count);
    write_whole(connection, frame, head + 4 + count);
}

static void ask_for_upgrade(struct connection *connection, int loop) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    if (error) {
        drop(connection, "connect");
        return;
    }
    char request[1024];
    bool offers = options.subprotocol[0] != 0;
    int count = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
        options.path, options.port, offers ? "Sec-WebSocket-Protocol: " : "", options.subprotocol, offers ? "\r\n" : "");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(loop, EPOLL_CTL_MOD, connection->fd, &event);
    connection->state = SHAKING_HANDS;
    write_whole(connection, request, (size_t)count);
}

/* Takes the head of the answer and no more, once it is whole. */
static bool shake_hands(struct connection *connection) {
    ssize_t count = recv(connection->fd, input, READ, MSG_PEEK);
    if (count <= 0) {
        if (count == 0 || errno != EAGAIN) drop(connection, "no answer to the handshake");
        return false;
    }
    unsigned char *end = memmem(input, (size_t)count, "\r\n\r\n", 4);
    if (!end) return false;
    if (memcmp(input, "HTTP/1.1 101", 12) != 0) {
        if (totals.gone < COMPLAINTS) fprintf(stderr, "refused: %.*s\n", (int)(count < 200 ? count : 200), (char *)input);
        drop(connection, "handshake");
        return false;
    }
    if (recv(connection->fd, input, (size_t)(end + 4 - input), 0) < 0) fail("recv");
    connection->state = GREETING;
    greet(connection);
    return true;
}

static void take_message(struct connection *connection, const char *digits, uint64_t at) {
    uint64_t published_at = 0;
    uint32_t number = 0;
    for (int i = 0; i < 19; i++) published_at = published_at * 10 + (uint64_t)(digits[i] - '0');
    for (int i = 19; i < STAMP_DIGITS; i++) number = number * 10 + (uint32_t)(digits[i] - '0');
    if (number < connection->expected) {
        totals.repeated++;
        return;
    }
    totals.missing += number - connection->expected;
    connection->expected = number + 1;
    totals.delivered++;
    totals.last_at = at;
    if (number >= totals.first) tally(at > published_at ? at - published_at : 0);
}

static bool is_stamp(const char *text) {
    if (text[1] != '@') return false;
    for (int i = 2; i < STAMP; i++)
        if (text[i] < '0' || text[i] > '9') return false;
    return true;
}

/* Finds the stamps in the next bytes of the stream; one that is not whole yet is kept. */
static void scan(struct connection *connection, const char *bytes, size_t count, uint64_t at) {
    if (connection->stamp_count > 0) {
        size_t part = STAMP - connection->stamp_count;
        if (part > count) part = count;
        memcpy(connection->stamp + connection->stamp_count, bytes, part);
        connection->stamp_count += (unsigned char)part;
        if (connection->stamp_count < STAMP) return;
        connection->stamp_count = 0;
        if (is_stamp(connection->stamp)) take_message(connection, connection->stamp + 2, at);
    }
    const char *end = bytes + count;
    for (const char *place = bytes; (place = memchr(place, '@', (size_t)(end - place)));) {
        if (end - place < STAMP) {
            connection->stamp_count = (unsigned char)(end - place);
            memcpy(connection->stamp, place, connection->stamp_count);
            return;
        }
        if (is_stamp(place)) {
            take_message(connection, place + 2, at);
            place += STAMP;
        } else {
            place++;
        }
    }
}

static size_t head_bytes(const struct connection *connection) {
    if (connection->head_count < 2) return 2;
    unsigned length = connection->head[1] & 127;
    return length == 126 ? 4 : length == 127 ? 10 : 2;
}

static void begin_frame(struct connection *connection) {
    unsigned length = connection->head[1] & 127;
    connection->left = length;
    if (length >= 126) {
        connection->left = 0;
        for (int i = 2; i < connection->head_count; i++) connection->left = connection->left << 8 | connection->head[i];
    }
    connection->opcode = connection->head[0] & 15;
    connection->head_count = connection->control_count = 0;
}

static void control_frame(struct connection *connection) {
    if (connection->opcode == OP_PING) say(connection, OP_PONG, connection->control, connection->control_count);
    if (connection->opcode == OP_CLOSE) {
        unsigned code = connection->control_count < 2 ? 1005 : (unsigned)connection->control[0] << 8 | connection->control[1];
        if (totals.gone < COMPLAINTS) fprintf(stderr, "the server closes with %u\n", code);
        drop(connection, "closed by the server");
    }
}

/* A piece of the present frame's payload. */
static void take_payload(struct connection *connection, const unsigned char *bytes, size_t count, uint64_t at) {
    connection->left -= count;
    if (connection->opcode >= OP_CLOSE) {
        if (connection->control_count + count > CONTROL) {
            drop(connection, "a control frame is too long");
            return;
        }
        memcpy(connection->control + connection->control_count, bytes, count);
        connection->control_count += (unsigned char)count;
        if (connection->left == 0) control_frame(connection);
    } else if (connection->state == GREETING) {
        heard(connection, bytes, count);
    } else {
        scan(connection, (const char *)bytes, count, at);
        if (connection->left == 0) frame_ended(connection, bytes, count, at);
    }
}

static void take(struct connection *connection, const unsigned char *bytes, size_t count, uint64_t at) {
    while (count > 0 && connection->state != GONE) {
        size_t part = 1;
        if (connection->left > 0) {
            part = connection->left < count ? connection->left : count;
            take_payload(connection, bytes, part, at);
        } else {
            connection->head[connection->head_count++] = *bytes;
            if (connection->head_count == head_bytes(connection)) {
                begin_frame(connection);
                if (connection->left == 0 && connection->opcode >= OP_CLOSE) control_frame(connection);
            }
        }
        bytes += part;
        count -= part;
    }
}

void connection_ready(struct connection *connection, int loop, uint32_t events) {
    if (connection->state == GONE) return;
    if (connection->state == CONNECTING) {
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) ask_for_upgrade(connection, loop);
        return;
    }
    if (connection->state == SHAKING_HANDS && !shake_hands(connection)) return;
    ssize_t count = recv(connection->fd, input, READ, 0);
    if (count <= 0) {
        if (count == 0 || errno != EAGAIN) drop(connection, count == 0 ? "ended by the server" : "read");
        return;
    }
    totals.bytes += (uint64_t)count;
    take(connection, input, (size_t)count, now());
}
