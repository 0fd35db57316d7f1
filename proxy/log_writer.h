#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace proxy {

// Writes lines to a descriptor on a thread of its own, many at once: whoever adds a line neither waits for the reader
// nor, as long as lines keep coming, wakes the thread. Lines that find no room are given up and counted. What is queued
// at the end is written.
class LogWriter {
 public:
  LogWriter(int descriptor, std::size_t room);  // octets that may wait for the reader
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void add(std::string_view line);  // any thread; without its line feed
  std::uint64_t given_up() const { return given_up_.load(std::memory_order_relaxed); }

 private:
  void run();
  bool gather(std::string& lines);
  void write(std::string_view lines) const;

  const int descriptor_;
  const std::size_t room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string queued_;
  std::size_t being_written_ = 0;  // octets that have left the queue and may not be written yet
  bool idle_ = false;              // the thread waits for the first line
  bool ending_ = false;
  std::atomic<std::uint64_t> given_up_ = 0;
  std::jthread thread_;
};

}  // namespace proxy
