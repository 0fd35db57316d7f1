#include "proxy/config/host_port.h"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <charconv>

namespace proxy {
namespace {

bool is_ipv6(const std::string& text) {
  asio::error_code error;
  asio::ip::make_address_v6(text, error);
  return !error;
}

bool is_ipv4(const std::string& text) {
  asio::error_code error;
  asio::ip::make_address_v4(text, error);
  return !error;
}

bool is_label_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// A name whose last label is all digits would be an address by RFC 1123 §2.1, and is a mistyped one here.
bool is_server_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > 253) return false;
  std::string_view label;
  for (std::size_t start = 0; start <= name.size(); start += label.size() + 1) {
    label = name.substr(start, name.find('.', start) - start);
    if (label.empty() || label.size() > 63 || !std::ranges::all_of(label, is_label_octet)) return false;
  }
  return !std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return port;
}

std::optional<HostPort> bracketed(std::string_view text, std::optional<std::uint16_t> default_port) {
  const auto close = text.find(']');
  if (close == std::string_view::npos) return std::nullopt;
  const std::string host(text.substr(1, close - 1));
  const auto rest = text.substr(close + 1);
  const auto port = rest.starts_with(':') ? parse_port(rest.substr(1)) : rest.empty() ? default_port : std::nullopt;
  if (!port || !is_ipv6(host)) return std::nullopt;
  return HostPort{host, *port};
}

}  // namespace

std::optional<HostPort> HostPort::parse(std::string_view text, std::optional<std::uint16_t> default_port) {
  if (text.starts_with('[')) return bracketed(text, default_port);
  if (std::string whole(text); default_port && is_ipv6(whole)) return HostPort{whole, *default_port};
  const auto colon = text.rfind(':');
  const std::string host(text.substr(0, colon));
  const auto port = colon == std::string_view::npos ? default_port : parse_port(text.substr(colon + 1));
  if (!port || !(is_ipv4(host) || is_server_name(host))) return std::nullopt;
  return HostPort{host, *port};
}

std::string HostPort::text() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]:" : host + ":") + std::to_string(port);
}

}  // namespace proxy
