/* What the servers want to hear before they deliver. A plain one wants nothing. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

enum { OP_TEXT = 1, OP_BINARY = 2, ACKNOWLEDGED_BYTES = 64 * 1024, ACKNOWLEDGED_FRAMES = 6 };
static const uint64_t acknowledged_nanoseconds = 1000000000;

static bool holds(const unsigned char *bytes, size_t count, const char *text) {
    return memmem(bytes, count, text, strlen(text)) != NULL;
}

static void ready(struct connection *connection) {
    connection->state = READY;
    totals.ready++;
}

static size_t mqtt_length(unsigned char *out, size_t length) {
    size_t count = 0;
    do {
        unsigned char byte = length & 127;
        length >>= 7;
        out[count++] = length ? byte | 128 : byte;
    } while (length);
    return count;
}

/* CONNECT of MQTT 3.1.1 with a clean session and no keep-alive. */
size_t mqtt_connect(unsigned char *out, const char *name) {
    size_t length = strlen(name), count = 1;
    out[0] = 0x10;
    count += mqtt_length(out + 1, 10 + 2 + length);
    memcpy(out + count, "\0\4MQTT\4\2\0\0", 10);
    out[count + 10] = (unsigned char)(length >> 8);
    out[count + 11] = (unsigned char)length;
    memcpy(out + count + 12, name, length);
    return count + 12 + length;
}

/* PUBLISH, QoS 0, to the topic "bench". */
size_t mqtt_publish(unsigned char *out, const char *message, size_t bytes) {
    size_t count = 1;
    out[0] = 0x30;
    count += mqtt_length(out + 1, 7 + bytes);
    memcpy(out + count, "\0\5bench", 7);
    memcpy(out + count + 7, message, bytes);
    return count + 7 + bytes;
}

/* Right after the handshake. */
void greet(struct connection *connection) {
    char text[1024];
    if (options.speech == PLAIN) {
        ready(connection);
    } else if (options.speech == NATS) {
        int count = snprintf(text, sizeof text,
            "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\",\"protocol\":1}\r\nSUB bench 1\r\nPING\r\n");
        say(connection, OP_BINARY, text, (size_t)count);
    } else if (options.speech == MQTT) {
        char name[32];
        snprintf(name, sizeof name, "s%d-%d", (int)getpid(), connection->fd);
        say(connection, OP_BINARY, text, mqtt_connect((unsigned char *)text, name));
    } else {
        int count = snprintf(text, sizeof text,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.start\",\"params\":{\"proto\":{\"major\":1},"
            "\"auth\":{\"kind\":\"bearer\",\"token\":\"%s\"}}}", options.token);
        say(connection, OP_TEXT, text, (size_t)count);
        count = snprintf(text, sizeof text,
            "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"events.open\",\"params\":{\"sub\":1,\"types\":[\"task-received\"],\"format\":\"celery\"}}");
        say(connection, OP_TEXT, text, (size_t)count);
    }
}

/* A piece of a frame from a server that does not deliver yet. */
void heard(struct connection *connection, const unsigned char *bytes, size_t count) {
    static const unsigned char subscribe[] = {0x82, 10, 0, 1, 0, 5, 'b', 'e', 'n', 'c', 'h', 0};
    if (options.speech == NATS) {
        if (holds(bytes, count, "PONG")) ready(connection);
        else if (holds(bytes, count, "-ERR")) drop(connection, "NATS refuses");
    } else if (options.speech == MQTT) {
        if (bytes[0] == 0x20) say(connection, OP_BINARY, subscribe, sizeof subscribe);
        else if (bytes[0] == 0x90) ready(connection);
    } else if (holds(bytes, count, "\"error\"")) {
        fprintf(stderr, "%.*s\n", (int)(count < 300 ? count : 300), (const char *)bytes);
        drop(connection, "the gateway refuses");
    } else if (holds(bytes, count, "\"id\":2")) {
        connection->acknowledged_at = now();
        ready(connection);
    }
}

/* Tells the gateway how far its event log was read: it stops sending otherwise. `scanned` is the last member of a batch. */
static void acknowledge(struct connection *connection, const unsigned char *bytes, size_t count, uint64_t at) {
    static const char name[] = "\"scanned\":";
    size_t last = count < 48 ? count : 48;
    const unsigned char *place = memmem(bytes + count - last, last, name, sizeof name - 1);
    if (!place) return;
    unsigned long offset = strtoul((const char *)place + sizeof name - 1, NULL, 10);
    char text[96];
    int length = snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"method\":\"sub.ack\",\"params\":{\"acks\":[[1,%lu]]}}", offset);
    say(connection, OP_TEXT, text, (size_t)length);
    connection->unacknowledged = connection->unacknowledged_frames = 0;
    connection->acknowledged_at = at;
}

/* The last piece of a frame that delivered something, or keeps the connection alive. */
void frame_ended(struct connection *connection, const unsigned char *bytes, size_t count, uint64_t at) {
    if (options.speech == NATS && count == 6 && memcmp(bytes, "PING\r\n", 6) == 0) say(connection, OP_BINARY, "PONG\r\n", 6);
    if (options.speech != CELERIAC) return;
    connection->unacknowledged += count;
    connection->unacknowledged_frames++;
    if (connection->unacknowledged >= ACKNOWLEDGED_BYTES || connection->unacknowledged_frames >= ACKNOWLEDGED_FRAMES || at - connection->acknowledged_at >= acknowledged_nanoseconds)
        acknowledge(connection, bytes, count, at);
}
