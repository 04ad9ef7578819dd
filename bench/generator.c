/* The load generator: many Yjs clients in one thread, written so that it is never what is measured.
 *
 * It speaks y-websocket and Hocuspocus, sends updates that real Yjs made beforehand (bench/updates.mjs), and recognises
 * each in what every client receives by its client id and clock; so it knows of every single delivery how long it
 * took, however the server merges or batches. Time is counted from the moment an update was due, not from when it was
 * sent; what could not be sent, and what came after a gap, counts as lost: a late generator shows as latency or loss,
 * never as a good figure.
 *
 * It connects, prints a JSON line, waits for a line on standard input, loads the server, and prints another.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif

enum { SYNC = 0, AWARENESS = 1, AUTH = 2, SYNC_STATUS = 8, H_PING = 9, H_PONG = 10 };
enum { STEP1 = 0, STEP2 = 1, UPDATE = 2 };
enum { FIRST_WRITER = 1000, FIRST_PRESENCE = 900000, PRESENCE_KEPT = 1024, CHUNK = 1 << 20 };

/* Options. */

static struct {
    int port, rooms, clients, writers, stalled, hocuspocus, inflight, tls;
    double rate, seconds, awareness_hz, patience, join_timeout;
    uint32_t window, expect;
    const char *path, *address, *token, *stream;
} opt = {.rooms = 1, .clients = 1, .inflight = 64, .patience = 5, .join_timeout = 30, .path = "/", .address = "", .token = ""};

/* Latencies: 64 buckets per power of two, so within 1.6 %. */

enum { SUB = 128, BUCKETS = 58 * SUB };

struct histogram {
    uint64_t count[BUCKETS], total, max;
};

static void record(struct histogram *h, uint64_t ns) {
    int power = ns < SUB ? 0 : 57 - __builtin_clzll(ns);
    h->count[power * SUB + (int)(ns >> power)]++;
    h->total++;
    if (ns > h->max) h->max = ns;
}

static double percentile_ms(const struct histogram *h, double share) {
    uint64_t seen = 0, wanted = (uint64_t)((double)h->total * share);
    for (int i = 0; i < BUCKETS; i++) {
        seen += h->count[i];
        if (seen > wanted) return (double)((uint64_t)(i % SUB + 1) << (i / SUB)) / 1e6; /* the bucket's upper end */
    }
    return (double)h->max / 1e6;
}

static struct histogram updates, presence, receipts, lateness;

/* The prepared updates of each writer. */

struct stream {
    const uint8_t **update; /* the length (u32), then the bytes */
    uint32_t count;
    uint64_t *due; /* by update: when it was due */
    uint32_t *clock; /* by update: the clock after it */
    uint32_t sent, clocks, seen_by_observer;
    struct connection *connection;
};

static struct stream *streams;
static uint32_t stream_count;

/* Connections. */

struct connection {
    int fd, number, room, stalled, wants_out;
    int upgraded, answered, synced, gone;
    int32_t writer; /* index into streams, or -1 */
    struct buffer in, out;
    uint64_t started, synced_at;
    uint32_t *have; /* by writer of the room: the next clock */
    uint32_t *next; /* by writer of the room: the first update that has not arrived */
    uint32_t receipts, presence_clock;
    uint64_t *presence_due; /* by clock of this connection's presence, the last PRESENCE_KEPT of them */
    uint32_t *presence_seen; /* by connection: the newest clock of its presence */
#ifdef WITH_TLS
    SSL *ssl;
#endif
};

static struct connection *connections;
static int connection_count, started_count, synced_count, gone_count, poller, running;
static uint64_t received, expected, presence_received, presence_expected, gaps, bytes_in, frames_in, last_delivery, now;
static uint8_t chunk[CHUNK];
static struct buffer scratch;

static void lose(struct connection *c, const char *why) {
    if (c->gone) return;
    if (gone_count++ < 3) fprintf(stderr, "connection %d lost: %s\n", c->number, why);
    c->gone = 1;
    close(c->fd);
}

/* Bytes in and out: -1 with EAGAIN when there is nothing to read or no room to write. */

#ifdef WITH_TLS
static SSL_CTX *tls;

