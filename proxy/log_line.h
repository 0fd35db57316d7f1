#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "greylist/timestamp.h"

namespace proxy {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { json, text };

std::string_view word(LogLevel level);

// One line of the log as it grows, without its line feed. Whatever octets a value holds, the line stays one line:
//   JSON  an object; what isn't UTF-8 becomes U+FFFD, and all that ends a line somewhere (C0, C1, U+2028) is escaped;
//   text  time, level, event, then key=value; a value that holds more than printable ASCII, or a blank, quote,
//         backslash, comma or "=", is quoted, with \" \\ and \xHH in it. Elements of a list are joined by commas.
// Keys and events are our own words and need no escaping. A value of the log's text, not shared between threads.
class LogLine {
 public:
  LogLine(LogFormat format, greylist::Time time, LogLevel level, std::string_view event);
  void add(std::string_view key, std::string_view value);
  void add(std::string_view key, std::uint64_t value);
  void add(std::string_view key, std::span<const std::string> values);
  std::string finish() &&;

 private:
  void begin(std::string_view key);
  void append(std::string_view value);  // quoted as the format wants it

  LogFormat format_;
  std::string line_;
};

}  // namespace proxy
