#include "proxy/commands/output.h"

#include <cerrno>
#include <cstring>

#include "proxy/commands/text.h"

namespace proxy {

bool Output::print(std::string_view text) {
  if (error_ == 0 && std::fwrite(text.data(), 1, text.size(), stream_) != text.size()) error_ = errno;
  return error_ == 0;
}

int Output::end(int code) {
  if (error_ == 0 && std::fflush(stream_) != 0) error_ = errno;
  if (error_ == 0) return code;
  if (error_ != EPIPE) complain(std::string("stdout: ") + std::strerror(error_));
  return failed;
}

void complain(std::string_view what) {
  const auto line = "greygate: " + printable(what) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace proxy
