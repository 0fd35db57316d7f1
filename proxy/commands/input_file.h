#pragma once
#include <cstdio>
#include <expected>
#include <memory>
#include <string>

namespace proxy {

// A file that a command was given, "-" being stdin. Errors name it and say why.
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
std::expected<File, std::string> open_file(const std::string& path);

// A path where something stands that can be read more than once: the file itself, or a copy of what came through a
// pipe, which is removed with this.
class RereadableFile {
 public:
  static std::expected<RereadableFile, std::string> of(const std::string& path);
  const std::string& path() const { return path_; }

  ~RereadableFile();
  RereadableFile(RereadableFile&& other) noexcept;
  RereadableFile& operator=(RereadableFile&&) = delete;

 private:
  RereadableFile(std::string path, bool copy) : path_(std::move(path)), copy_(copy) {}
  std::string path_;
  bool copy_;
};

}  // namespace proxy
