#pragma once
#include <expected>
#include <string>

namespace proxy {

constexpr const char* default_config = "/etc/greygate/greygate.json";

// The path that `admin.socket` names in a configuration file; the default if it doesn't, or if there is no file at the
// default place. Nothing but that key is looked at, and even a file that isn't JSON any more may tell: while the proxy
// runs, its administrator may have broken it. The error: the file can't be read, or the key isn't a text.
std::expected<std::string, std::string> admin_socket(const std::string& config);

}  // namespace proxy
