/* The ceiling: what one core can carry when nothing is understood, checked or kept.
 *
 * A WebSocket broadcaster for one room. Updates collect while the pace of the last batch runs (20 µs per peer, at most
 * 5 ms) and leave in one write per peer. No CRDT, no log, no access; it speaks just enough y-websocket to let the
 * generator believe it is synchronised. Prints its port.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

enum { MAX_PEERS = 4096, PACE_NS_PER_PEER = 20000, MAX_PACE_NS = 5000000, CHUNK = 1 << 20 };

struct peer {
    int fd, open;
    struct buffer in, out;
};

static struct peer *peers[MAX_PEERS];
static int peer_count, poller;
static uint8_t chunk[CHUNK];

static struct piece {
    struct peer *author;
    size_t from, to;
} *pieces;
static size_t piece_count, piece_capacity;
static struct buffer batch; /* the frames of `pieces`, one after the other */

static void leave(struct peer *p) {
    close(p->fd);
    for (int i = 0; i < peer_count; i++)
        if (peers[i] == p) peers[i] = peers[--peer_count];
    p->fd = -1; /* the memory stays: `pieces` may still name it */
}

static void send_out(struct peer *p) {
    if (p->fd >= 0 && flush_buffer(p->fd, &p->out) < 0) leave(p);
}

static void collect(struct peer *author, const uint8_t *body, size_t length) {
    if (piece_count == piece_capacity) {
        piece_capacity = piece_capacity ? piece_capacity * 2 : 1024;
        pieces = realloc(pieces, piece_capacity * sizeof *pieces);
    }
    size_t from = batch.length;
    put_frame(&batch, BINARY, 0, body, length);
    pieces[piece_count++] = (struct piece){author, from, batch.length};
}

static int wrote_in_batch(struct peer *p) {
    for (size_t i = 0; i < piece_count; i++)
        if (pieces[i].author == p) return 1;
    return 0;
}

static void broadcast(void) {
    for (int i = peer_count; i-- > 0;) {
        struct peer *p = peers[i];
        if (!p->open) continue;
        if (!wrote_in_batch(p)) append(&p->out, batch.data, batch.length);
        else
            for (size_t k = 0; k < piece_count; k++)
                if (pieces[k].author != p)
                    append(&p->out, batch.data + pieces[k].from, pieces[k].to - pieces[k].from);
        send_out(p);
    }
    piece_count = batch.length = 0;
}

static void on_message(struct peer *p, struct frame *f) {
    static const uint8_t SYNCED[] = {0, 1, 2, 0, 0}; /* Step2 with an empty update */
    for (uint64_t i = 0; i < f->length; i++) f->payload[i] ^= f->payload[(i & 3) - 4];
    if (f->opcode != BINARY || f->length < 2 || f->payload[0] != 0) return;
    if (f->payload[1] == 0) {
        put_frame(&p->out, BINARY, 0, SYNCED, sizeof SYNCED);
        send_out(p);
    } else if (f->payload[1] == 2) collect(p, f->payload, f->length);
}

static size_t upgrade(struct peer *p) {
    static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: not-computed-by-the-ceiling=\r\n\r\n";
    uint8_t *end = memmem(p->in.data, p->in.length, "\r\n\r\n", 4);
    if (!end) return 0;
    append(&p->out, ANSWER, sizeof ANSWER - 1);
    p->open = 1;
    send_out(p);
    return (size_t)(end - p->in.data) + 4;
}

static void take_frames(struct peer *p) {
    size_t used = p->open ? 0 : upgrade(p);
    struct frame f;
    while (p->fd >= 0 && p->open && read_frame(p->in.data + used, p->in.length - used, &f)) {
        on_message(p, &f);
        used += f.header + f.length;
    }
    drop_front(&p->in, used);
}

static void on_readable(struct peer *p) {
    ssize_t n = CHUNK;
    while (n == CHUNK && p->fd >= 0) { /* edge-triggered: until nothing is left */
        n = read(p->fd, chunk, CHUNK);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            leave(p);
        } else if (n > 0) {
            append(&p->in, chunk, (size_t)n);
            take_frames(p);
        }
    }
}

static void join(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
    if (fd < 0 || peer_count == MAX_PEERS) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct peer *p = calloc(1, sizeof *p);
    p->fd = fd;
    peers[peer_count++] = p;
    struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = p}};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static int listen_anywhere(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(fd, (void *)&address, length) || listen(fd, 1024)) die("listen");
    getsockname(fd, (void *)&address, &length);
    printf("Ceiling listening on port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void) {
    prctl(PR_SET_TIMERSLACK, 1);
    int listener = listen_anywhere();
    poller = epoll_create1(0);
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (uint64_t paced_until = 0;;) {
        uint64_t now = now_ns(), wait = paced_until > now ? paced_until - now : 0;
        struct timespec timeout = {0, (long)wait};
        int n = epoll_pwait2(poller, events, 256, piece_count ? &timeout : NULL, NULL);
        for (int i = 0; i < n; i++) {
            struct peer *p = events[i].data.ptr;
            if (!p) join(listener);
            else if (p->fd >= 0) {
                if (events[i].events & EPOLLOUT) send_out(p);
                if (p->fd >= 0 && events[i].events & ~(uint32_t)EPOLLOUT) on_readable(p);
            }
        }
        if (piece_count && now_ns() >= paced_until) {
            uint64_t pace = (uint64_t)peer_count * PACE_NS_PER_PEER;
            broadcast();
            paced_until = now_ns() + (pace < MAX_PACE_NS ? pace : MAX_PACE_NS);
        }
    }
}