/* The certificate is the bench's own and is not checked. */
static void prepare_tls(void) {
    tls = SSL_CTX_new(TLS_client_method());
    if (!tls) die("SSL_CTX_new");
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static void start_tls(struct connection *c) {
    c->ssl = SSL_new(tls);
    if (!c->ssl || !SSL_set_fd(c->ssl, c->fd)) die("SSL_new");
    SSL_set_connect_state(c->ssl);
}

static ssize_t tls_result(struct connection *c, int n) {
    int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, n);
    if (error == SSL_ERROR_NONE) return n;
    ERR_clear_error();
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static ssize_t receive(struct connection *c, uint8_t *data, size_t size) {
    return opt.tls ? tls_result(c, SSL_read(c->ssl, data, (int)size)) : read(c->fd, data, size);
}

static int transmit(struct connection *c) {
    if (!opt.tls) return flush_buffer(c->fd, &c->out);
    size_t sent = 0;
    ssize_t n = 1;
    while (sent < c->out.length && n > 0) {
        n = tls_result(c, SSL_write(c->ssl, c->out.data + sent, (int)(c->out.length - sent)));
        if (n > 0) sent += (size_t)n;
    }
    int fault = errno;
    drop_front(&c->out, sent);
    return n > 0 || fault == EAGAIN ? 0 : -1;
}
#else
static void prepare_tls(void) {
    fprintf(stderr, "this generator was compiled without TLS\n");
    exit(1);
}

static void start_tls(struct connection *c) {
    (void)c;
}

static ssize_t receive(struct connection *c, uint8_t *data, size_t size) {
    return read(c->fd, data, size);
}

static int transmit(struct connection *c) {
    return flush_buffer(c->fd, &c->out);
}
#endif

static void watch(struct connection *c) {
    struct epoll_event event = {0, {.ptr = c}};
    if (!(c->stalled && running)) event.events |= EPOLLIN;
    if (c->wants_out) event.events |= EPOLLOUT;
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static void send_out(struct connection *c) {
    if (c->gone) return;
    if (transmit(c) < 0) {
        lose(c, "write failed");
        return;
    }
    int wants_out = c->out.length > 0;
    if (wants_out != c->wants_out) {
        c->wants_out = wants_out;
        watch(c);
    }
}

static void start_message(struct connection *c) {
    scratch.length = 0;
    if (!opt.hocuspocus) return;
    char address[256];
    int length = snprintf(address, sizeof address, opt.address, c->room);
    put_bytes(&scratch, address, (size_t)length);
}

static void queue_message(struct connection *c) {
    put_frame(&c->out, BINARY, 1, scratch.data, scratch.length);
}

static void hello(struct connection *c) {
    if (opt.hocuspocus) {
        start_message(c);
        put_uint(&scratch, AUTH);
        put_uint(&scratch, 0);
        put_bytes(&scratch, opt.token, strlen(opt.token));
        put_bytes(&scratch, "4.7.0", 5);
        queue_message(c);
    }
    start_message(c);
    append(&scratch, "\0\0\1\0", 4); /* Sync, Step1, one byte: the empty state vector */
    queue_message(c);
    send_out(c);
}

/* What arrives. */

/* Whether an update moves the clock; one that only deletes is not recognised, nor expected. */
static int brings(const struct stream *s, uint32_t update) {
    return s->clock[update] > (update ? s->clock[update - 1] : 0);
}

/* Everything of `client` up to clock `end` has arrived, if nothing before `start` is missing. */
static void seen(struct connection *c, uint64_t client, uint64_t start, uint64_t end) {
    if (client < FIRST_WRITER || client - FIRST_WRITER >= stream_count) return;
    uint32_t index = (uint32_t)client - FIRST_WRITER, writer = index % (uint32_t)opt.writers;
    if (start > c->have[writer]) gaps++;
    if (start > c->have[writer] || end <= c->have[writer]) return;
    c->have[writer] = (uint32_t)end;
    if ((int32_t)index == c->writer) return;
    struct stream *s = &streams[index];
    uint32_t *next = &c->next[writer];
    for (; *next < s->sent && s->clock[*next] <= end; ++*next) {
        if (!brings(s, *next)) continue;
        record(&updates, now - s->due[*next]);
        received++;
    }
    last_delivery = now;
    s->seen_by_observer = (uint32_t)end;
}

static void skip_id(struct cursor *p) {
    read_uint(p);
    read_uint(p);
}

enum { GC = 0, DELETED = 1, STRING = 4, SKIP = 10 };

/* The length of one struct in clocks; the kinds of content that bench/updates.mjs makes, and what becomes of them. */
static uint64_t read_struct(struct cursor *p) {
    uint8_t info = *p->at++, kind = info & 31;
    if (kind == GC || kind == SKIP) return read_uint(p);
    if (info & 0x80) skip_id(p);
    if (info & 0x40) skip_id(p);
    if (!(info & 0xc0)) {
        if (read_uint(p)) read_bytes(p);
        else skip_id(p);
        if (info & 0x20) read_bytes(p);
    }
    if (kind == DELETED) return read_uint(p);
    if (kind != STRING) {
        fprintf(stderr, "content of kind %d is not made here\n", kind);
        exit(1);
    }
    struct cursor text = read_bytes(p); /* ASCII */
    return (uint64_t)(text.end - text.at);
}

static void on_update(struct connection *c, struct cursor p) {
    for (uint64_t sections = read_uint(&p); sections > 0; sections--) {
        uint64_t structs = read_uint(&p), client = read_uint(&p), clock = read_uint(&p);
        uint64_t start = clock;
        for (; structs > 0; structs--) {
            int skips = p.at < p.end && (*p.at & 31) == SKIP;
            uint64_t length = read_struct(&p);
            if (skips) seen(c, client, start, clock), start = clock + length;
            clock += length;
        }
        seen(c, client, start, clock);
    }
}

/* Some servers answer Step1 before they have loaded the document: with `expect`, only its whole content counts. */
static void check_synced(struct connection *c) {
    if (c->synced || !c->answered || c->have[0] < opt.expect) return;
    c->synced = 1;
    c->synced_at = now;
    synced_count++;
}

/* The latest state wins: one that was skipped took until the newer one came. */
static void presence_seen(struct connection *c, struct connection *of, uint64_t clock) {
    uint32_t *newest = &c->presence_seen[of->number];
    for (; *newest < clock && *newest < of->presence_clock; presence_received++)
        record(&presence, now - of->presence_due[++*newest % PRESENCE_KEPT]);
    last_delivery = now;
}

static void on_presence(struct connection *c, struct cursor p) {
    for (uint64_t n = read_uint(&p); n > 0; n--) {
        uint64_t client = read_uint(&p), clock = read_uint(&p);
        read_bytes(&p);
        if (!running || client < FIRST_PRESENCE || client >= FIRST_PRESENCE + (uint64_t)connection_count) continue;
        if (client - FIRST_PRESENCE == (uint64_t)c->number) continue;
        presence_seen(c, &connections[client - FIRST_PRESENCE], clock);
    }
}

static void on_receipt(struct connection *c) {
    if (c->writer < 0) return;
    struct stream *s = &streams[c->writer];
    if (c->receipts >= s->sent) return;
    record(&receipts, now - s->due[c->receipts++]);
}

static void on_message(struct connection *c, struct cursor p) {
    if (opt.hocuspocus) {
        if (p.end - p.at == 1) {
            uint8_t pong = H_PONG;
            if (*p.at == H_PING) put_frame(&c->out, BINARY, 1, &pong, 1), send_out(c);
            return;
        }
        read_bytes(&p);
    }
    uint64_t type = read_uint(&p);
    if (type == SYNC) {
        uint64_t step = read_uint(&p);
        struct cursor body = read_bytes(&p);
        if (step == STEP1) return;
        on_update(c, body);
        if (step == STEP2) c->answered = 1;
        check_synced(c);
    } else if (type == AWARENESS) {
        on_presence(c, read_bytes(&p));
    } else if (type == AUTH) {
        if (read_uint(&p) != 2) lose(c, "permission denied");
    } else if (type == SYNC_STATUS) {
        if (read_uint(&p) == 1) on_receipt(c);
        else lose(c, "an update was refused");
    }
}

static void on_frame(struct connection *c, struct frame *f) {
    frames_in++;
    if (f->opcode == BINARY) {
        on_message(c, (struct cursor){f->payload, f->payload + f->length});
    } else if (f->opcode == PING) {
        put_frame(&c->out, PONG, 1, f->payload, f->length);
        send_out(c);
    } else if (f->opcode == CLOSE) {
        char why[160];
        int code = f->length >= 2 ? f->payload[0] << 8 | f->payload[1] : 0;
        snprintf(why, sizeof why, "closed with %d %.*s", code, f->length > 2 ? (int)f->length - 2 : 0, f->payload + 2);
        lose(c, why);
    }
}

static size_t on_handshake(struct connection *c, uint8_t *data, size_t length) {
    uint8_t *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (length < 12 || memcmp(data + 9, "101", 3)) {
        lose(c, "the handshake was refused");
        return length;
    }
    c->upgraded = 1;
    hello(c);
    return (size_t)(end - data) + 4;
}

static size_t take_frames(struct connection *c, uint8_t *data, size_t length) {
    size_t used = c->upgraded ? 0 : on_handshake(c, data, length);
    struct frame f;
    while (c->upgraded && !c->gone && read_frame(data + used, length - used, &f)) {
        on_frame(c, &f);
        used += f.header + f.length;
    }
    return used;
}

/* Whole frames are read from a chunk that all share and the cache keeps; only a part of one moves to `in`. */
static void on_readable(struct connection *c) {
    int own = c->in.length > 0;
    if (own) reserve(&c->in, CHUNK);
    ssize_t n = receive(c, own ? c->in.data + c->in.length : chunk, CHUNK);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) lose(c, n ? strerror(errno) : "closed by the server");
        return;
    }
    now = now_ns();
    bytes_in += (uint64_t)n;
    if (own) {
        c->in.length += (size_t)n;
        drop_front(&c->in, take_frames(c, c->in.data, c->in.length));
    } else {
        size_t used = take_frames(c, chunk, (size_t)n);
        append(&c->in, chunk + used, (size_t)n - used);
    }
}

