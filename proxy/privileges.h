#pragma once
#include <expected>
#include <string>

namespace proxy {

// Started as root: becomes `user` for good, with its groups. Started as anybody else, or with an empty `user`: does
// nothing.
std::expected<void, std::string> become(const std::string& user);

}  // namespace proxy
