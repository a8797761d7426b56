/*
 * A library for LD_PRELOAD that makes a disk slow and a clock wrong, and logs a program's calls to the disk. It only
 * affects calls of the C library: not those of a statically linked program, and of wasmtime's file operations only
 * `fsync`.
 *
 *     DISK_SHIM_DELAY_MS   every fsync takes that much longer
 *     DISK_SHIM_BROKEN     fsync of a directory fails with an input/output error
 *     DISK_SHIM_CLOCK_S    the wall clock is ahead by so many seconds
 *     DISK_SHIM_STOP       the process stops itself (SIGSTOP), once: `fsync` after the first file that it synchronises,
 *                          `rename` before the first rename to a name that ends with `.json`
 *     DISK_SHIM_LOG        a file to which each call is added: `fsync PATH`, `rename FROM TO`, `unlink PATH`
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note(const char *call, const char *one, const char *two) {
    const char *path = getenv("DISK_SHIM_LOG");
    if (!path) return;
    char line[3 * PATH_MAX];
    int size = snprintf(line, sizeof line, "%s %s%s%s\n", call, one, *two ? " " : "", two);
    int log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0 || write(log, line, size) != size) abort();
    close(log);
}

static void stop_once(const char *where) {
    static int stopped;
    const char *wanted = getenv("DISK_SHIM_STOP");
    /* To this thread and not to the process: another thread might be stopped first, and this one go on for a moment. */
    if (wanted && !strcmp(wanted, where) && !__sync_lock_test_and_set(&stopped, 1)) raise(SIGSTOP);
}

static int synchronise(int (*real)(int), int file) {
    char link[64], path[PATH_MAX] = "";
    struct stat found;
    const char *delay = getenv("DISK_SHIM_DELAY_MS");
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    if (readlink(link, path, sizeof path - 1) < 0) strcpy(path, "?");
    if (delay) {
        long left = atol(delay);
        struct timespec time = { left / 1000, left % 1000 * 1000000 };
        while (nanosleep(&time, &time)) {}
    }
    int result = real(file), known = !fstat(file, &found);
    note("fsync", path, "");
    if (known && S_ISREG(found.st_mode)) stop_once("fsync");
    if (known && S_ISDIR(found.st_mode) && getenv("DISK_SHIM_BROKEN")) {
        errno = EIO;
        return -1;
    }
    return result;
}

int fsync(int file) {
    return synchronise(REAL(fsync), file);
}

int fdatasync(int file) {
    return synchronise(REAL(fdatasync), file);
}

int rename(const char *from, const char *to) {
    size_t length = strlen(to);
    if (length > 5 && !strcmp(to + length - 5, ".json")) stop_once("rename");
    note("rename", from, to);
    return REAL(rename)(from, to);
}

int unlink(const char *path) {
    note("unlink", path, "");
    return REAL(unlink)(path);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = REAL(clock_gettime)(clock, time);
    const char *ahead = getenv("DISK_SHIM_CLOCK_S");
    if (ahead && !result && clock == CLOCK_REALTIME) time->tv_sec += atol(ahead);
    return result;
}
