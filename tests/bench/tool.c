/* The programs of the benchmark: what runs inside a terminal, and what reads and types at the other end of it.
 *
 * They are C so that neither end is what gets measured, and one file so that one `cc` builds them all.
 *
 *   in a terminal:   echo | start | idle | flood BYTES | forever
 *   at the client:   keys FD COUNT GAP_US | until FD TOKEN TIMEOUT_MS [TRIGGER] | drain FD
 *                    open TOKEN TIMEOUT_MS PROGRAM...       (time from fork to TOKEN on a new terminal)
 *   beside them:     tty PROGRAM... (stdin becomes the controlling terminal) | spin CPU | expect BYTES
 *
 * Every one of them ends with its terminal, its parent or its time limit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#define LINE 80      /* bytes of a flood's line, with its CR LF */
#define LINES 100    /* lines of one write: 8,000 bytes */
#define KEYS "jkovwxyz" /* letters that end no control sequence a multiplexer writes */
#define KEY_LIMIT_MS 2000

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void raw_terminal(void) {
    struct termios t;
    if (tcgetattr(0, &t)) fail("tcgetattr");
    cfmakeraw(&t);
    tcsetattr(0, TCSANOW, &t);
}

static int write_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd p = {fd, POLLOUT, 0};
            poll(&p, 1, 1000);
            continue;
        }
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* ---- in a terminal ---- */

static void ready(void) { write_all(1, "READY\r\n", 7); }

static int wait_for_end(void) {
    char buffer[256];
    while (read(0, buffer, sizeof buffer) > 0) {}
    return 0;
}

static int run_echo(void) {
    char in[4096], out[8192];
    long column = 0;
    ssize_t n;
    raw_terminal();
    ready();
    while ((n = read(0, in, sizeof in)) > 0) {
        size_t size = 0;
        for (ssize_t i = 0; i < n; i++) {
            out[size++] = in[i];
            if (++column == 61) { /* no scrolling, and never the same letter twice in one cell (61 and 8 are coprime) */
                out[size++] = '\r';
                column = 0;
            }
        }
        if (write_all(1, out, size)) break;
    }
    return 0;
}

static void fill(char *block, long long first) {
    for (int i = 0; i < LINES; i++) {
        char *line = block + i * LINE;
        char number[24];
        snprintf(number, sizeof number, "%010lld ", first + i);
        memset(line, 'a' + (int)((first + i) % 26), LINE);
        memcpy(line, number, 11);
        line[LINE - 2] = '\r';
        line[LINE - 1] = '\n';
    }
}

/* `bytes` of numbered lines (all there are when it is negative); the last line may be cut. */
static int emit(long long bytes) {
    static char block[LINE * LINES];
    for (long long line = 0; bytes; line += LINES) {
        size_t size = sizeof block;
        if (bytes > 0 && (long long)size > bytes) size = (size_t)bytes;
        fill(block, line);
        if (write_all(1, block, size)) return -1;
        if (bytes > 0) bytes -= (long long)size;
    }
    return 0;
}

static int run_flood(long long bytes) {
    char byte;
    raw_terminal();
    ready();
    if (read(0, &byte, 1) != 1) return 0;
    if (emit(bytes)) return 0;
    write_all(1, "BENCH-END\r\n", 11);
    return wait_for_end();
}

static int run_forever(void) {
    raw_terminal();
    ready();
    signal(SIGINT, SIG_DFL);
    emit(-1);
    return 0;
}

/* ---- at the client ---- */

static void nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

static int await_input(int fd, int64_t deadline) {
    int64_t left = (deadline - now_ns()) / 1000000;
    struct pollfd p = {fd, POLLIN, 0};
    if (left <= 0) return 0;
    return poll(&p, 1, (int)left) > 0 && (p.revents & POLLIN);
}

static int run_keys(int fd, int count, int gap_us) {
    static char buffer[65536];
    nonblocking(fd);
    for (int i = 0; i < count; i++) {
        char key = KEYS[i % 8];
        while (read(fd, buffer, sizeof buffer) > 0) {}
        int64_t start = now_ns(), took = -1, limit = start + KEY_LIMIT_MS * 1000000LL;
        if (write_all(fd, &key, 1)) return 1;
        while (took < 0 && await_input(fd, limit)) {
            ssize_t n = read(fd, buffer, sizeof buffer);
            if (n == 0 || (n < 0 && errno != EAGAIN)) return 1;
            if (n > 0 && memchr(buffer, key, (size_t)n)) took = now_ns() - start;
        }
        printf("%lld\n", (long long)took);
        if (took < 0) break; /* what comes back later would be taken for the next key's echo */
        struct timespec gap = {0, gap_us * 1000L};
        nanosleep(&gap, NULL);
    }
    return 0;
}

