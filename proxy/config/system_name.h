#pragma once
#include <string>

namespace proxy {

// The name the system gives itself.
std::string short_host_name();

// The same in full: what the resolver calls it, if it answers within a second, else the short name.
std::string full_host_name();

}  // namespace proxy
