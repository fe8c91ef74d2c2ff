/* See client.h. Prints one JSON object a line: first how the connections came, then each run. Ends with 1 if a subscriber missed a
 * message, saw one again, or was cut off: then later runs, which would be harder, are left out. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "client.h"

enum { EVENTS = 1024, AT_ONCE = 256 };
static const uint64_t second = 1000000000, connect_patience = 120 * 1000000000ull, drain_patience = 5 * 1000000000ull;

struct options options = {.warm_up = 0.5, .opens_per_second = 4000, .bytes = 200, .path = "/", .publish_path = "/", .subprotocol = "", .token = ""};
static struct connection *connections;
static int loop;

/* What is published, and how long: so many a second, or as fast as it goes with so many that not everybody has yet. */
struct run {
    bool paced;
    double rate, seconds;
    uint64_t in_flight;
};

/* One turn of the loop; waits at most until a moment. */
static void turn(uint64_t until) {
    struct epoll_event events[EVENTS];
    uint64_t at = now();
    int64_t left = until > at ? (int64_t)(until - at) : 0;
    struct timespec time = {left / (int64_t)second, left % (int64_t)second};
    int count = epoll_pwait2(loop, events, EVENTS, &time, NULL);
    if (count < 0 && errno != EINTR) fail("epoll_pwait2");
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection) connection_ready(connection, loop, events[i].events);
        else publisher_read();
    }
}

static void turns_until(uint64_t end) {
    while (now() < end) turn(end);
}

static void connect_all(void) {
    uint64_t began = now(), before = server_nanoseconds();
    long resident = server_resident_bytes();
    int opened = 0;
    while (totals.ready + totals.gone < options.clients) {
        uint64_t spent = now() - began;
        uint64_t due = 1 + spent * (uint64_t)options.opens_per_second / second;
        while (opened < options.clients && (uint64_t)opened < due && opened - totals.ready - totals.gone < AT_ONCE)
            open_connection(&connections[opened++], loop);
        turn(now() + second / 500);
        if (spent < connect_patience) continue;
        fprintf(stderr, "only %d of %d subscribers became ready\n", totals.ready, options.clients);
        exit(2);
    }
    double seconds = (double)(now() - began) / 1e9;
    turns_until(now() + (uint64_t)(options.warm_up * 1e9));
    printf("{\"kind\":\"connect\",\"ready\":%d,\"gone\":%d,\"seconds\":%.3f,\"cpu\":%.4f,\"resident\":%.0f}\n", totals.ready, totals.gone,
        seconds, (double)(server_nanoseconds() - before) / 1e9, (double)(server_resident_bytes() - resident) / options.clients);
    fflush(stdout);
    if (totals.gone) exit(2);
}

static uint64_t expected(void) { return (uint64_t)published() * (uint64_t)options.clients; }

static void publish_for(const struct run *run, double seconds) {
    uint64_t began = now(), end = began + (uint64_t)(seconds * 1e9), next = began, at;
    uint64_t interval = run->paced ? (uint64_t)(1e9 / run->rate) : 0, clients = (uint64_t)options.clients;
    while ((at = now()) < end) {
        if (run->paced)
            for (; next <= at; next += interval) publish();
        else
            while (expected() < totals.delivered + run->in_flight * clients) publish();
        bool is_out = publisher_flush();
        uint64_t until = run->paced && next < end ? next : end;
        turn(is_out ? until : now());
    }
    /* What fell due while we were held up. */
    for (; run->paced && next < end; next += interval) publish();
}

/* Waits until everybody has everything, or has seen by later messages what it will never get; in vain until nothing has come for a while, or in all for twice as long. */
static bool drain(void) {
    uint64_t last = totals.delivered, gives_up = now() + drain_patience, end = now() + 2 * drain_patience;
    while (totals.delivered + totals.missing < expected() && totals.gone == 0 && now() < gives_up && now() < end) {
        bool is_out = publisher_flush();
        turn(is_out ? now() + second / 200 : now());
        if (totals.delivered != last) gives_up = now() + drain_patience;
        last = totals.delivered;
    }
    return totals.delivered == expected();
}

