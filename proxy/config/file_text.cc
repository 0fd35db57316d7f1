#include "proxy/config/file_text.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace proxy {

std::expected<std::string, std::string> file_text(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) return std::unexpected(path + ": " + std::strerror(errno ? errno : EIO));
  return text;
}

}  // namespace proxy
