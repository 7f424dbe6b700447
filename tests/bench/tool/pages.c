/* What the page of each server reads from its messages, and how it acknowledges them. */
#include "ws.h"

#define CREDIT_STEP (32 * 1024)   /* how often Tether's page says what it has drawn, in bytes */
#define SKIP_BYTES (512 * 1024)   /* who is further behind than this would rather see the newest screen */
#define CREDIT_IDLE_MS 50         /* and how long after the last of it */
#define COMMIT_BYTES (256 * 1024) /* the same of wetty's page */

enum kind kind;
char sid[16];
uint32_t *samples;
size_t sampled;

void send_frame(struct link *l, int opcode, const char *data, size_t size) {
    char frame[6 + 125] = {(char)(0x80 | opcode), (char)(0x80 | size)}; /* a mask of zeros changes nothing */
    if (size > 125) return;
    memcpy(frame + 6, data, size);
    if (write_all(l->fd, frame, 6 + size)) l->closed = 1;
}

/* ---- acknowledgements ---- */

static char *put_int(char *at, uint64_t value) {
    *at++ = (char)0xcf;
    for (int shift = 56; shift >= 0; shift -= 8) *at++ = (char)(value >> shift);
    return at;
}

static void credit(struct link *l, int64_t now) {
    char message[64], *at = message;
    memcpy(at, sid, 16);
    memcpy(at + 16, "\x94\xa6" "credit", 8);
    at = put_int(put_int(put_int(at + 24, l->seq), l->offset), kind == TETHER ? SKIP_BYTES : 0);
    send_frame(l, 2, message, (size_t)(at - message));
    l->told = l->offset;
    l->told_at = now;
}

void acknowledge(struct link *l, int64_t now) {
    if (kind >= TETHER && l->offset != l->told)
        if (l->offset - l->told >= CREDIT_STEP || now - l->told_at > CREDIT_IDLE_MS * 1000000LL) credit(l, now);
    for (; kind == SOCKETIO && l->uncommitted >= COMMIT_BYTES; l->uncommitted -= COMMIT_BYTES)
        send_frame(l, 1, "42[\"commit\",262144]", 19);
}

/* ---- what a message holds ---- */

static void sample(int64_t lag_ns) {
    if (samples && sampled < SAMPLES_MAX) samples[sampled++] = lag_ns < 0 ? 0 : (uint32_t)(lag_ns / 1000);
}

static void read_stamps(struct link *l, const char *data, size_t size, int64_t now) {
    for (const char *p = data, *end = data + size; p < end; p++) {
        if (l->digits < 0) {
            if ((p = memchr(p, '@', (size_t)(end - p))) == NULL) return;
            l->digits = 0, l->stamp = 0;
        } else if (*p >= '0' && *p <= '9') {
            l->stamp = l->stamp * 10 + (*p - '0');
            if (++l->digits == 19) sample(now - l->stamp), l->digits = -1;
        } else {
            l->digits = -1;
        }
    }
}

static long long count(const char *data, size_t size, char what) {
    long long found = 0;
    for (const char *p = data, *end = data + size; (p = memchr(p, what, (size_t)(end - p))) != NULL; p++) found++;
    return found;
}

/* Output of a terminal, escaped as JSON text when `escaped`. */
static void shown(struct link *l, const char *data, size_t size, int escaped, int64_t now) {
    long long escapes = escaped ? count(data, size, '\\') : 0;
    l->output += (long long)size - escapes;
    l->uncommitted += (long long)size - escapes;
    l->halves += escaped ? escapes : 2 * count(data, size, '\n'); /* a flood's escapes are CR and LF */
    if (samples) read_stamps(l, data, size, now);
    if (find(&l->finder, data, size)) l->found = 1;
}

static const char *skip_int(const char *at, uint64_t *value) {
    unsigned char head = (unsigned char)*at++;
    int bytes = head == 0xcc ? 1 : head == 0xcd ? 2 : head == 0xce ? 4 : head == 0xcf ? 8 : 0;
    *value = head;
    for (int i = 0; i < bytes; i++) *value = (i ? *value << 8 : 0) | (unsigned char)*at++;
    return at;
}

static const char *skip_bin(const char *at, uint64_t *size) {
    int bytes = 1 << ((unsigned char)*at++ - 0xc4);
    *size = 0;
    while (bytes--) *size = *size << 8 | (unsigned char)*at++;
    return at;
}

/* Output: "out", seq, time, offset, data. Snapshot: "snapshot", seq, offset, columns, rows, data. See docs/wire.md. */
static void tether_message(struct link *l, const char *data, size_t size, int64_t now) {
    uint64_t seq, offset, unused, length;
    const char *at = data + 16;
    int output = size > 24 && !memcmp(at + 1, "\xa3" "out", 4);
    int snapshot = size > 30 && !memcmp(at + 1, "\xa8" "snapshot", 9);
    if (!output && !snapshot) return;
    at = skip_int(at + (output ? 5 : 10), &seq);
    if (output) at = skip_int(at, &unused);
    at = skip_int(at, &offset);
    if (snapshot) at = skip_int(skip_int(at, &unused), &unused);
    at = skip_bin(at, &length);
    if (at + length > data + size) fail("a message of another shape");
    l->seq = seq;
    l->offset = output ? offset + length : offset;
    shown(l, at, length, 0, now);
}

void message(struct link *l, int opcode, const char *data, size_t size, int64_t now) {
    if (opcode == 8) l->closed = 1;
    else if (opcode == 9) send_frame(l, 10, data, size);
    else if (opcode > 2) return;
    else if (kind >= TETHER) tether_message(l, data, size, now);
    else if (kind == BINARY) shown(l, data, size, 0, now);
    else if (kind == JSON && size > 13 && !memcmp(data, "[\"stdout\", \"", 12)) shown(l, data + 12, size - 14, 1, now);
    else if (kind == SOCKETIO && size == 1 && *data == '2') send_frame(l, 1, "3", 1);
    else if (kind == SOCKETIO && size > 13 && !memcmp(data, "42[\"data\"", 9)) shown(l, data + 11, size - 13, 1, now);
}
