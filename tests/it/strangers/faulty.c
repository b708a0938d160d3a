/* A disk whose writes fail when they are told to: loaded before the C library. The file FAULTY_DISK holds three numbers:
   writes that still succeed, how many fail after them, and with which error. Only files below FAULTY_DIR count. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static int *told;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULTY_DISK");
  int fd = path ? open(path, O_RDWR) : -1;
  void *at = fd < 0 ? MAP_FAILED : mmap(0, 3 * sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) told = at;
}

static int fails(int fd) {
  char link[32], path[4096];
  const char *dir = getenv("FAULTY_DIR");
  if (!told || !dir || __atomic_load_n(&told[1], __ATOMIC_SEQ_CST) <= 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  if (strncmp(path, dir, strlen(dir)) != 0) return 0;
  if (__atomic_fetch_sub(&told[0], 1, __ATOMIC_SEQ_CST) > 0) return 0;
  if (__atomic_fetch_sub(&told[1], 1, __ATOMIC_SEQ_CST) <= 0) return 0;
  errno = told[2];
  return 1;
}

#define PASS(kind, name, parameters, arguments)            \
  kind name parameters {                                   \
    static kind(*real) parameters;                         \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name);  \
    return fails(fd) ? -1 : real arguments;                \
  }

PASS(ssize_t, write, (int fd, const void *data, size_t n), (fd, data, n))
PASS(ssize_t, writev, (int fd, const struct iovec *data, int n), (fd, data, n))
PASS(ssize_t, pwrite, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
PASS(ssize_t, pwrite64, (int fd, const void *data, size_t n, off64_t at), (fd, data, n, at))
PASS(int, fsync, (int fd), (fd))
PASS(int, fdatasync, (int fd), (fd))
PASS(int, sync_file_range, (int fd, off64_t at, off64_t n, unsigned how), (fd, at, n, how))
