/* The programs of the benchmark: what runs inside a terminal (child.c), and what reads and types at its other end.
 *
 * They are C so that neither end is what gets measured, and one program so that one `cc` builds them all.
 *
 *   at a terminal's other end:
 *     keys FD COUNT GAP_US                           microseconds... until each key is back, a line each
 *     until FD TOKEN TIMEOUT_MS [TRIGGER]            nanoseconds, bytes, line feeds
 *     drain FD                                       until SIGTERM: the bytes read
 *     interrupt FD BYTES_S MS TIMEOUT_MS             read that slowly for so long, then ctrl-c: nanoseconds until the
 *                                                    prompt, and until the child stopped, bytes before and after
 *     open TOKEN TIMEOUT_MS PROGRAM...               nanoseconds from fork to TOKEN on a new terminal, bytes
 *   at a WebSocket:   ws ... (ws.c)
 *   beside them:      tty PROGRAM... (stdin becomes the controlling terminal) | spin CPU
 */
#include "tool.h"

#include <pty.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>

#define KEYS "jkovwxyz" /* letters that end no control sequence a multiplexer writes */
#define KEY_LIMIT_MS 2000

int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void fail(const char *what) {
    perror(what);
    exit(1);
}

int write_all(int fd, const char *data, size_t size) {
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

int find(struct finder *f, const char *data, size_t size) {
    char joint[2 * FIND_TAIL];
    size_t length = strlen(f->token), head = size < FIND_TAIL ? size : FIND_TAIL;
    memcpy(joint, f->tail, f->have);
    memcpy(joint + f->have, data, head);
    const char *from = joint, *at = memmem(joint, f->have + head, f->token, length);
    if (at == NULL) from = data, at = memmem(data, size, f->token, length);
    if (at != NULL) {
        size_t n = at - from < FIND_BEFORE ? (size_t)(at - from) : FIND_BEFORE;
        memcpy(f->before, at - n, n);
        f->before[n] = 0;
    }
    if (size >= FIND_TAIL) f->have = 0;
    size_t old = f->have + head > FIND_TAIL ? FIND_TAIL - head : f->have;
    memmove(f->tail, f->tail + f->have - old, old);
    memcpy(f->tail + old, data + size - head, head);
    f->have = old + head;
    return at != NULL;
}

/* ---- at the client ---- */

void nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

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

static int count_lines(const char *data, size_t size) {
    int lines = 0;
    for (const char *p = data, *end = data + size; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) lines++;
    return lines;
}

/* Reads until `token`, which may be split over reads. Prints nanoseconds (-1: not seen), bytes and line feeds. */
static int read_until(int fd, const char *token, int64_t start, int64_t limit) {
    static char buffer[262144];
    struct finder finder = {.token = token};
    long long bytes = 0, lines = 0;
    int64_t took = -1;
    nonblocking(fd);
    while (took < 0 && await_input(fd, limit)) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n == 0 || (n < 0 && errno != EAGAIN)) break;
        if (n <= 0) continue;
        lines += count_lines(buffer, (size_t)n);
        bytes += n;
        if (find(&finder, buffer, (size_t)n)) took = now_ns() - start;
    }
    printf("%lld %lld %lld\n", (long long)took, bytes, lines);
    fflush(stdout);
    return took < 0;
}

static volatile sig_atomic_t told_to_end;

static void end_told(int signum) { told_to_end = signum; }

void end_when_told(void) {
    struct sigaction action = {.sa_handler = end_told};
    sigaction(SIGTERM, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

int ending(void) { return told_to_end; }

static int run_drain(int fd) {
    static char buffer[262144];
    long long bytes = 0;
    int64_t start = now_ns();
    end_when_told();
    while (!ending()) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 100) < 0) continue;
        ssize_t n = p.revents ? read(fd, buffer, sizeof buffer) : -1;
        if (n == 0 || (n < 0 && p.revents && errno != EAGAIN && errno != EINTR)) break;
        if (n > 0) bytes += n;
    }
    printf("%lld %lld\n", (long long)(now_ns() - start), bytes);
    return 0;
}

