/* What runs inside a terminal: an agent's part. The clients at the other end find its words in what they read.
 *
 *   echo | start | idle | flood BYTES | forever | past BYTES | ticker MS
 *   ask          (reads a line that names one of them: for servers that run one program only)
 *   expect BYTES (what `flood BYTES` writes before its end, to compare with)
 */
#include "tool.h"

#include <sys/ioctl.h>
#include <termios.h>

#define LINE 80   /* bytes of a flood's line, with its CR LF */
#define LINES 100 /* lines of one write: 8,000 bytes */
#define TICK 1024 /* bytes of a ticker's millisecond */
#define CELL 64   /* of which a line has this many */

static volatile sig_atomic_t interrupted;

static void raw_terminal(void) {
    struct termios t;
    if (tcgetattr(0, &t)) fail("tcgetattr");
    cfmakeraw(&t);
    tcsetattr(0, TCSANOW, &t);
}

static void ready(void) { write_all(1, "READY\r\n", 7); }

static int wait_for_end(void) {
    char buffer[256];
    while (read(0, buffer, sizeof buffer) > 0) {}
    return 0;
}

static int run_start(void) {
    raw_terminal();
    ready();
    return wait_for_end();
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

/* As `write_all`, but an interrupt ends it. How many bytes were written; -1 when the terminal is gone. */
static ssize_t write_some(const char *data, size_t size) {
    size_t done = 0;
    while (done < size && !interrupted) {
        ssize_t n = write(1, data + done, size - done);
        if (n < 0 && errno != EINTR) return -1;
        if (n > 0) done += (size_t)n;
    }
    return (ssize_t)done;
}

/* `bytes` of numbered lines (all there are when it is negative, until an interrupt); the last line may be cut.
 * How many bytes were written; -1 when the terminal is gone. */
static long long emit(long long bytes) {
    static char block[LINE * LINES];
    long long written = 0;
    for (long long line = 0; written != bytes && !interrupted; line += LINES) {
        size_t size = sizeof block;
        if (bytes > 0 && (long long)size > bytes - written) size = (size_t)(bytes - written);
        fill(block, line);
        ssize_t n = write_some(block, size);
        if (n < 0) return -1;
        written += n;
    }
    return written;
}

static int run_flood(long long bytes) {
    char byte;
    raw_terminal();
    ready();
    if (read(0, &byte, 1) != 1) return 0;
    if (emit(bytes) < 0) return 0;
    write_all(1, END "\r\n", strlen(END) + 2);
    return wait_for_end();
}

/* The prompt tells how much was written before it, and when (nanoseconds) that ended. */
static int show_prompt(long long written, int64_t at) {
    char line[96];
    int n = snprintf(line, sizeof line, "\r\n%lld %lld=" PROMPT "$ ", written, (long long)at);
    write_all(1, line, (size_t)n);
    return wait_for_end();
}

static void interrupt(int signum) { interrupted = signum; }

static int run_forever(void) {
    struct sigaction action = {.sa_handler = interrupt}; /* no SA_RESTART: the write under way ends too */
    struct termios t;
    raw_terminal();
    if (tcgetattr(0, &t)) fail("tcgetattr");
    t.c_lflag |= ISIG | NOFLSH; /* ctrl-c throws nothing away: every byte that was written can be asked for */
    tcsetattr(0, TCSANOW, &t);
    sigaction(SIGINT, &action, NULL);
    ready();
    long long written = emit(-1);
    int64_t at = now_ns();
    return written < 0 ? 0 : show_prompt(written, at);
}

static int run_past(long long bytes) {
    raw_terminal();
    ready();
    return emit(bytes) < 0 ? 0 : show_prompt(bytes, 0);
}

/* 1 KB every millisecond, from the first key on: "@" and the time begin each, digits and dots fill it. What is typed
 * meanwhile comes back at once. The last line says how many ticks there were: a terminal that is held has fewer. */
static int run_ticker(int duration_ms) {
    static char block[TICK + 1];
    char in[256], last[64];
    raw_terminal();
    ready();
    if (read(0, in, 1) != 1) return 0;
    for (int i = 0; i < TICK; i += CELL) {
        memset(block + i, '.', CELL);
        memcpy(block + i + CELL - 2, "\r\n", 2);
    }
    int64_t start = now_ns();
    long ticks = 0;
    while (now_ns() - start < duration_ms * 1000000LL) {
        int64_t due = (start + (ticks + 1) * 1000000LL - now_ns()) / 1000;
        struct timespec wait = {0, due > 0 ? due * 1000 : 0};
        struct pollfd p = {0, POLLIN, 0};
        if (ppoll(&p, 1, &wait, NULL) > 0) {
            ssize_t n = read(0, in, sizeof in);
            if (n <= 0 || write_all(1, in, (size_t)n)) return 0;
            continue;
        }
        char stamp[24];
        snprintf(stamp, sizeof stamp, "@%019lld", (long long)now_ns());
        memcpy(block, stamp, 20);
        if (write_all(1, block, TICK)) return 0;
        ticks++;
    }
    int n = snprintf(last, sizeof last, "\r\n%ld=" END "\r\n", ticks);
    write_all(1, last, (size_t)n);
    return wait_for_end();
}

static int run_ask(void) {
    char line[128];
    char *words[4] = {"child"};
    size_t size = 0;
    int count = 1;
    raw_terminal();
    write_all(1, "ASK\r\n", 5);
    while (size < sizeof line - 1 && read(0, line + size, 1) == 1 && line[size] != '\n') size++;
    line[size] = 0;
    for (char *word = strtok(line, " "); word && count < 4; word = strtok(NULL, " ")) words[count++] = word;
    return run_child(count, words);
}

int run_child(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    const char *given = argc > 2 ? argv[2] : "0";
    if (!strcmp(mode, "echo")) return run_echo();
    if (!strcmp(mode, "start") || !strcmp(mode, "idle")) return run_start();
    if (!strcmp(mode, "flood")) return run_flood(atoll(given));
    if (!strcmp(mode, "forever")) return run_forever();
    if (!strcmp(mode, "past")) return run_past(atoll(given));
    if (!strcmp(mode, "ticker")) return run_ticker(atoi(given));
    if (!strcmp(mode, "ask")) return run_ask();
    if (!strcmp(mode, "expect")) {
        ready();
        return emit(atoll(given)) < 0;
    }
    return -1;
}
