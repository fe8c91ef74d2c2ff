/* One message at a time, as each server takes it; it goes out without waiting for any answer. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

enum { ROOM = 8 << 20, MOST_WIRE = 4 * MOST_BYTES };

static int fd = -1;
static char *output, *message;
static size_t waiting;
static uint32_t number;

uint32_t published(void) { return number; }

static void write_now(const void *bytes, size_t count) {
    if (send(fd, bytes, count, MSG_NOSIGNAL) != (ssize_t)count) fail("publisher: write");
}

/* Waits for one answer. */
static void await_answer(const char *beginning) {
    char answer[4096];
    ssize_t count = recv(fd, answer, sizeof answer - 1, 0);
    if (count <= 0) fail("publisher: no answer");
    answer[count] = 0;
    if (memmem(answer, (size_t)count, beginning, strlen(beginning))) return;
    fprintf(stderr, "publisher: %.200s\n", answer);
    exit(2);
}

static void introduce(void) {
    char text[1024];
    if (options.publishing == BY_NATS) {
        static const char greeting[] = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nPING\r\n";
        await_answer("INFO");
        write_now(greeting, sizeof greeting - 1);
        await_answer("PONG");
    } else if (options.publishing == BY_MQTT) {
        write_now(text, mqtt_connect((unsigned char *)text, "publisher"));
        await_answer("\x20");
    } else if (options.publishing == BY_SOCKET) {
        bool offers = options.subprotocol[0] != 0;
        int count = snprintf(text, sizeof text,
            "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
            options.publish_path, offers ? "Sec-WebSocket-Protocol: " : "", options.subprotocol, offers ? "\r\n" : "");
        write_now(text, (size_t)count);
        await_answer("HTTP/1.1 101");
    }
}

int publisher_connect(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.publish_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, buffer = 4 << 20;
    output = malloc(ROOM);
    message = malloc(MOST_BYTES);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!output || !message || fd < 0 || connect(fd, (struct sockaddr *)&place, sizeof place) < 0) fail("publisher: connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    uint32_t random = 12345;
    for (int i = 0; i < options.bytes; i++) {
        random = random * 1664525 + 1013904223;
        message[i] = "abcdefghijklmnop"[random >> 28];
    }
    introduce();
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static size_t base64(char *out, const char *bytes, size_t count) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = 0;
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        unsigned group = (unsigned char)bytes[i] << 16 | (left > 1 ? (unsigned char)bytes[i + 1] << 8 : 0) | (left > 2 ? (unsigned char)bytes[i + 2] : 0);
        out[length++] = digits[group >> 18];
        out[length++] = digits[group >> 12 & 63];
        out[length++] = left > 1 ? digits[group >> 6 & 63] : '=';
        out[length++] = left > 2 ? digits[group & 63] : '=';
    }
    return length;
}

/* `task-received` as a worker publishes it. The stamp is the task's id, and what else the message has stands in its arguments. */
static size_t event(char *out) {
    static char body[MOST_WIRE], text[MOST_WIRE];
    int count = snprintf(body, sizeof body,
        "[{\"type\":\"task-received\",\"uuid\":\"%.*s\",\"hostname\":\"load\",\"timestamp\":%.1f,\"utcoffset\":0,\"pid\":1,\"clock\":%u,"
        "\"name\":\"load.task\",\"args\":\"%.*s\",\"kwargs\":\"{}\",\"retries\":0,\"eta\":null,\"expires\":null}]",
        STAMP, message, (double)time(NULL), number, options.bytes - STAMP, message + STAMP);
    size_t length = (size_t)snprintf(text, sizeof text, "{\"body\":\"");
    length += base64(text + length, body, (size_t)count);
    length += (size_t)snprintf(text + length, sizeof text - length,
        "\",\"content-encoding\":\"utf-8\",\"content-type\":\"application/json\",\"headers\":{\"hostname\":\"load\"},"
        "\"properties\":{\"delivery_mode\":1,\"body_encoding\":\"base64\",\"delivery_tag\":\"%u\",\"priority\":0,"
        "\"delivery_info\":{\"exchange\":\"celeryev\",\"routing_key\":\"task.multi\"}}}", number);
    static const char channel[] = "/0.celeryev/task.multi";
    int head = sprintf(out, "*3\r\n$7\r\nPUBLISH\r\n$%zu\r\n%s\r\n$%zu\r\n", sizeof channel - 1, channel, length);
    memcpy(out + head, text, length);
    memcpy(out + head + length, "\r\n", 2);
    return (size_t)head + length + 2;
}

static size_t socket_frame(char *out) {
    size_t head = 0, bytes = (size_t)options.bytes;
    out[head++] = (char)0x81;
    if (bytes < 126) {
        out[head++] = (char)(0x80 | bytes);
    } else {
        out[head++] = (char)(0x80 | 126);
        out[head++] = (char)(bytes >> 8);
        out[head++] = (char)bytes;
    }
    memset(out + head, 0, 4);
    memcpy(out + head + 4, message, bytes);
    return head + 4 + bytes;
}

void publish(void) {
    char stamp[STAMP + 1];
    if (waiting > ROOM - MOST_WIRE) fail("publisher: the server does not read");
    snprintf(stamp, sizeof stamp, "@@%019llu%08u", (unsigned long long)now(), number);
    memcpy(message, stamp, STAMP);
    char *out = output + waiting;
    size_t count = 0, bytes = (size_t)options.bytes;
    switch (options.publishing) {
    case BY_SOCKET:
        count = socket_frame(out);
        break;
    case BY_MQTT:
        count = mqtt_publish((unsigned char *)out, message, bytes);
        break;
    case BY_REDIS:
        count = event(out);
        break;
    case BY_NATS:
        count = (size_t)sprintf(out, "PUB bench %zu\r\n", bytes);
        memcpy(out + count, message, bytes);
        memcpy(out + count + bytes, "\r\n", 2);
        count += bytes + 2;
        break;
    case BY_HTTP:
        count = (size_t)sprintf(out, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", options.publish_path, bytes);
        memcpy(out + count, message, bytes);
        count += bytes;
        break;
    }
    number++;
    waiting += count;
}

bool publisher_flush(void) {
    while (waiting > 0) {
        ssize_t sent = send(fd, output, waiting, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return false;
        if (sent < 0) fail("publisher: write");
        waiting -= (size_t)sent;
        memmove(output, output + sent, waiting);
    }
    return true;
}

/* Answers are thrown away, unless they say that something was refused. */
void publisher_read(void) {
    char answers[1 << 16];
    ssize_t count = recv(fd, answers, sizeof answers, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN)) fail("publisher: the server has gone");
    if (count <= 0) return;
    if (options.publishing == BY_NATS && memmem(answers, (size_t)count, "PING", 4)) {
        memcpy(output + waiting, "PONG\r\n", 6);
        waiting += 6;
    }
    bool refused = options.publishing == BY_HTTP ? memmem(answers, (size_t)count, "HTTP/1.1 4", 10) != NULL
                                                : options.publishing == BY_REDIS && answers[0] == '-';
    if (!refused) return;
    fprintf(stderr, "publisher: %.*s\n", (int)(count < 200 ? count : 200), answers);
    exit(2);
}