/* How much may be read now by one who reads `bytes_s`: so much every SLICE_MS, and what was left of it is lost. */
size_t allowance(struct pace *pace, int64_t now) {
    if (now - pace->slice >= SLICE_MS * 1000000LL) {
        pace->slice = now - pace->slice < 2 * SLICE_MS * 1000000LL ? pace->slice + SLICE_MS * 1000000LL : now;
        pace->left = (size_t)(pace->bytes_s * SLICE_MS / 1000);
    }
    return pace->left;
}

void wait_for_slice(const struct pace *pace, int64_t now) {
    int64_t left = pace->slice + SLICE_MS * 1000000LL - now;
    struct timespec wait = {0, left > 0 ? left : 0};
    nanosleep(&wait, NULL);
}

static int run_interrupt(int fd, long long bytes_s, int ms, int timeout_ms) {
    static char buffer[65536];
    struct finder finder = {.token = PROMPT};
    struct pace pace = {.bytes_s = bytes_s};
    long long before = 0, after = 0;
    int64_t start = now_ns(), pressed = 0, took = -1, now;
    nonblocking(fd);
    while (took < 0 && ((now = now_ns()), !pressed || now - pressed < timeout_ms * 1000000LL)) {
        if (!pressed && now - start >= ms * 1000000LL) {
            pressed = now;
            if (write_all(fd, "\003", 1)) break;
        }
        size_t most = allowance(&pace, now);
        if (most == 0 || !await_input(fd, now + SLICE_MS * 1000000LL)) {
            if (most == 0) wait_for_slice(&pace, now);
            continue;
        }
        ssize_t n = read(fd, buffer, most < sizeof buffer ? most : sizeof buffer);
        if (n == 0 || (n < 0 && errno != EAGAIN)) break;
        if (n <= 0) continue;
        pace.left -= (size_t)n;
        *(pressed ? &after : &before) += n;
        if (find(&finder, buffer, (size_t)n) && pressed) took = now_ns() - pressed;
    }
    report_prompt(&finder, pressed, took, before, after);
    return took < 0;
}

/* The two numbers that the child wrote before the word (child.c); 0 where there is none. */
void numbers_before(const struct finder *finder, long long *first, long long *second) {
    const char *at = strrchr(finder->before, '=');
    while (at && at > finder->before && strchr("0123456789 ", at[-1])) at--;
    if (at) sscanf(at, "%lld %lld", first, second);
}

/* Nanoseconds from ctrl-c to the prompt, and to the child's own end of writing; bytes read before and after; and how
 * many the child wrote. */
void report_prompt(const struct finder *finder, int64_t pressed, int64_t took, long long before, long long after) {
    long long written = 0, stopped = 0;
    if (took >= 0) numbers_before(finder, &written, &stopped);
    printf("%lld %lld %lld %lld %lld\n", (long long)took, stopped ? stopped - (long long)pressed : 0, before, after,
           written);
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
    kill(child, SIGHUP); /* a client may have its own server to tell that it goes */
    for (int i = 0; i < 50 && waitpid(child, NULL, WNOHANG) == 0; i++) {
        struct timespec moment = {0, 10000000};
        nanosleep(&moment, NULL);
    }
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
    int status = run_child(argc, argv);
    if (status >= 0) return status;
    if (!strcmp(mode, "keys") && argc == 5) return run_keys(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
    if (!strcmp(mode, "until") && argc >= 5) {
        int fd = atoi(argv[2]);
        int64_t start = now_ns();
        if (argc > 5 && write_all(fd, argv[5], strlen(argv[5]))) return 1;
        return read_until(fd, argv[3], start, start + atoll(argv[4]) * 1000000LL);
    }
    if (!strcmp(mode, "drain") && argc == 3) return run_drain(atoi(argv[2]));
    if (!strcmp(mode, "interrupt") && argc == 6)
        return run_interrupt(atoi(argv[2]), atoll(argv[3]), atoi(argv[4]), atoi(argv[5]));
    if (!strcmp(mode, "open") && argc >= 5) return run_open(argv[2], atoi(argv[3]), argv + 4);
    if (!strcmp(mode, "ws") && argc >= 4) return run_websocket(argc - 2, argv + 2);
    if (!strcmp(mode, "tty") && argc >= 3) return run_tty(argv + 2);
    if (!strcmp(mode, "spin") && argc == 3) run_spin(atoi(argv[2]));
    fprintf(stderr, "usage: see the comments at the top of tool.c, child.c and ws.c\n");
    return 2;
}
