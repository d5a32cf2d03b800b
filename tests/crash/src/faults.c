// A library to be preloaded: it makes the N-th call that changes a file of the workspace the last
// one of the process, or makes such calls fail, as a crash or a failing disk would.
//
// Environment:
//   HEADWATER_FAULT_PATH  text that the path of a file holds if its calls count
//   HEADWATER_FAULT       kill: die before the call; torn: die after half of what it writes;
//                         power: die before the call, or at the end of the process, and undo
//                         what was not forced to disk;
//                         error: fail with HEADWATER_FAULT_ERRNO; quota: fail with it once
//                         HEADWATER_FAULT_AT bytes have been written; nothing: only count
//   HEADWATER_FAULT_AT    the first call that is hit, from 1
//   HEADWATER_FAULT_LAST  the last call that is hit (only error); the first if it is not given
//   HEADWATER_FAULT_LOG   file that gets a line for the call that was hit, and at the end of the
//                         process one with the number of calls

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum action { NOTHING, KILL, TORN, POWER, ERROR, QUOTA };

// What a file held before a call that has not been forced to disk yet.
struct undo {
  struct undo *before;
  char *path;
  off_t size;   // of the file
  off_t offset; // of the bytes
  size_t count;
  int existed;
  char bytes[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum action action;
static const char *wanted, *log_path;
static unsigned long first, last, calls, written;
static int failure;
static struct undo *undos;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);
static int (*real_open)(const char *, int, ...);

static unsigned long number(const char *name, unsigned long otherwise) {
  const char *text = getenv(name);
  return text == NULL ? otherwise : strtoul(text, NULL, 10);
}

static void prepare(void) {
  *(void **)&real_write = dlsym(RTLD_NEXT, "write");
  *(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite");
  *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
  *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  *(void **)&real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  *(void **)&real_unlink = dlsym(RTLD_NEXT, "unlink");
  *(void **)&real_open = dlsym(RTLD_NEXT, "open64");
  static const char *const names[] = {"nothing", "kill", "torn", "power", "error", "quota"};
  const char *name = getenv("HEADWATER_FAULT");
  for (int index = 0; name != NULL && index < 6; index++)
    if (strcmp(name, names[index]) == 0)
      action = (enum action)index;
  wanted = getenv("HEADWATER_FAULT_PATH");
  log_path = getenv("HEADWATER_FAULT_LOG");
  first = number("HEADWATER_FAULT_AT", 0);
  last = number("HEADWATER_FAULT_LAST", first);
  failure = (int)number("HEADWATER_FAULT_ERRNO", ENOSPC);
}

static void note(const char *what, const char *path, unsigned long count) {
  if (log_path == NULL)
    return;
  int file = real_open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0)
    return;
  char line[PATH_MAX + 128];
  const char *name = strrchr(path, '/');
  int length =
      snprintf(line, sizeof line, "%s %s %lu\n", what, name == NULL ? path : name + 1, count);
  if (length > 0 && real_write(file, line, (size_t)length) < 0)
    abort();
  close(file);
}

static int is_wanted(const char *path) { return wanted != NULL && strstr(path, wanted) != NULL; }

static int path_of(int file, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0)
    return 0;
  path[length] = 0;
  return is_wanted(path);
}

// Keeps what a call is about to change. Called with the lock held.
static void keep(const char *path, off_t offset, size_t count) {
  if (action != POWER)
    return;
  struct stat found = {0};
  int existed = stat(path, &found) == 0;
  size_t held = 0;
  if (existed && offset < found.st_size)
    held = (size_t)(found.st_size - offset) < count ? (size_t)(found.st_size - offset) : count;
  struct undo *undo = calloc(1, sizeof *undo + held);
  if (undo == NULL)
    abort();
  if (held > 0) {
    int file = real_open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || pread(file, undo->bytes, held, offset) != (ssize_t)held)
      abort();
    close(file);
  }
  undo->before = undos;
  undo->path = strdup(path);
  undo->size = existed ? found.st_size : 0;
  undo->offset = offset;
  undo->count = held;
  undo->existed = existed;
  undos = undo;
}

// Forgets how to undo what has been forced to disk: the file, and that it exists.
static void forced(const char *path) {
  for (struct undo **place = &undos; *place != NULL;) {
    struct undo *undo = *place;
    if (strcmp(undo->path, path) == 0) {
      *place = undo->before;
      free(undo->path);
      free(undo);
    } else {
      place = &undo->before;
    }
  }
}

// Loses what was not forced to disk, the latest change first.
static void lose(void) {
  for (struct undo *undo = undos; undo != NULL; undo = undo->before) {
    if (!undo->existed) {
      real_unlink(undo->path);
      continue;
    }
    int file = real_open(undo->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0)
      abort();
    if (undo->count > 0 &&
        real_pwrite(file, undo->bytes, undo->count, undo->offset) != (ssize_t)undo->count)
      abort();
    if (real_ftruncate(file, undo->size) != 0)
      abort();
    close(file);
  }
}