/* Reads until `token`, which may be split over reads. Prints nanoseconds (-1: not seen), bytes and line feeds. */
static int read_until(int fd, const char *token, int64_t start, int64_t limit) {
    static char buffer[128 + 262144];
    size_t keep = 0, length = strlen(token);
    long long bytes = 0, lines = 0;
    int64_t took = -1;
    nonblocking(fd);
    while (took < 0 && await_input(fd, limit)) {
        ssize_t n = read(fd, buffer + keep, sizeof buffer - keep);
        if (n == 0 || (n < 0 && errno != EAGAIN)) break;
        if (n <= 0) continue;
        for (char *p = buffer + keep, *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) lines++;
        size_t have = keep + (size_t)n;
        bytes += n;
        if (memmem(buffer, have, token, length)) took = now_ns() - start;
        keep = have < length ? have : length - 1;
        memmove(buffer, buffer + have - keep, keep);
    }
    printf("%lld %lld %lld\n", (long long)took, bytes, lines);
    fflush(stdout);
    return took < 0;
}

static int run_drain(int fd) {
    static char buffer[262144];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, -1) < 0 && errno != EINTR) return 0;
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return 0;
    }
}

static int run_open(const char *token, int timeout_ms, char **program) {
    struct winsize size = {24, 80, 0, 0};
    int master, slave;
    if (openpty(&master, &slave, NULL, NULL, &size)) fail("openpty");
    int64_t start = now_ns();
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        close(master);
        login_tty(slave);
        execvp(program[0], program);
        fail(program[0]);
    }
    close(slave);
    int result = read_until(master, token, start, start + timeout_ms * 1000000LL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return result;
}

/* ---- beside them ---- */

static int run_tty(char **program) {
    if (setsid() < 0) fail("setsid");
    if (ioctl(0, TIOCSCTTY, 0)) fail("TIOCSCTTY");
    execvp(program[0], program);
    fail(program[0]);
    return 1;
}

/* Keeps a virtual CPU from being halted, at a priority below everything else (see docs/benchmarks.md). */
static void run_spin(int cpu) {
    cpu_set_t set;
    struct sched_param none = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* With autogroups (one scheduling group for each session) idle priority counts only inside the group, and the
     * group itself would compete with every other one: give it one of its own, of the least weight. */
    setsid();
    int group = open("/proc/self/autogroup", O_WRONLY);
    if (group >= 0 && write(group, "19", 2) == 2) close(group);
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
    if (nice(19) < 0 && errno) fail("nice"); /* niced time is left out of what the gate calls load */
    if (sched_setscheduler(0, SCHED_IDLE, &none)) fail("SCHED_IDLE");
    for (volatile unsigned long turns = 0;; turns++) {}
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (!strcmp(mode, "echo")) return run_echo();
    if (!strcmp(mode, "start") || !strcmp(mode, "idle")) {
        raw_terminal();
        ready();
        return wait_for_end();
    }
    if (!strcmp(mode, "forever")) return run_forever();
    if (!strcmp(mode, "flood") && argc == 3) return run_flood(atoll(argv[2]));
    if (!strcmp(mode, "expect") && argc == 3) {
        ready();
        return emit(atoll(argv[2])) || write_all(1, "BENCH-END\r\n", 11);
    }
    if (!strcmp(mode, "keys") && argc == 5) return run_keys(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
    if (!strcmp(mode, "until") && argc >= 5) {
        int fd = atoi(argv[2]);
        int64_t start = now_ns();
        if (argc > 5 && write_all(fd, argv[5], strlen(argv[5]))) return 1;
        return read_until(fd, argv[3], start, start + atoll(argv[4]) * 1000000LL);
    }
    if (!strcmp(mode, "drain") && argc == 3) return run_drain(atoi(argv[2]));
    if (!strcmp(mode, "open") && argc >= 5) return run_open(argv[2], atoi(argv[3]), argv + 4);
    if (!strcmp(mode, "tty") && argc >= 3) return run_tty(argv + 2);
    if (!strcmp(mode, "spin") && argc == 3) run_spin(atoi(argv[2]));
    fprintf(stderr, "usage: see the comment at the top of tool.c\n");
    return 2;
}
