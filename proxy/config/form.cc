#include "proxy/config/form.h"

#include <algorithm>
#include <asio/ip/address.hpp>

#include "greylist/domain_name.h"
#include "greylist/ip_address.h"
#include "greylist/rules/time_of_week.h"
#include "proxy/config/duration.h"
#include "proxy/config/host_port.h"

namespace proxy {
namespace {

std::optional<asio::ip::address> address(const std::string& text) {
  asio::error_code error;
  auto parsed = asio::ip::make_address(text, error);
  if (error) return std::nullopt;
  return parsed;
}

bool is_listener(const std::string& text) {
  const auto parsed = HostPort::parse(text);
  return parsed && address(parsed->host);
}

bool is_peer(const std::string& text) {
  const auto parsed = HostPort::parse(text);
  return parsed && parsed->port != 0;
}

bool is_dns_server(const std::string& text) {
  const auto parsed = HostPort::parse(text, 53);
  return parsed && parsed->port != 0 && address(parsed->host);
}

bool is_network(const std::string& text) { return greylist::Network::parse(text).has_value(); }

// RFC 5321 §4.1.1.1: what greets is a domain of A-labels.
bool is_greeting_name(std::string_view text) {
  return greylist::is_domain_name(text) &&
         std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_domain_entry(std::string_view text) {
  return text == "*" || greylist::is_domain_name(greylist::without_wildcard(text));
}

// RFC 3463 §2: class "." subject "." detail, of at most three digits each; class 4 says "try again".
bool is_enhanced_4(std::string_view text) {
  if (!text.starts_with("4.")) return false;
  text.remove_prefix(2);
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.size() <= 3 && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  const auto dot = text.find('.');
  return dot != std::string_view::npos && is_number(text.substr(0, dot)) && is_number(text.substr(dot + 1));
}

}  // namespace

std::optional<std::string> expected_instead(Form form, const std::string& text) {
  const auto unless = [](bool good, const char* expected) -> std::optional<std::string> {
    if (good) return std::nullopt;
    return expected;
  };
  switch (form) {
    case Form::free:
    case Form::client:
    case Form::address: return std::nullopt;
    case Form::host_name: return unless(is_greeting_name(text), "a host name such as \"mx1.example.org\"");
    case Form::listener:
      return unless(is_listener(text), "an address and a port such as \"127.0.0.1:25\" or \"[::1]:25\"");
    case Form::peer:
      return unless(is_peer(text), "a host and a port such as \"127.0.0.1:10025\", \"[::1]:25\" or \"postfix:25\"");
    case Form::dns_server:
      return unless(is_dns_server(text), "an address, with a port or not, such as \"127.0.0.1:5353\" or \"9.9.9.9\"");
    case Form::network:
      return unless(is_network(text), "a network such as \"192.0.2.0/24\" or \"2001:db8::/32\", or an address");
    case Form::domain:
      return unless(is_domain_entry(text), "a domain such as \"example.org\", \"*.example.org\" or \"*\"");
    case Form::enhanced: return unless(is_enhanced_4(text), "an enhanced status code 4.x.x such as \"4.2.0\"");
    case Form::time: {
      const auto time = greylist::TimeOfWeek::parse(text);
      return time ? std::nullopt : std::optional(time.error());
    }
    case Form::rate:
      return unless(parse_rate(text).has_value(), "attempts and a period such as \"100/1h\", between 1 s and 30 days");
    case Form::path: return unless(!text.contains('\0'), "a path");
  }
  return std::nullopt;
}

}  // namespace proxy