static bool measure(const struct run *run) {
    publish_for(run, options.warm_up);
    bool is_whole = drain();
    struct totals before = totals;
    uint32_t first = totals.first = published();
    tally_reset();
    uint64_t cpu = server_nanoseconds(), own = own_nanoseconds(), began = now();
    if (is_whole) publish_for(run, run->seconds);
    is_whole = is_whole && drain();
    double seconds = (double)(totals.last_at - began) / 1e9, delivered = (double)(totals.delivered - before.delivered);
    double wanted = (double)(published() - first) * options.clients;
    printf("{\"kind\":\"%s\",\"rate\":%g,\"published\":%u,\"wanted\":%.0f,\"delivered\":%.0f,\"seconds\":%.4f,\"cpu\":%.6f,\"own\":%.6f,"
           "\"p50\":%.3f,\"p99\":%.3f,\"bytes\":%llu,\"missing\":%llu,\"repeated\":%llu,\"gone\":%d}\n",
        run->paced ? "paced" : "full", run->rate, published() - first, wanted, delivered, delivered > 0 ? seconds : 0,
        (double)(server_nanoseconds() - cpu) / 1e9, (double)(own_nanoseconds() - own) / 1e9, percentile_milliseconds(0.5),
        percentile_milliseconds(0.99), (unsigned long long)(totals.bytes - before.bytes), (unsigned long long)totals.missing,
        (unsigned long long)totals.repeated, totals.gone);
    fflush(stdout);
    return is_whole && totals.missing == 0 && totals.repeated == 0 && totals.gone == 0;
}

/* `paced:RATE:SECONDS` or `full:IN_FLIGHT:SECONDS`. */
static struct run parse_run(const char *text) {
    double first, seconds;
    char kind[8];
    if (sscanf(text, "%7[a-z]:%lf:%lf", kind, &first, &seconds) != 3 || first <= 0 || seconds <= 0 || seconds > 600) {
        fprintf(stderr, "a run is paced:RATE:SECONDS or full:IN_FLIGHT:SECONDS, not %s\n", text);
        exit(2);
    }
    return (struct run){.paced = kind[0] == 'p', .rate = first, .seconds = seconds, .in_flight = (uint64_t)first};
}

static int choice(const char *name, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0) return i;
    fprintf(stderr, "unknown: %s\n", name);
    exit(2);
}

static void parse_processes(char *list) {
    for (char *part = strtok(list, ","); part && options.process_count < MOST_PROCESSES; part = strtok(NULL, ","))
        options.processes[options.process_count++] = atoi(part);
}

static void parse(int count, char **words) {
    static const struct option names[] = {
        {"port", 1, 0, 'p'}, {"publish-port", 1, 0, 'P'}, {"clients", 1, 0, 'c'}, {"bytes", 1, 0, 'b'}, {"opens", 1, 0, 'o'},
        {"path", 1, 0, 'u'}, {"publish-path", 1, 0, 'U'}, {"subprotocol", 1, 0, 's'}, {"token", 1, 0, 't'}, {"speaks", 1, 0, 'k'},
        {"publishes", 1, 0, 'K'}, {"warm-up", 1, 0, 'w'}, {"processes", 1, 0, 'x'}, {0, 0, 0, 0}};
    static const char *const speeches[] = {"plain", "nats", "mqtt", "celeriac"};
    static const char *const publishings[] = {"socket", "http", "nats", "mqtt", "redis"};
    for (int letter; (letter = getopt_long(count, words, "", names, NULL)) != -1;) switch (letter) {
        case 'p': options.port = atoi(optarg); break;
        case 'P': options.publish_port = atoi(optarg); break;
        case 'c': options.clients = atoi(optarg); break;
        case 'b': options.bytes = atoi(optarg); break;
        case 'o': options.opens_per_second = atoi(optarg); break;
        case 'u': options.path = optarg; break;
        case 'U': options.publish_path = optarg; break;
        case 's': options.subprotocol = optarg; break;
        case 't': options.token = optarg; break;
        case 'k': options.speech = (enum speech)choice(optarg, speeches, 4); break;
        case 'K': options.publishing = (enum publishing)choice(optarg, publishings, 5); break;
        case 'w': options.warm_up = atof(optarg); break;
        case 'x': parse_processes(optarg); break;
        default: exit(2);
        }
    if (!options.publish_port) options.publish_port = options.port;
    bool holds = options.port > 0 && options.clients >= 1 && options.clients <= MOST_CLIENTS && options.bytes > STAMP
        && options.bytes <= MOST_BYTES && options.opens_per_second > 0 && optind < count;
    if (holds) return;
    fprintf(stderr, "fan-out client: --port, 1-%d --clients, %d-%d --bytes, and runs\n", MOST_CLIENTS, STAMP + 1, MOST_BYTES);
    exit(2);
}

int main(int count, char **words) {
    parse(count, words);
    loop = epoll_create1(0);
    connections = calloc((size_t)options.clients, sizeof *connections);
    if (loop < 0 || !connections) fail("start");
    connect_all();
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, publisher_connect(), &event) < 0) fail("epoll_ctl");
    turns_until(now() + second / 10);
    for (int i = optind; i < count; i++) {
        struct run run = parse_run(words[i]);
        if (!measure(&run)) return 1;
    }
    return 0;
}