/* Connecting. */

static void connect_one(struct connection *c) {
    int one = 1, small = 4096;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    if (c->stalled) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->started = now_ns();
    if (connect(c->fd, (void *)&to, sizeof to) && errno != EINPROGRESS) {
        lose(c, "connection refused");
        return;
    }
    if (opt.tls) start_tls(c);
    struct epoll_event event = {EPOLLIN, {.ptr = c}};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
    char path[1024], request[2048];
    snprintf(path, sizeof path, opt.path, c->room);
    int length = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", path, opt.port);
    append(&c->out, request, (size_t)length);
    send_out(c);
}

static void poll_once(int64_t timeout_ns) {
    struct epoll_event events[512];
    struct timespec timeout = {timeout_ns / (int64_t)NS, timeout_ns % (int64_t)NS};
    int n = epoll_pwait2(poller, events, 512, &timeout, NULL);
    for (int i = 0; i < n; i++) {
        struct connection *c = events[i].data.ptr;
        if (!c) continue; /* standard input */
        if (!c->gone && events[i].events & EPOLLOUT) send_out(c);
        if (!c->gone && events[i].events & ~(uint32_t)EPOLLOUT) on_readable(c);
    }
}

static void lay_out(void) {
    connection_count = opt.rooms * opt.clients;
    connections = calloc((size_t)connection_count, sizeof *connections);
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = &connections[i];
        int place = i / opt.rooms; /* one client of every room, then the second of every room, … */
        c->number = i;
        c->room = i % opt.rooms;
        c->writer = place < opt.writers ? c->room * opt.writers + place : -1;
        c->stalled = place >= opt.clients - opt.stalled;
        c->have = calloc((size_t)(opt.writers ? opt.writers : 1), sizeof *c->have);
        c->next = calloc((size_t)(opt.writers ? opt.writers : 1), sizeof *c->next);
        if (opt.awareness_hz > 0) {
            c->presence_due = calloc(PRESENCE_KEPT, sizeof *c->presence_due);
            c->presence_seen = calloc((size_t)connection_count, sizeof *c->presence_seen);
        }
        if (c->writer >= 0 && (uint32_t)c->writer < stream_count) streams[c->writer].connection = c;
    }
}

