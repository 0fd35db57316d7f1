#include "proxy/log_line.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "smtp/utf8.h"

namespace proxy {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

template <std::size_t digits>
void append_number(std::string& line, unsigned number) {
  std::array<char, digits> text;
  for (std::size_t i = digits; i-- > 0; number /= 10) text[i] = static_cast<char>('0' + number % 10);
  line.append(text.data(), digits);
}

// RFC 3339, in UTC, to the millisecond.
void append_time(std::string& line, greylist::Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto since_midnight = static_cast<unsigned>((time - day).count());
  append_number<4>(line, static_cast<unsigned>(static_cast<int>(date.year())));
  line += '-';
  append_number<2>(line, static_cast<unsigned>(date.month()));
  line += '-';
  append_number<2>(line, static_cast<unsigned>(date.day()));
  line += 'T';
  append_number<2>(line, since_midnight / 3'600'000);
  line += ':';
  append_number<2>(line, since_midnight / 60'000 % 60);
  line += ':';
  append_number<2>(line, since_midnight / 1'000 % 60);
  line += '.';
  append_number<3>(line, since_midnight % 1'000);
  line += 'Z';
}

void append_escaped(std::string& line, unsigned character) {
  line += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) line += hex[character >> shift & 0xF];
}

// Of two or three octets of UTF-8: some readers of lines also end them at a C1 control, U+2028 or U+2029.
bool may_end_line(std::string_view character) {
  return (character[0] == '\xC2' && character[1] < '\xA0') || character == "\u2028" || character == "\u2029";
}

// The code point of two or three octets of UTF-8.
unsigned code_point(std::string_view character) {
  unsigned value = static_cast<unsigned char>(character[0]) & (0x7Fu >> character.size());
  for (const char c : character.substr(1)) value = value << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return value;
}

bool stands_for_itself(char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; }

// RFC 8259 §7.
void append_json(std::string& line, std::string_view value) {
  line += '"';
  while (!value.empty()) {
    // Nearly all there is, at once.
    const auto plain = std::ranges::find_if_not(value, stands_for_itself) - value.begin();
    line.append(value.substr(0, static_cast<std::size_t>(plain)));
    value.remove_prefix(static_cast<std::size_t>(plain));
    if (value.empty()) break;
    const auto length = smtp::utf8_character(value);
    const auto character = value.substr(0, std::max<std::size_t>(length, 1));
    const char c = character[0];
    if (length == 0)
      append_escaped(line, 0xFFFD);
    else if (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F))
      append_escaped(line, static_cast<unsigned char>(c));
    else if (length > 1 && may_end_line(character))
      append_escaped(line, code_point(character));
    else if (c == '"' || c == '\\')
      (line += '\\') += c;
    else
      line.append(character);
    value.remove_prefix(character.size());
  }
  line += '"';
}

bool is_plain(char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '=' && c != ','; }

bool is_plain(std::string_view value) {
  for (const char c : value)
    if (!is_plain(c)) return false;
  return !value.empty();
}

void append_text(std::string& line, std::string_view value) {
  if (is_plain(value)) {
    line.append(value);
    return;
  }
  line += '"';
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (line += '\\') += c;
    else if (c >= ' ' && c < 0x7F)
      line += c;
    else
      ((line += "\\x") += hex[octet >> 4]) += hex[octet & 0xF];
  }
  line += '"';
}

}  // namespace

std::string_view word(LogLevel level) {
  static constexpr std::array words{std::string_view("debug"), std::string_view("info"), std::string_view("warning"),
                                    std::string_view("error")};
  return words[static_cast<std::size_t>(level)];
}

LogLine::LogLine(LogFormat format, greylist::Time time, LogLevel level, std::string_view event) : format_(format) {
  line_.reserve(400);  // most lines fit: one allocation each
  const bool json = format_ == LogFormat::json;
  if (json) line_ += R"({"time":")";
  append_time(line_, time);
  line_.append(json ? R"(","level":")" : " ").append(word(level));
  line_.append(json ? R"(","event":")" : " ").append(event);
  if (json) line_ += '"';
}

void LogLine::add(std::string_view key, std::string_view value) {
  begin(key);
  append(value);
}

void LogLine::add(std::string_view key, std::uint64_t value) {
  begin(key);
  line_.append(std::to_string(value));
}

void LogLine::add(std::string_view key, std::span<const std::string> values) {
  begin(key);
  if (format_ == LogFormat::json) line_ += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) line_ += ',';
    append(values[i]);
  }
  if (format_ == LogFormat::json) line_ += ']';
}

std::string LogLine::finish() && {
  if (format_ == LogFormat::json) line_ += '}';
  return std::move(line_);
}

void LogLine::begin(std::string_view key) {
  if (format_ == LogFormat::json)
    line_.append(",\"").append(key).append("\":");
  else
    line_.append(" ").append(key).append("=");
}

void LogLine::append(std::string_view value) {
  if (format_ == LogFormat::json)
    append_json(line_, value);
  else
    append_text(line_, value);
}

}  // namespace proxy
