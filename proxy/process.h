#pragma once
#include <expected>
#include <string>

namespace proxy {

// Started as root: becomes `user` for good, with its groups. Started as anybody else, or with an empty `user`: does
// nothing.
std::expected<void, std::string> become(const std::string& user);

// As many open files as the system allows us: each connection is one or two.
void raise_descriptor_limit();

}  // namespace proxy
