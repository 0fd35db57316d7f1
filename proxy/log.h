#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

enum class LogLevel { debug, info, warning, error };

// One event, one line, on stderr, written by a thread of its own: a full pipe drops and counts lines rather than hold
// up mail. Text of peers is escaped: a line is always one line and, in JSON, always valid UTF-8.
//   log::Event(LogLevel::info, "recipient").with("session", id).with("verdict", word).write();
class LogEvent {
 public:
  LogEvent(LogLevel level, std::string_view event);
  LogEvent& with(std::string_view key, std::string_view value) &;
  LogEvent&& with(std::string_view key, std::string_view value) &&;
  LogEvent& with(std::string_view key, std::uint64_t value) &;
  LogEvent&& with(std::string_view key, std::uint64_t value) &&;
  LogEvent& with(std::string_view key, const std::vector<std::string>& values) &;
  LogEvent&& with(std::string_view key, const std::vector<std::string>& values) &&;
  void write();  // stamps it with the time; below the level in force: nothing

 private:
  LogLevel level_;
  std::string line_;  // grows as fields are added
};

void start_log(std::string_view level,
               std::string_view format);  // "debug" "info" "warning" "error"; "json" "text"; again: changes both
void stop_log();                          // flushes
std::uint64_t dropped_log_lines();

}  // namespace proxy
