// Loaded before all other libraries: makes system calls fail as the file named by INBOX_TEST_FAULTS
// says, which a test changes meanwhile.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile struct {
    int64_t writes_to_live;
    int64_t syncs_fail;
    int64_t clock_shift;
} *control, nothing;

__attribute__((constructor)) static void open_control(void) {
    control = (void *)&nothing;
    const char *path = getenv("INBOX_TEST_FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof nothing, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        control = map;
    close(fd);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void count(int fd) {
    struct stat file;
    if (control->writes_to_live <= 0 || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
        return;
    if (__atomic_sub_fetch(&control->writes_to_live, 1, __ATOMIC_SEQ_CST) == 0)
        kill(getpid(), SIGKILL);
}

ssize_t write(int fd, const void *bytes, size_t size) {
    count(fd);
    return NEXT(write)(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    count(fd);
    return NEXT(pwrite)(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    count(fd);
    return NEXT(pwrite64)(fd, bytes, size, at);
}

int fsync(int fd) {
    count(fd);
    if (control->syncs_fail) {
        errno = EIO;
        return -1;
    }
    return NEXT(fsync)(fd);
}

int fdatasync(int fd) {
    count(fd);
    if (control->syncs_fail) {
        errno = EIO;
        return -1;
    }
    return NEXT(fdatasync)(fd);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = NEXT(clock_gettime)(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME)
        time->tv_sec += control->clock_shift;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int result = NEXT(gettimeofday)(now, zone);
    if (result == 0)
        now->tv_sec += control->clock_shift;
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}
