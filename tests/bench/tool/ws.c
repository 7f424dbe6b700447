/* The far end of WebSockets that somebody else opened: reads, acknowledges as that server's own page does, and counts.
 *
 *   ws KIND SID drain FD                                  until SIGTERM: nanoseconds, bytes of output
 *   ws KIND SID until TOKEN TIMEOUT_MS FRAME FD           nanoseconds, payload bytes, output bytes, line feeds
 *   ws KIND SID interrupt BYTES_S MS TIMEOUT_MS FRAME FD  as tool.c's interrupt; FRAME (hex) is sent for ctrl-c
 *   ws KIND SID watch MS FD...                            lags of a ticker: p50 p99 max (us), samples, ticks, fds done
 *
 * KIND: binary (output alone), json (terminado), socketio (wetty), tether as its page, tether-all as a program that
 * skips nothing. SID in hex, - where there is none. stdin brings what was read of each FD before: 32 bits of length (big-endian) and the bytes. Servers' frames are whole.
 */
#include "ws.h"

#include <arpa/inet.h>

#define FRAME_MAX (64u << 20)

static const char *const KINDS[] = {"binary", "json", "socketio", "tether", "tether-all"};

/* ---- reading ---- */

static void take_frames(struct link *l, int64_t now) {
    size_t at = 0;
    while (l->have - at >= 2) {
        const unsigned char *head = (unsigned char *)l->buffer + at;
        size_t size = head[1] & 0x7f, start = size == 126 ? 4 : size == 127 ? 10 : 2;
        if (l->have - at < start) break;
        if (size > 125) {
            size = 0;
            for (size_t i = 2; i < start; i++) size = size << 8 | head[i];
        }
        if (size > FRAME_MAX) fail("a frame out of all measure");
        if (l->have - at < start + size) break;
        l->payload += (long long)size;
        message(l, head[0] & 15, l->buffer + at + start, size, now);
        at += start + size;
    }
    memmove(l->buffer, l->buffer + at, l->have - at);
    l->have -= at;
}

static void take_bytes(struct link *l, size_t most) {
    if (l->room - l->have < 65536) {
        l->room = l->room ? 2 * l->room : 131072;
        if ((l->buffer = realloc(l->buffer, l->room)) == NULL) fail("realloc");
    }
    if (most > l->room - l->have) most = l->room - l->have;
    ssize_t n = read(l->fd, l->buffer + l->have, most);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) l->closed = 1;
    if (n > 0) l->have += (size_t)n;
}

static void begin(struct link *l, int fd, const char *token) {
    uint32_t size = 0;
    *l = (struct link){.fd = fd, .digits = -1, .finder = {.token = token}};
    if (read(0, &size, 4) == 4) size = ntohl(size);
    l->room = size + 131072;
    if (size > FRAME_MAX || (l->buffer = malloc(l->room)) == NULL) fail("malloc");
    while (l->have < size) {
        ssize_t n = read(0, l->buffer + l->have, size - l->have);
        if (n <= 0) fail("stdin");
        l->have += (size_t)n;
    }
    take_frames(l, now_ns());
    l->payload = l->output = l->halves = 0;
    nonblocking(fd);
}

/* One turn over all of `links`: waits for input for at most `wait_ms`. How many are still open. */
static int turn(struct link *links, int many, size_t most, int wait_ms) {
    static struct pollfd polled[1024];
    int open = 0;
    for (int i = 0; i < many; i++) {
        polled[i] = (struct pollfd){links[i].closed ? -1 : links[i].fd, POLLIN, 0};
        open += !links[i].closed;
    }
    poll(polled, (nfds_t)many, wait_ms);
    for (int i = 0; i < many; i++) {
        if (polled[i].revents) {
            take_bytes(&links[i], most);
            take_frames(&links[i], now_ns());
        }
        if (!links[i].closed) acknowledge(&links[i], now_ns());
    }
    return open;
}