static void connect_all(void) {
    uint64_t started = now_ns();
    while (synced_count + gone_count < connection_count) {
        while (started_count < connection_count && started_count - synced_count - gone_count < opt.inflight)
            connect_one(&connections[started_count++]);
        poll_once(NS / 10);
        if ((double)(now_ns() - started) > opt.join_timeout * 1e9) break;
    }
    struct histogram *joins = calloc(1, sizeof *joins);
    for (int i = 0; i < connection_count; i++)
        if (connections[i].synced) record(joins, connections[i].synced_at - connections[i].started);
    printf("{\"connections\": %d, \"synced\": %d, \"connect_s\": %.6f, \"join_p50_ms\": %.3f, \"join_max_ms\": %.3f, "
           "\"state_clocks\": %u, \"state_bytes\": %lu}\n",
        connection_count, synced_count, (double)(now_ns() - started) / 1e9, percentile_ms(joins, 0.5),
        (double)joins->max / 1e6, connections[0].have[0], (unsigned long)(bytes_in / (uint64_t)connection_count));
    fflush(stdout);
}

/* Sending. */

static uint32_t clocks_sent(const struct stream *s) {
    return s->sent ? s->clock[s->sent - 1] : 0;
}

/* One whose author is gone cannot leave, and is missed by everybody all the same. */
static void send_update(struct stream *s, uint64_t due) {
    if (s->sent == s->count) {
        fprintf(stderr, "the stream has no more than %u updates per writer\n", s->count);
        exit(1);
    }
    const uint8_t *bytes = s->update[s->sent];
    uint32_t length;
    memcpy(&length, bytes, 4);
    s->due[s->sent] = due;
    if (brings(s, s->sent)) expected += (uint64_t)(opt.clients - opt.stalled - 1);
    s->sent++;
    if (s->connection->gone) return;
    start_message(s->connection);
    append(&scratch, "\0\2", 2);
    put_bytes(&scratch, bytes + 4, length);
    queue_message(s->connection);
}

