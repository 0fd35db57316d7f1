#include "generic_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "ascii.h"

namespace greylist {
namespace {

// Kinds of line. Not words that servers bear as well ("pool", "mobile").
constexpr std::array<std::string_view, 24> line_words{
    "adsl", "broadband", "cable", "catv", "cpe",  "cust",  "dhcp", "dial",  "dialin",      "dialup", "dip",  "dsl",
    "dyn",  "dynamic",   "ftth",  "gpon", "isdn", "modem", "ppp",  "pppoe", "residential", "sdsl",   "vdsl", "xdsl"};

// The runs of letters and of digits in a text.
std::vector<std::string_view> runs(std::string_view text) {
  std::vector<std::string_view> all;
  std::size_t start = 0;
  const auto kind = [&](std::size_t at) {
    if (ascii::digit(text[at])) return 1;
    return ascii::alphanumeric(text[at]) ? 2 : 0;
  };
  for (std::size_t at = 1; at <= text.size(); ++at) {
    if (at < text.size() && kind(at) == kind(start)) continue;
    if (kind(start) != 0) all.push_back(text.substr(start, at - start));
    start = at;
  }
  return all;
}

// Whether these numbers are octets of the address one after the other, forwards or backwards: all four, or three that
// are no small numbers such as servers are counted by.
bool spells_octets(const std::vector<std::string_view>& numbers, const IpAddress& client) {
  constexpr int octets = 4;
  const auto spelt = [&](std::size_t from, int octet, int step) {
    int length = 0, large = 0;
    for (auto at = from; at < numbers.size() && octet >= 0 && octet < octets; ++at, octet += step) {
      const auto& digits = numbers[at];
      int value = -1;
      std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (digits.size() > 3 || value != client.data()[octet]) break;
      ++length;
      if (value > 9) ++large;
    }
    return length == octets || (length == octets - 1 && large > 0);
  };
  for (std::size_t from = 0; from < numbers.size(); ++from)
    for (int octet = 0; octet < octets; ++octet)
      if (spelt(from, octet, 1) || spelt(from, octet, -1)) return true;
  return false;
}

std::string in_hex(const std::uint8_t* octets, std::size_t count) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text.push_back(digits[octets[i] >> 4]);
    text.push_back(digits[octets[i] & 15]);
  }
  return text;
}

std::string in_padded_decimals(const IpAddress& client) {
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto octet = std::to_string(client.data()[i]);
    text.append(3 - octet.size(), '0').append(octet);
  }
  return text;
}

bool contains_either_way(std::string_view text, std::string spelt) {
  if (text.contains(spelt)) return true;
  std::ranges::reverse(spelt);
  return text.contains(spelt);
}

bool spells_ipv4(std::string_view part, const IpAddress& client) {
  auto numbers = runs(part);
  std::erase_if(numbers, [](std::string_view run) { return !ascii::digit(run.front()); });
  return spells_octets(numbers, client) || part.contains(in_hex(client.data(), 4)) ||
         part.contains(in_padded_decimals(client));
}

// The address as people write it, with dashes, or its interface identifier (RFC 4291 §2.5.1) digit by digit, however
// they are grouped, or reversed as in ip6.arpa.
bool spells_ipv6(std::string_view part, const IpAddress& client) {
  auto dashed = client.text();
  std::ranges::replace(dashed, ':', '-');
  if (part.contains(dashed)) return true;
  std::string digits;
  std::ranges::copy_if(part, std::back_inserter(digits), ascii::hex_digit);
  constexpr std::size_t half = 8;
  return contains_either_way(digits, in_hex(client.data() + half, half));
}

}  // namespace

bool is_generic_name(std::string_view name, std::string_view organisation, const IpAddress& client) {
  if (!name.ends_with(organisation)) return false;
  const auto part = name.substr(0, name.size() - organisation.size());
  const auto is_line_word = [](std::string_view run) { return std::ranges::find(line_words, run) != line_words.end(); };
  if (std::ranges::any_of(runs(part), is_line_word)) return true;
  return client.is_v4() ? spells_ipv4(part, client) : spells_ipv6(part, client);
}

}  // namespace greylist
