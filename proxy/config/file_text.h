#pragma once
#include <expected>
#include <string>

namespace proxy {

// All of a file. The error names it and says why it can't be read.
std::expected<std::string, std::string> file_text(const std::string& path);

}  // namespace proxy
