#include "proxy/log.h"

#include <unistd.h>

#include <atomic>
#include <cassert>
#include <memory>

#include "proxy/clock.h"
#include "proxy/log_writer.h"

namespace proxy {
namespace {

constexpr std::size_t most_unread = 2u << 20;  // octets of lines that nobody has read yet
constexpr int nothing = static_cast<int>(LogLevel::error) + 1;

// The log is the process' own, as stderr is.
std::atomic<int> threshold{nothing};
std::atomic<LogFormat> format_in_force{LogFormat::json};
std::atomic<bool> like_postgrey{false};
std::unique_ptr<LogWriter> writer;

LogLevel parse_level(std::string_view name) {
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error})
    if (word(level) == name) return level;
  assert(false && "the configuration knows no other level");
  return LogLevel::info;
}

}  // namespace

LogEvent::LogEvent(LogLevel level, std::string_view event) {
  if (logs(level)) line_.emplace(format_in_force.load(std::memory_order_relaxed), SystemClock().now(), level, event);
}

LogEvent& LogEvent::with(std::string_view key, std::string_view value) & {
  if (line_) line_->add(key, value);
  return *this;
}

LogEvent& LogEvent::with(std::string_view key, std::uint64_t value) & {
  if (line_) line_->add(key, value);
  return *this;
}

LogEvent& LogEvent::with(std::string_view key, const std::vector<std::string>& values) & {
  if (line_) line_->add(key, values);
  return *this;
}

LogEvent&& LogEvent::with(std::string_view key, std::string_view value) && { return std::move(with(key, value)); }

LogEvent&& LogEvent::with(std::string_view key, std::uint64_t value) && { return std::move(with(key, value)); }

LogEvent&& LogEvent::with(std::string_view key, const std::vector<std::string>& values) && {
  return std::move(with(key, values));
}

void LogEvent::write() {
  if (!line_) return;
  const std::string line = std::move(*line_).finish();
  line_.reset();
  writer->add(line);
}

bool logs(LogLevel level) { return static_cast<int>(level) >= threshold.load(std::memory_order_acquire); }

bool logs_like_postgrey() { return like_postgrey.load(std::memory_order_relaxed); }

void write_log_line(std::string_view line) {
  if (logs(LogLevel::info)) writer->add(line);
}

void start_log(std::string_view level, std::string_view format) {
  if (!writer) writer = std::make_unique<LogWriter>(STDERR_FILENO, most_unread);
  format_in_force.store(format == "json" ? LogFormat::json : LogFormat::text, std::memory_order_relaxed);
  like_postgrey.store(format == "postgrey", std::memory_order_relaxed);
  threshold.store(static_cast<int>(parse_level(level)), std::memory_order_release);
}

void stop_log() {
  threshold.store(nothing);
  writer.reset();
}

std::uint64_t dropped_log_lines() { return writer ? writer->given_up() : 0; }

}  // namespace proxy
