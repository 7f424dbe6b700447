/* What the benchmark's C programs share. Every one of them ends with its terminal, its parent or its time limit. */
#ifndef TOOL_H
#define TOOL_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define END "BENCH-END"       /* the last word of whatever ends */
#define PROMPT "BENCH-PROMPT" /* the last word of whatever waits for a person */
#define SLICE_MS 10           /* how a reader with a speed of its own divides its time */

int64_t now_ns(void);
void fail(const char *what);
int write_all(int fd, const char *data, size_t size);
void nonblocking(int fd);

/* A word in a stream, also when it is split over reads. */
#define FIND_TAIL 64
#define FIND_BEFORE 48
struct finder {
    const char *token;
    char tail[FIND_TAIL];
    size_t have;
    char before[FIND_BEFORE + 1]; /* what stood before it */
};
int find(struct finder *finder, const char *data, size_t size);
void numbers_before(const struct finder *finder, long long *first, long long *second);
void report_prompt(const struct finder *finder, int64_t pressed, int64_t took, long long before, long long after);

/* Reading at a speed. */
struct pace {
    long long bytes_s;
    int64_t slice; /* when this one began */
    size_t left;
};
size_t allowance(struct pace *pace, int64_t now);
void wait_for_slice(const struct pace *pace, int64_t now);

void end_when_told(void); /* SIGTERM ends what asks `ending`; a parent's death ends it at once */
int ending(void);

int run_child(int argc, char **argv);     /* child.c: -1 when argv names none of its modes */
int run_websocket(int argc, char **argv); /* ws.c */

#endif
