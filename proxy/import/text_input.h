#pragma once
#include <cstdio>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// A text that is read once, from front to back, through a buffer of fixed size.
class TextInput {
 public:
  // A file or a pipe. The error names the path and says why.
  static std::expected<TextInput, std::string> open(const std::string& path);
  explicit TextInput(std::string text);

  static constexpr int end = -1;
  int peek() { return at_ < buffer_.size() || fill() ? static_cast<unsigned char>(buffer_[at_]) : end; }
  int get() {
    const int octet = peek();
    if (octet != end) ++at_;
    return octet;
  }
  // Up to `size` octets that come next; they aren't taken. Before anything else was read.
  std::string_view start(std::size_t size);

  struct Line {
    std::string_view text;  // without its LF or CR LF; valid until the next call
    bool whole;             // no longer than `limit`; else the rest was thrown away
  };
  std::optional<Line> line(std::size_t limit);

  // The file couldn't be read on: what looked like the end isn't.
  const std::optional<std::string>& failure() const { return failure_; }

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  TextInput(std::string path, File file);
  bool fill();

  std::string path_;
  File file_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::string line_;
  std::optional<std::string> failure_;
};

}  // namespace proxy
