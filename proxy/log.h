#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/log_line.h"

namespace proxy {

// One event, one line, on stderr, written by a thread of its own: a full pipe drops and counts lines rather than hold
// up mail. Below the level in force, and while no log is started, nothing is built and nothing written.
//   LogEvent(LogLevel::info, "recipient").with("session", id).with("verdict", word).write();
class LogEvent {
 public:
  LogEvent(LogLevel level, std::string_view event);  // stamps it with the time
  LogEvent& with(std::string_view key, std::string_view value) &;
  LogEvent&& with(std::string_view key, std::string_view value) &&;
  LogEvent& with(std::string_view key, std::uint64_t value) &;
  LogEvent&& with(std::string_view key, std::uint64_t value) &&;
  LogEvent& with(std::string_view key, const std::vector<std::string>& values) &;
  LogEvent&& with(std::string_view key, const std::vector<std::string>& values) &&;
  void write();  // once

 private:
  std::optional<LogLine> line_;  // none: below the level in force
};

bool logs(LogLevel level);  // whether an event of that level would be written: before work done for the log alone

// Decisions about recipients are to be logged in postgrey's form (postgrey_log.h); all else is text then.
bool logs_like_postgrey();
void write_log_line(std::string_view line);  // as it is; at the level info

// "debug" "info" "warning" "error"; "json" "text" "postgrey". Again: changes both from now on. The first call and
// stop_log() are for the time when no other thread logs.
void start_log(std::string_view level, std::string_view format);
void stop_log();                    // writes what is queued and ends the thread
std::uint64_t dropped_log_lines();  // since start_log(): those that found 2 MiB waiting for the reader

}  // namespace proxy