/* What a writer did not get to send in time is missed too. */
static void miss_rest(struct stream *s) {
    for (uint32_t k = s->sent; k < s->count; k++)
        if (brings(s, k)) expected += (uint64_t)(opt.clients - opt.stalled - 1);
}

static uint64_t sent_updates, sent_presence;

static uint64_t all_due(double rate) {
    return (uint64_t)(rate * opt.seconds);
}

static uint64_t due_by_now(uint64_t started, double rate) {
    uint64_t due = 1 + (uint64_t)((double)(now - started) / 1e9 * rate);
    return due < all_due(rate) ? due : all_due(rate);
}

/* Everything that is due at `now`; a writer's updates leave in one write. */
static void send_due_updates(uint64_t started) {
    uint64_t goal = due_by_now(started, opt.rate);
    uint64_t first = sent_updates;
    for (; sent_updates < goal; sent_updates++) {
        struct stream *s = &streams[sent_updates % stream_count];
        uint64_t due = started + (uint64_t)((double)sent_updates / opt.rate * 1e9);
        record(&lateness, now - due);
        send_update(s, due);
    }
    for (uint64_t k = first; k < sent_updates && k < first + stream_count; k++)
        send_out(streams[k % stream_count].connection);
}

/* As fast as an observer sees them: at most `window` clocks of a writer are under way. */
static void send_window(void) {
    for (uint32_t i = 0; i < stream_count; i++) {
        struct stream *s = &streams[i];
        if (s->connection->gone) continue;
        for (; s->sent < s->count && clocks_sent(s) < s->seen_by_observer + opt.window; sent_updates++)
            send_update(s, now);
        send_out(s->connection);
    }
}

static void announce(struct connection *c, uint64_t due) {
    record(&lateness, now - due);
    presence_expected += (uint64_t)(opt.clients - 1);
    char state[256];
    int length = snprintf(state, sizeof state,
        "{\"user\":{\"name\":\"Client %d\",\"color\":\"#30bced\"},\"cursor\":{\"anchor\":{\"tname\":\"content\","
        "\"item\":{\"client\":%d,\"clock\":%u},\"assoc\":0}}}", c->number, FIRST_WRITER, c->presence_clock);
    static struct buffer entry;
    entry.length = 0;
    put_uint(&entry, 1);
    put_uint(&entry, FIRST_PRESENCE + (uint64_t)c->number);
    put_uint(&entry, ++c->presence_clock);
    put_bytes(&entry, state, (size_t)length);
    c->presence_due[c->presence_clock % PRESENCE_KEPT] = due;
    if (c->gone) return;
    start_message(c);
    put_uint(&scratch, AWARENESS);
    put_bytes(&scratch, entry.data, entry.length);
    queue_message(c);
    send_out(c);
}

