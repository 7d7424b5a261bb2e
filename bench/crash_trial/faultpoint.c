/* Preloaded into a process under trial: ends it by SIGKILL at its n-th sync, write, rename or unlink of a regular file.
 * FAULT_POINT=sync:17:before; `after` lets the call happen first, `torn` lets half of a write happen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char call[16], how[16];
static atomic_long left = 0;

__attribute__((constructor)) static void read_point(void) {
    long number = 0;
    const char *text = getenv("FAULT_POINT");
    if (text != NULL && sscanf(text, "%15[a-z]:%ld:%15[a-z]", call, &number, how) == 3)
        left = number;
}

static int is_reached(const char *name) {
    return call[0] != 0 && strcmp(call, name) == 0 && atomic_fetch_sub(&left, 1) == 1;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static int is_file(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

#define AROUND(name, type, function, declared, passed)                        \
    type function declared {                                                  \
        static type(*real) declared;                                          \
        if (real == NULL)                                                     \
            *(void **)&real = dlsym(RTLD_NEXT, #function);                    \
        int reached = is_reached(name);                                       \
        if (reached && strcmp(how, "before") == 0)                            \
            die();                                                            \
        type result = real passed;                                            \
        if (reached)                                                          \
            die();                                                            \
        return result;                                                        \
    }

AROUND("sync", int, fsync, (int fd), (fd))
AROUND("sync", int, fdatasync, (int fd), (fd))
AROUND("rename", int, rename, (const char *from, const char *to), (from, to))
AROUND("unlink", int, unlink, (const char *path), (path))

#define WRITING(function, declared, whole, half)                              \
    ssize_t function declared {                                               \
        static ssize_t(*real) declared;                                       \
        if (real == NULL)                                                     \
            *(void **)&real = dlsym(RTLD_NEXT, #function);                    \
        if (call[0] != 'w' || !is_file(fd) || !is_reached("write"))           \
            return real whole;                                                \
        if (strcmp(how, "before") == 0)                                       \
            die();                                                            \
        ssize_t result = strcmp(how, "torn") == 0 ? real half : real whole;   \
        die();                                                                \
        return result;                                                        \
    }

WRITING(write, (int fd, const void *data, size_t size), (fd, data, size), (fd, data, size / 2))
WRITING(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), (fd, data, size / 2, at))
WRITING(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), (fd, data, size / 2, at))
