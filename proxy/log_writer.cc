#include "proxy/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace proxy {
namespace {

// Waking a thread and writing are system calls: lines that come within this time share them.
constexpr std::chrono::milliseconds gathering{5};

}  // namespace

LogWriter::LogWriter(int descriptor, std::size_t room)
    : descriptor_(descriptor), room_(room), thread_([this] { run(); }) {}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
}

void LogWriter::add(std::string_view line) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (queued_.size() + being_written_ + line.size() >= room_) {
      given_up_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    queued_.append(line) += '\n';
    wake = std::exchange(idle_, false);
  }
  if (wake) changed_.notify_one();
}

void LogWriter::run() {
  std::string lines;
  while (gather(lines)) write(lines);
}

// Waits for lines, and a moment longer for those that follow. False: there are none, and won't be.
bool LogWriter::gather(std::string& lines) {
  lines.clear();
  std::unique_lock lock(mutex_);
  being_written_ = 0;
  idle_ = queued_.empty();
  changed_.wait(lock, [this] { return ending_ || !queued_.empty(); });
  idle_ = false;
  changed_.wait_for(lock, gathering, [this] { return ending_; });
  std::swap(lines, queued_);
  being_written_ = lines.size();
  return !lines.empty();
}

// A reader that went away is nobody to complain to.
void LogWriter::write(std::string_view lines) const {
  while (!lines.empty()) {
    const auto written = ::write(descriptor_, lines.data(), lines.size());
    if (written >= 0) {
      lines.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd writable{descriptor_, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace proxy