static void send_due_presence(uint64_t started) {
    double rate = opt.awareness_hz * connection_count;
    uint64_t goal = due_by_now(started, rate);
    for (; sent_presence < goal; sent_presence++)
        announce(&connections[sent_presence % (uint64_t)connection_count],
            started + (uint64_t)((double)sent_presence / rate * 1e9));
}

/* However late: the load ends when everything has been sent, not when its time is over. */
static int all_sent(void) {
    if (opt.window) {
        for (uint32_t i = 0; i < stream_count; i++)
            if (streams[i].sent < streams[i].count) return 0;
        return 1;
    }
    return sent_updates >= all_due(opt.rate) && sent_presence >= all_due(opt.awareness_hz * connection_count);
}

static double seconds_of(struct timeval t) {
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
}

static int all_arrived(void) {
    return received >= expected && presence_received >= presence_expected;
}

static void load(void) {
    double cpu_before = cpu_s();
    received = bytes_in = frames_in = gaps = 0;
    running = 1;
    for (int i = 0; i < connection_count; i++)
        if (connections[i].stalled) watch(&connections[i]);
    uint64_t started = now = last_delivery = now_ns(), patience = (uint64_t)(opt.patience * 1e9);
    int64_t tick = opt.rate > 0 ? (int64_t)(1e9 / (opt.rate > 5000 ? 5000 : opt.rate)) : 1000000;
    while (!all_sent()) {
        if (opt.window) send_window();
        else if (opt.rate > 0) send_due_updates(started);
        if (opt.awareness_hz > 0) send_due_presence(started);
        uint64_t next = opt.rate > 0 ? started + (uint64_t)((double)sent_updates / opt.rate * 1e9) : now + NS / 1000;
        int64_t wait = (int64_t)(next - now_ns());
        if (opt.window) wait = tick = 100000000;
        poll_once(wait < 0 ? 0 : wait < tick ? wait : tick);
        now = now_ns();
        if (opt.window && (gone_count == connection_count || now - last_delivery > patience)) break;
    }
    uint64_t last_sent = now;
    for (uint32_t i = 0; opt.window && i < stream_count; i++) miss_rest(&streams[i]);
    while (!all_arrived() && gone_count < connection_count && now - last_sent < patience) {
        poll_once(NS / 100);
        now = now_ns();
    }
    for (uint64_t end = now + NS / 10; gone_count < connection_count && now < end; now = now_ns())
        poll_once(NS / 100); /* receipts may still be on their way */
    running = 0;
    printf("{\"sent\": %lu, \"expected\": %lu, \"received\": %lu, \"elapsed_s\": %.4f, "
           "\"frames\": %lu, \"bytes\": %lu, "
           "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f, \"late_p99_ms\": %.3f, "
           "\"receipts\": %lu, \"receipt_p50_ms\": %.3f, \"receipt_p99_ms\": %.3f, "
           "\"presence_expected\": %lu, \"presence_received\": %lu, \"presence_p50_ms\": %.3f, "
           "\"presence_p99_ms\": %.3f, \"gaps\": %lu, \"gone\": %d, \"load_s\": %.4f, \"generator_cpu_s\": %.3f}\n",
        sent_updates, expected, received, (double)(last_delivery - started) / 1e9, frames_in, bytes_in,
        percentile_ms(&updates, 0.5), percentile_ms(&updates, 0.99), percentile_ms(&updates, 0.999),
        (double)updates.max / 1e6, percentile_ms(&lateness, 0.99), receipts.total, percentile_ms(&receipts, 0.5),
        percentile_ms(&receipts, 0.99), presence_expected, presence_received, percentile_ms(&presence, 0.5),
        percentile_ms(&presence, 0.99), gaps, gone_count, (double)(last_sent - started) / 1e9, cpu_s() - cpu_before);
    fflush(stdout);
}

/* Setting up. */

static uint32_t next_u32(const uint8_t **at) {
    uint32_t value;
    memcpy(&value, *at, 4);
    *at += 4;
    return value;
}

