/* The load client of `bin/bench peers`: N WebSocket subscribers and one publisher, the same for every server.
 *
 *     main.c        options, phases, and what is printed
 *     connection.c  a subscriber: its handshake, its frames, the stamps in them
 *     protocols.c   what NATS, MQTT and the gateway want to hear before they deliver
 *     publisher.c   one message, as each server takes it
 *     tally.c       clocks, histogram, and what the server's processes have used
 *
 * Every message carries a stamp: "@@", 19 digits (nanoseconds of the steady clock when it was published) and 8 digits (its
 * number). Nothing else in a stream has such a text, so one scanner finds the messages of every protocol, however the
 * server puts them together. Each subscriber must find each number once, in order: what it misses or sees again is counted.
 */
#ifndef FAN_OUT_CLIENT_H
#define FAN_OUT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STAMP_DIGITS = 27,
    STAMP = 2 + STAMP_DIGITS,
    MOST_CLIENTS = 19000,
    MOST_BYTES = 16384,  /* of a message */
    MOST_PROCESSES = 64, /* of the server */
    CONTROL = 125,       /* bytes of a control frame's payload (RFC 6455, 5.5) */
};

enum speech { PLAIN, NATS, MQTT, CELERIAC };
enum publishing { BY_SOCKET, BY_HTTP, BY_NATS, BY_MQTT, BY_REDIS };

struct options {
    int port, publish_port, clients, bytes, opens_per_second;
    double warm_up; /* seconds of each run that nothing is measured of */
    const char *path, *publish_path, *subprotocol, *token;
    enum speech speech;
    enum publishing publishing;
    int processes[MOST_PROCESSES], process_count;
};

struct connection {
    int fd;
    enum { CONNECTING, SHAKING_HANDS, GREETING, READY, GONE } state;
    uint32_t expected;          /* number of the next message */
    uint64_t left;              /* payload bytes of the present frame that have not come */
    unsigned char opcode, head_count, stamp_count, control_count;
    unsigned char head[10];     /* of a frame, until it is whole */
    char stamp[STAMP];          /* the beginning of one that the last bytes ended in */
    unsigned char control[CONTROL];
    uint64_t unacknowledged, unacknowledged_frames, acknowledged_at; /* of the gateway's event log */
};

/* What all subscribers have got. */
struct totals {
    uint64_t delivered, missing, repeated, bytes;
    int ready, gone;
    uint32_t first;     /* number from which on latencies count */
    uint64_t last_at;   /* when the last message came */
};

extern struct options options;
extern struct totals totals;

_Noreturn void fail(const char *what);
uint64_t now(void);

/* connection.c */
void open_connection(struct connection *connection, int loop);
void connection_ready(struct connection *connection, int loop, uint32_t events);
void say(struct connection *connection, unsigned char opcode, const void *bytes, size_t count);
void drop(struct connection *connection, const char *why);

/* protocols.c */
void greet(struct connection *connection);
void heard(struct connection *connection, const unsigned char *bytes, size_t count);
void frame_ended(struct connection *connection, const unsigned char *bytes, size_t count, uint64_t at);
size_t mqtt_connect(unsigned char *out, const char *name);
size_t mqtt_publish(unsigned char *out, const char *message, size_t count);

/* publisher.c */
int publisher_connect(void);
void publish(void);
bool publisher_flush(void); /* whether the kernel has taken everything */
void publisher_read(void);
uint32_t published(void);

/* tally.c */
void tally_reset(void);
void tally(uint64_t nanoseconds);
double percentile_milliseconds(double share);
uint64_t server_nanoseconds(void);
long server_resident_bytes(void);
uint64_t own_nanoseconds(void);

#endif
