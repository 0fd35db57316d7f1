// What a test may do to the machine under a program that is started with this library in LD_PRELOAD:
//   SLOW_DISK=DIRECTORY   each write and sync of a file below it takes 5 ms longer
//   NO_RESERVE=1          fallocate() isn't supported, as on some file systems, so that no room is kept
//   CLOCK=FILE            the time of day is as many seconds off as the file says, an int64; monotonic time isn't
#undef _FILE_OFFSET_BITS  // so that these are the functions by their own names, not those for large files
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool is_slow(int descriptor) {
  static const char* const directory = getenv("SLOW_DISK");
  if (directory == nullptr) return false;
  char path[4096];
  const auto length = readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), path, sizeof path - 1);
  if (length < 0) return false;
  path[length] = '\0';
  return std::strncmp(path, directory, std::strlen(directory)) == 0;
}

void dawdle(int descriptor) {
  if (is_slow(descriptor)) usleep(5000);
}

const std::atomic<std::int64_t>* seconds_off() {
  const char* const file = getenv("CLOCK");
  const int descriptor = file == nullptr ? -1 : open(file, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  void* const mapped = mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, descriptor, 0);
  close(descriptor);
  return mapped == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(mapped);
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* octets, size_t count) {
  static const auto real = next<decltype(&write)>("write");
  dawdle(descriptor);
  return real(descriptor, octets, count);
}

ssize_t pwrite(int descriptor, const void* octets, size_t count, off_t at) {
  static const auto real = next<decltype(&pwrite)>("pwrite");
  dawdle(descriptor);
  return real(descriptor, octets, count, at);
}

int fallocate(int descriptor, int mode, off_t at, off_t count) {
  static const auto real = next<decltype(&fallocate)>("fallocate");
  if (getenv("NO_RESERVE") == nullptr) return real(descriptor, mode, at, count);
  errno = EOPNOTSUPP;
  return -1;
}

int fsync(int descriptor) {
  static const auto real = next<decltype(&fsync)>("fsync");
  dawdle(descriptor);
  return real(descriptor);
}

int fdatasync(int descriptor) {
  static const auto real = next<decltype(&fdatasync)>("fdatasync");
  dawdle(descriptor);
  return real(descriptor);
}
}

// Of the C++ library: what waits until some time of day asks the C library and the kernel, which agree with each other.
std::chrono::system_clock::time_point std::chrono::system_clock::now() noexcept {
  static const auto* const off = seconds_off();
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return time_point(seconds(time.tv_sec + (off == nullptr ? 0 : off->load())) + nanoseconds(time.tv_nsec));
}
