#include "proxy/import/text_input.h"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace proxy {
namespace {

constexpr std::size_t buffer_size = 64 * 1024;

}  // namespace

TextInput::TextInput(std::string text) : file_(nullptr, std::fclose), buffer_(std::move(text)) {}
TextInput::TextInput(std::string path, File file) : path_(std::move(path)), file_(std::move(file)) {}

std::expected<TextInput, std::string> TextInput::open(const std::string& path) {
  File file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) return std::unexpected(path + ": " + std::strerror(errno));
  std::setvbuf(file.get(), nullptr, _IONBF, 0);  // one buffer is enough
  return TextInput(path, std::move(file));
}

bool TextInput::fill() {
  if (!file_ || failure_) return false;
  buffer_.resize(buffer_size);
  errno = 0;
  buffer_.resize(std::fread(buffer_.data(), 1, buffer_.size(), file_.get()));
  at_ = 0;
  if (std::ferror(file_.get())) failure_ = path_ + ": " + std::strerror(errno);
  return !buffer_.empty();
}

std::string_view TextInput::start(std::size_t size) {
  assert(at_ == 0);
  peek();
  return std::string_view(buffer_).substr(0, size);
}

std::optional<TextInput::Line> TextInput::line(std::size_t limit) {
  if (peek() == end) return {};
  line_.clear();
  bool whole = true;
  for (int octet = get(); octet != end && octet != '\n'; octet = get()) {
    whole = whole && line_.size() < limit;
    if (whole) line_ += static_cast<char>(octet);
  }
  if (line_.ends_with('\r')) line_.pop_back();
  return Line{line_, whole};
}

}  // namespace proxy
