#include "proxy/commands/input_file.h"

#include <stdlib.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace proxy {
namespace {

std::unexpected<std::string> system_error(const std::string& path) {
  return std::unexpected(path + ": " + std::strerror(errno));
}

}  // namespace

std::expected<File, std::string> open_file(const std::string& path) {
  File file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return system_error(path);
  return file;
}

std::expected<RereadableFile, std::string> RereadableFile::of(const std::string& path) {
  std::error_code ignored;
  const auto type = std::filesystem::status(path, ignored).type();
  const bool passing = path == "-" || type == std::filesystem::file_type::fifo;
  if (!passing) return RereadableFile(path, false);

  auto name = (std::filesystem::temp_directory_path() / "greygate-import.XXXXXX").string();
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) return system_error(name);
  RereadableFile copy(name, true);
  const File to(::fdopen(descriptor, "wb"), std::fclose);
  const auto from = open_file(path);
  if (!from) return std::unexpected(from.error());
  std::array<char, 64 * 1024> room;
  while (const auto size = std::fread(room.data(), 1, room.size(), from->get()))
    if (std::fwrite(room.data(), 1, size, to.get()) != size) return system_error(name);
  if (std::ferror(from->get()) != 0) return system_error(path);
  if (std::fflush(to.get()) != 0) return system_error(name);
  return copy;
}

RereadableFile::~RereadableFile() {
  if (copy_) ::unlink(path_.c_str());
}

RereadableFile::RereadableFile(RereadableFile&& other) noexcept
    : path_(std::move(other.path_)), copy_(std::exchange(other.copy_, false)) {}

}  // namespace proxy
