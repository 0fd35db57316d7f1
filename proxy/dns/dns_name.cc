#include "proxy/dns/dns_name.h"

#include <algorithm>
#include <cstddef>
#include <ranges>

#include "greylist/ascii.h"

namespace proxy {
namespace {

namespace ascii = greylist::ascii;

bool is_host_name_octet(char c) { return ascii::alphanumeric(c) || c == '-' || c == '_'; }

// `name` without a trailing dot.
bool fits(std::string_view name) {
  constexpr std::size_t max_name = 253, max_label = 63;
  if (name.empty() || name.size() > max_name) return false;
  return std::ranges::all_of(name | std::views::split('.'), [](auto&& label) {
    const auto size = static_cast<std::size_t>(std::ranges::distance(label));
    return size > 0 && size <= max_label;
  });
}

}  // namespace

std::string_view without_trailing_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

bool is_fully_qualified(std::string_view name) {
  name = without_trailing_dot(name);
  return name.contains('.') && fits(name);
}

bool is_host_name(std::string_view name) {
  name = without_trailing_dot(name);
  return fits(name) && std::ranges::all_of(name, [](char c) { return c == '.' || is_host_name_octet(c); });
}

bool is_same_or_below(std::string_view name, std::string_view domain) {
  name = without_trailing_dot(name);
  domain = without_trailing_dot(domain);
  if (name.size() < domain.size()) return false;
  const auto above = name.substr(name.size() - domain.size());
  if (!ascii::equal_ignoring_case(above, domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

}  // namespace proxy