static void send_hex(int fd, const char *hex) {
    char frame[512];
    size_t size = 0;
    for (unsigned char b; size < sizeof frame && sscanf(hex + 2 * size, "%2hhx", &b) == 1;) frame[size++] = (char)b;
    write_all(fd, frame, size);
}

/* ---- what is measured ---- */

static int drain(struct link *l) {
    int64_t start = now_ns();
    end_when_told();
    while (!ending() && turn(l, 1, 262144, 20)) {}
    printf("%lld %lld\n", (long long)(now_ns() - start), l->output);
    return 0;
}

static int until(struct link *l, int timeout_ms, const char *frame) {
    int64_t start = now_ns(), took = -1;
    send_hex(l->fd, frame);
    while (!l->found && now_ns() - start < timeout_ms * 1000000LL && turn(l, 1, 262144, 20)) {}
    if (l->found) took = now_ns() - start;
    printf("%lld %lld %lld %lld\n", (long long)took, l->payload, l->output, l->halves / 2);
    return took < 0;
}

static int interrupt(struct link *l, long long bytes_s, int ms, int timeout_ms, const char *frame) {
    struct pace pace = {.bytes_s = bytes_s};
    long long before = 0;
    int64_t start = now_ns(), pressed = 0, now = start;
    while (!l->found && !l->closed && (!pressed || now - pressed < timeout_ms * 1000000LL)) {
        now = now_ns();
        if (!pressed && now - start >= ms * 1000000LL) {
            pressed = now;
            before = l->payload;
            send_hex(l->fd, frame);
        }
        size_t most = allowance(&pace, now), had = l->have + (size_t)l->payload;
        if (most > 0) turn(l, 1, most, SLICE_MS);
        else wait_for_slice(&pace, now), acknowledge(l, now_ns());
        size_t got = l->have + (size_t)l->payload - had; /* less its frames' heads */
        pace.left -= got < pace.left ? got : pace.left;
    }
    report_prompt(&l->finder, pressed, l->found ? now_ns() - pressed : -1, before, l->payload - before);
    return !l->found;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int watch(struct link *links, int many, int ms) {
    int64_t start = now_ns();
    int done = 0;
    long long ticks = 0, none = 0;
    samples = malloc(SAMPLES_MAX * sizeof *samples);
    printf("watching\n");
    fflush(stdout);
    while (samples && done < many && now_ns() - start < ms * 1000000LL && turn(links, many, 262144, 20)) {
        done = 0;
        for (int i = 0; i < many; i++) done += links[i].found;
    }
    for (int i = 0; i < many && !ticks; i++)
        if (links[i].found) numbers_before(&links[i].finder, &ticks, &none);
    qsort(samples, sampled, sizeof *samples, by_size);
    size_t last = sampled ? sampled - 1 : 0;
    printf("%u %u %u %zu %lld %d\n", samples[last / 2], samples[last * 99 / 100], samples[last], sampled, ticks, done);
    return 0;
}

int run_websocket(int argc, char **argv) {
    static struct link links[1024];
    const char *action = argc > 2 ? argv[2] : "";
    int watching = !strcmp(action, "watch"), interrupting = !strcmp(action, "interrupt");
    int first = watching ? 4 : interrupting ? 7 : !strcmp(action, "until") ? 6 : 3;
    int many = argc - first;
    if (many < 1 || many > 1024) return 2;
    while (kind < TETHER_ALL && strcmp(argv[0], KINDS[kind])) kind++;
    for (int i = 0; i < 16 && argv[1][0] != '-'; i++) sscanf(argv[1] + 2 * i, "%2hhx", (unsigned char *)&sid[i]);
    const char *token = interrupting ? PROMPT : watching || first == 3 ? END : argv[3];
    for (int i = 0; i < many; i++) begin(&links[i], atoi(argv[first + i]), token);
    if (watching) return watch(links, many, atoi(argv[3]));
    if (interrupting) return interrupt(links, atoll(argv[3]), atoi(argv[4]), atoi(argv[5]), argv[6]);
    return first == 6 ? until(links, atoi(argv[4]), argv[5]) : drain(links);
}
