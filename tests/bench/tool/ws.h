/* One end of a WebSocket, and what its server's own page does with it. */
#ifndef WS_H
#define WS_H

#include "tool.h"

enum kind { BINARY, JSON, SOCKETIO, TETHER, TETHER_ALL };

struct link {
    int fd, closed, found;
    char *buffer;
    size_t have, room;
    struct finder finder;
    long long payload, output, halves; /* half lines: CR and LF may come apart */
    uint64_t seq, offset, told; /* of Tether's credit */
    int64_t told_at;
    long long uncommitted; /* of wetty's */
    int digits;            /* of a time that is being read, -1 outside of one */
    int64_t stamp;
};

extern enum kind kind;
extern char sid[16];
extern uint32_t *samples; /* of a ticker's lags, in microseconds; NULL while none are wanted */
extern size_t sampled;

void send_frame(struct link *link, int opcode, const char *data, size_t size);
void acknowledge(struct link *link, int64_t now);
void message(struct link *link, int opcode, const char *data, size_t size, int64_t now);

#define SAMPLES_MAX (4 << 20)

#endif
