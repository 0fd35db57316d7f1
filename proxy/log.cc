#include "proxy/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <cassert>
#include <memory>

#include "proxy/clock.h"

namespace proxy {
namespace {

constexpr std::size_t queue_length = 8'192;
constexpr int nothing = static_cast<int>(LogLevel::error) + 1;

// The log is the process' own, as stderr is.
std::atomic<int> threshold{nothing};
std::atomic<LogFormat> format_in_force{LogFormat::json};
std::atomic<bool> like_postgrey{false};
std::shared_ptr<spdlog::details::thread_pool> writer;
std::shared_ptr<spdlog::async_logger> logger;

LogLevel parse_level(std::string_view name) {
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error})
    if (word(level) == name) return level;
  assert(false && "the configuration knows no other level");
  return LogLevel::info;
}

void open_log() {
  writer = std::make_shared<spdlog::details::thread_pool>(queue_length, 1);
  logger = std::make_shared<spdlog::async_logger>("greygate", std::make_shared<spdlog::sinks::stderr_sink_mt>(), writer,
                                                  spdlog::async_overflow_policy::overrun_oldest);
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  logger->set_level(spdlog::level::trace);
}

void hand_over(std::string_view line) {
  logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
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
  hand_over(line);
}

bool logs(LogLevel level) { return static_cast<int>(level) >= threshold.load(std::memory_order_acquire); }

bool logs_like_postgrey() { return like_postgrey.load(std::memory_order_relaxed); }

void write_log_line(std::string_view line) {
  if (logs(LogLevel::info)) hand_over(line);
}

void start_log(std::string_view level, std::string_view format) {
  if (!logger) open_log();
  format_in_force.store(format == "json" ? LogFormat::json : LogFormat::text, std::memory_order_relaxed);
  like_postgrey.store(format == "postgrey", std::memory_order_relaxed);
  threshold.store(static_cast<int>(parse_level(level)), std::memory_order_release);
}

void stop_log() {
  threshold.store(nothing);
  logger.reset();
  writer.reset();
}

std::uint64_t dropped_log_lines() { return writer ? writer->overrun_counter() : 0; }

}  // namespace proxy