/* u32 writers; per writer u32 updates and clocks; per update u32 clock after it, u32 length, bytes. */
static void open_stream(void) {
    int fd = open(opt.stream, O_RDONLY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info)) die(opt.stream);
    const uint8_t *at = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED) die("mmap");
    stream_count = next_u32(&at);
    streams = calloc(stream_count, sizeof *streams);
    for (uint32_t i = 0; i < stream_count; i++) {
        struct stream *s = &streams[i];
        s->count = next_u32(&at);
        s->clocks = next_u32(&at);
        s->update = calloc(s->count, sizeof *s->update);
        s->clock = calloc(s->count, sizeof *s->clock);
        s->due = calloc(s->count, sizeof *s->due);
        for (uint32_t k = 0; k < s->count; k++) {
            s->clock[k] = next_u32(&at);
            s->update[k] = at;
            uint32_t length = next_u32(&at);
            at += length;
        }
    }
    if (stream_count < (uint32_t)(opt.rooms * opt.writers)) {
        fprintf(stderr, "the stream has %u writers, %d are asked for\n", stream_count, opt.rooms * opt.writers);
        exit(1);
    }
    stream_count = (uint32_t)(opt.rooms * opt.writers);
}

static void parse_options(int argc, char **argv) {
    static const struct option OPTIONS[] = {{"port", 1, 0, 'p'}, {"path", 1, 0, 'u'}, {"address", 1, 0, 'a'},
        {"token", 1, 0, 't'}, {"hocuspocus", 0, 0, 'h'}, {"rooms", 1, 0, 'r'}, {"clients", 1, 0, 'c'},
        {"writers", 1, 0, 'w'}, {"stalled", 1, 0, 's'}, {"stream", 1, 0, 'f'}, {"rate", 1, 0, 'R'},
        {"seconds", 1, 0, 'S'}, {"awareness-hz", 1, 0, 'A'}, {"inflight", 1, 0, 'i'}, {"window", 1, 0, 'W'},
        {"expect", 1, 0, 'E'}, {"patience", 1, 0, 'P'}, {"join-timeout", 1, 0, 'J'}, {"tls", 0, 0, 'T'}, {0}};
    for (int option; (option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
        switch (option) {
        case 'p': opt.port = atoi(optarg); break;
        case 'u': opt.path = optarg; break;
        case 'a': opt.address = optarg; break;
        case 't': opt.token = optarg; break;
        case 'h': opt.hocuspocus = 1; break;
        case 'r': opt.rooms = atoi(optarg); break;
        case 'c': opt.clients = atoi(optarg); break;
        case 'w': opt.writers = atoi(optarg); break;
        case 's': opt.stalled = atoi(optarg); break;
        case 'f': opt.stream = optarg; break;
        case 'R': opt.rate = atof(optarg); break;
        case 'S': opt.seconds = atof(optarg); break;
        case 'A': opt.awareness_hz = atof(optarg); break;
        case 'i': opt.inflight = atoi(optarg); break;
        case 'W': opt.window = (uint32_t)atoi(optarg); break;
        case 'E': opt.expect = (uint32_t)atoi(optarg); break;
        case 'P': opt.patience = atof(optarg); break;
        case 'J': opt.join_timeout = atof(optarg); break;
        case 'T': opt.tls = 1; break;
        default: exit(2);
        }
    }
}

static void wait_for_go(void) {
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event);
    fcntl(0, F_SETFL, O_NONBLOCK);
    char line[16];
    ssize_t n;
    while ((n = read(0, line, sizeof line)) < 0) poll_once(NS / 10);
    epoll_ctl(poller, EPOLL_CTL_DEL, 0, NULL);
    if (n == 0) exit(0);
}

int main(int argc, char **argv) {
    prctl(PR_SET_TIMERSLACK, 1);
    signal(SIGPIPE, SIG_IGN); /* a server that dies is a connection lost */
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    parse_options(argc, argv);
    poller = epoll_create1(0);
    if (opt.tls) prepare_tls();
    if (opt.writers && opt.stream) open_stream();
    lay_out();
    connect_all();
    wait_for_go();
    load();
    wait_for_go(); /* the connections stay until standard input ends */
    return 0;
}
