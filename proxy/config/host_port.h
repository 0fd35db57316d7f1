#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// "127.0.0.1:25", "[::1]:25", "postfix:25".
struct HostPort {
  std::string host;  // an address without brackets, or a host name as written
  std::uint16_t port = 0;

  // With a default the port may be left out; then an IPv6 address needs no brackets either. Nothing if the host is
  // neither an address nor has the form of a host name (RFC 1123 §2.1, underscores let through), or the port is no
  // number below 65536. Port 0 parses: a listener may ask for any free one.
  static std::optional<HostPort> parse(std::string_view text, std::optional<std::uint16_t> default_port = {});
  std::string text() const;  // with brackets where an IPv6 address needs them
  bool operator==(const HostPort&) const = default;
};

}  // namespace proxy