static void die(const char *what, const char *path) {
  note(what, path, calls);
  if (action == POWER)
    lose();
  kill(getpid(), SIGKILL);
  for (;;)
    pause();
}

// Counts a call; says whether it must fail. Does not return where the process dies before it.
static int hit(const char *what, const char *path, int writes, size_t count) {
  calls++;
  if (action == QUOTA && writes) {
    if (written + count > first) {
      if (written <= first)
        note(what, path, calls);
      written = first + 1; // full for good
      return 1;
    }
    written += count;
    return 0;
  }
  if (first == 0 || calls < first || calls > last)
    return 0;
  if (action == KILL || action == POWER)
    die(what, path);
  if (action == TORN && !writes)
    die(what, path);
  if (action == ERROR) {
    note(what, path, calls);
    return 1;
  }
  return action == TORN;
}

static ssize_t on_write(const char *what, int file, const void *bytes, size_t count, off_t offset) {
  pthread_once(&once, prepare);
  char path[PATH_MAX];
  if (!path_of(file, path))
    return offset < 0 ? real_write(file, bytes, count) : real_pwrite(file, bytes, count, offset);
  off_t place = offset < 0 ? lseek(file, 0, SEEK_CUR) : offset;
  pthread_mutex_lock(&lock);
  if (hit(what, path, 1, count)) {
    if (action == TORN) {
      if (real_pwrite(file, bytes, count / 2, place) < 0)
        abort();
      die(what, path);
    }
    pthread_mutex_unlock(&lock);
    errno = failure;
    return -1;
  }
  keep(path, place, count);
  ssize_t result =
      offset < 0 ? real_write(file, bytes, count) : real_pwrite(file, bytes, count, offset);
  pthread_mutex_unlock(&lock);
  return result;
}

ssize_t write(int file, const void *bytes, size_t count) {
  return on_write("write", file, bytes, count, -1);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  return on_write("pwrite", file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) {
  return on_write("pwrite", file, bytes, count, offset);
}

static int on_sync(const char *what, int file, int (*real)(int)) {
  char path[PATH_MAX];
  if (!path_of(file, path))
    return real(file);
  pthread_mutex_lock(&lock);
  int fails = hit(what, path, 0, 0);
  int result = -1;
  if (!fails && (result = real(file)) == 0)
    forced(path);
  pthread_mutex_unlock(&lock);
  if (fails)
    errno = failure;
  return result;
}

int fsync(int file) {
  pthread_once(&once, prepare);
  return on_sync("fsync", file, real_fsync);
}

int fdatasync(int file) {
  pthread_once(&once, prepare);
  return on_sync("fdatasync", file, real_fdatasync);
}

int ftruncate64(int file, off_t size) {
  pthread_once(&once, prepare);
  char path[PATH_MAX];
  if (!path_of(file, path))
    return real_ftruncate(file, size);
  pthread_mutex_lock(&lock);
  int fails = hit("ftruncate", path, 0, 0);
  int result = -1;
  if (!fails) {
    struct stat found;
    if (fstat(file, &found) == 0 && found.st_size > size)
      keep(path, size, (size_t)(found.st_size - size));
    result = real_ftruncate(file, size);
  }
  pthread_mutex_unlock(&lock);
  if (fails)
    errno = failure;
  return result;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

int unlink(const char *path) {
  pthread_once(&once, prepare);
  if (!is_wanted(path))
    return real_unlink(path);
  pthread_mutex_lock(&lock);
  int fails = hit("unlink", path, 0, 0);
  int result = -1;
  if (!fails && (result = real_unlink(path)) == 0)
    forced(path);
  pthread_mutex_unlock(&lock);
  if (fails)
    errno = failure;
  return result;
}

static int on_open(const char *path, int flags, mode_t mode) {
  pthread_once(&once, prepare);
  if (!is_wanted(path) || (flags & O_CREAT) == 0 || access(path, F_OK) == 0)
    return real_open(path, flags, mode);
  pthread_mutex_lock(&lock);
  int fails = hit("create", path, 0, 0);
  int result = -1;
  if (!fails) {
    keep(path, 0, 0);
    result = real_open(path, flags, mode);
  }
  pthread_mutex_unlock(&lock);
  if (fails)
    errno = failure;
  return result;
}

static mode_t mode_of(int flags, va_list rest) {
  return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return on_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return on_open(path, flags, mode);
}

__attribute__((destructor)) static void finish(void) {
  pthread_once(&once, prepare);
  note("calls", "", calls);
  if (action == POWER)
    lose(); // a process that has ended does not keep the power from failing
}
