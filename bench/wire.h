/* What the load generator and the ceiling share: clock, growing buffers, lib0 integers, WebSocket frames. */
#ifndef ATRIUM_BENCH_WIRE_H
#define ATRIUM_BENCH_WIRE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000ull

static inline void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static inline uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

/* Growing buffers. */

struct buffer {
    uint8_t *data;
    size_t length, capacity;
};

static inline void reserve(struct buffer *b, size_t more) {
    if (b->length + more <= b->capacity) return;
    while (b->capacity < b->length + more) b->capacity = b->capacity ? b->capacity * 2 : 4096;
    b->data = realloc(b->data, b->capacity);
    if (!b->data) die("realloc");
}

static inline void append(struct buffer *b, const void *data, size_t length) {
    reserve(b, length);
    memcpy(b->data + b->length, data, length);
    b->length += length;
}

static inline void drop_front(struct buffer *b, size_t length) {
    b->length -= length;
    memmove(b->data, b->data + length, b->length);
}

/* Sends what the socket takes; what is left stays in the buffer. Returns -1 when the socket is gone. */
static inline int flush_buffer(int fd, struct buffer *b) {
    size_t sent = 0;
    while (sent < b->length) {
        ssize_t n = write(fd, b->data + sent, b->length - sent);
        if (n > 0) sent += (size_t)n;
        else if (n < 0 && errno == EINTR) continue;
        else if (n < 0 && errno == EAGAIN) break;
        else return -1;
    }
    drop_front(b, sent);
    return 0;
}

/* lib0 integers: 7 bits per byte, little-endian. */

struct cursor {
    const uint8_t *at, *end;
};

static inline uint64_t read_uint(struct cursor *c) {
    uint64_t value = 0;
    for (int shift = 0; c->at < c->end && shift < 64; shift += 7) {
        uint8_t byte = *c->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    fprintf(stderr, "malformed integer from the server\n");
    exit(1);
}

static inline struct cursor read_bytes(struct cursor *c) {
    uint64_t length = read_uint(c);
    if (length > (uint64_t)(c->end - c->at)) {
        fprintf(stderr, "truncated field from the server\n");
        exit(1);
    }
    struct cursor field = {c->at, c->at + length};
    c->at += length;
    return field;
}

static inline void put_uint(struct buffer *b, uint64_t value) {
    uint8_t bytes[10];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7) bytes[n++] = (uint8_t)(value | 0x80);
    bytes[n++] = (uint8_t)value;
    append(b, bytes, n);
}

static inline void put_bytes(struct buffer *b, const void *data, size_t length) {
    put_uint(b, length);
    append(b, data, length);
}

/* WebSocket frames (RFC 6455, section 5.2). */

enum { CONTINUATION = 0, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

struct frame {
    int opcode, masked;
    uint8_t *payload;
    uint64_t length;
    size_t header; /* bytes before the payload */
};

/* Reads a frame's header; 0 when the header or the payload is not there completely. */
static inline int read_frame(uint8_t *data, size_t available, struct frame *f) {
    if (available < 2) return 0;
    f->opcode = data[0] & 0x0f;
    f->masked = data[1] >> 7;
    f->length = data[1] & 0x7f;
    size_t extra = f->length == 126 ? 2 : f->length == 127 ? 8 : 0;
    f->header = 2 + extra + (f->masked ? 4 : 0);
    if (available < f->header) return 0;
    if (extra) f->length = 0;
    for (size_t i = 0; i < extra; i++) f->length = f->length << 8 | data[2 + i];
    f->payload = data + f->header;
    return available - f->header >= f->length;
}

static inline void put_frame(struct buffer *b, int opcode, int masked, const void *payload, size_t length) {
    static const uint8_t MASK[4] = {0x3a, 0xc5, 0x91, 0x6e};
    uint8_t header[14] = {(uint8_t)(0x80 | opcode)};
    size_t n = 2;
    uint8_t flag = masked ? 0x80 : 0;
    size_t extra = length < 126 ? 0 : length < 65536 ? 2 : 8;
    header[1] = (uint8_t)(flag | (extra == 0 ? length : extra == 2 ? 126 : 127));
    for (size_t i = extra; i > 0; i--) header[n++] = (uint8_t)(length >> (8 * (i - 1)));
    if (masked) memcpy(header + n, MASK, 4), n += 4;
    append(b, header, n);
    append(b, payload, length);
    if (masked)
        for (size_t i = 0; i < length; i++) b->data[b->length - length + i] ^= MASK[i & 3];
}

#endif
