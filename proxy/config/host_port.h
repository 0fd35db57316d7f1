#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// "127.0.0.1:25", "[::1]:25", "postfix:25".
struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
  static std::optional<HostPort> parse(std::string_view text, std::optional<std::uint16_t> default_port = {});
  std::string text() const;
  bool operator==(const HostPort&) const = default;
};

}  // namespace proxy
