#pragma once
#include <string_view>

namespace proxy {

std::string_view version();  // the project's, from meson.build: "0.1.0"

}  // namespace proxy
