#include "proxy/spf/macro.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <utility>

#include "greylist/ascii.h"
#include "proxy/dns/dns_name.h"

namespace proxy {
namespace {

namespace ascii = greylist::ascii;

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view letters = "slodipvh";  // c, r and t stand in explanations alone, which nobody asks us for
constexpr std::string_view delimiters = ".-+,/_=";
constexpr std::size_t max_name = 253;

std::string dotted(const greylist::IpAddress& address) {
  if (address.is_v4()) return address.text();
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    const unsigned octet = address.data()[i];
    if (i > 0) text += '.';
    text += {hex_digits[octet >> 4], '.', hex_digits[octet & 0xf]};
  }
  return text;
}

std::string value_of(char letter, const SpfMacroValues& values) {
  switch (letter) {
    case 's': return values.local_part + "@" + values.sender_domain;
    case 'l': return values.local_part;
    case 'o': return values.sender_domain;
    case 'd': return values.domain;
    case 'i': return dotted(values.client);
    case 'p': return values.validated_name;
    case 'v': return values.client.is_v4() ? "in-addr" : "ip6";
    case 'h': return values.helo;
    default: return {};
  }
}

std::string escaped_for_url(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (ascii::alphanumeric(c) || std::string_view("-._~").contains(c)) {
      escaped += c;
      continue;
    }
    const auto octet = static_cast<std::uint8_t>(c);
    escaped += {'%', hex_digits[octet >> 4], hex_digits[octet & 0xf]};
  }
  return escaped;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const auto end = text.find_first_of(separators);
    pieces.push_back(text.substr(0, end));
    if (end == text.npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

// toplabel of RFC 7208 §7.1: letters, digits and inner hyphens, not digits alone.
bool is_top_label(std::string_view label) {
  const auto fits = [](char c) { return ascii::alphanumeric(c) || c == '-'; };
  return !label.empty() && std::ranges::all_of(label, fits) && !std::ranges::all_of(label, ascii::digit) &&
         !label.starts_with('-') && !label.ends_with('-');
}

}  // namespace

std::optional<SpfMacroString> SpfMacroString::parse(std::string_view text) {
  SpfMacroString parsed;
  std::string literal;
  while (!text.empty()) {
    const char c = text.front();
    const bool visible = c > 0x20 && c < 0x7f;
    if (!visible) return std::nullopt;
    text.remove_prefix(1);
    parsed.ends_with_macro_ = c == '%';
    if (c != '%') {
      literal += c;
      continue;
    }
    if (text.empty()) return std::nullopt;
    const char escape = text.front();
    text.remove_prefix(1);
    if (escape == '%') {
      literal += '%';
    } else if (escape == '_') {
      literal += ' ';
    } else if (escape == '-') {
      literal += "%20";
    } else if (const auto end = text.find('}'); escape == '{' && end != text.npos) {
      auto macro = parse_macro(text.substr(0, end));
      if (!macro) return std::nullopt;
      if (!literal.empty()) parsed.parts_.push_back({.text = std::exchange(literal, {})});
      parsed.parts_.push_back(std::move(*macro));
      text.remove_prefix(end + 1);
    } else {
      return std::nullopt;
    }
  }
  if (!literal.empty()) parsed.parts_.push_back({.text = std::move(literal)});
  return parsed;
}

std::optional<SpfMacroString::Part> SpfMacroString::parse_macro(std::string_view body) {
  if (body.empty()) return std::nullopt;
  Part macro{.letter = ascii::lower(body.front()), .escaped = body.front() < 'a'};
  if (!letters.contains(macro.letter)) return std::nullopt;
  body.remove_prefix(1);
  if (!body.empty() && ascii::digit(body.front())) {
    constexpr unsigned plenty = 1'000;  // a name has no more than 127 labels
    while (!body.empty() && ascii::digit(body.front())) {
      macro.labels = std::min(plenty, macro.labels * 10 + static_cast<unsigned>(body.front() - '0'));
      body.remove_prefix(1);
    }
    if (macro.labels == 0) return std::nullopt;
  }
  if (!body.empty() && ascii::lower(body.front()) == 'r') {
    macro.reversed = true;
    body.remove_prefix(1);
  }
  if (body.find_first_not_of(delimiters) != body.npos) return std::nullopt;
  macro.text = body.empty() ? "." : body;
  return macro;
}

std::string SpfMacroString::expand(const Part& macro, const SpfMacroValues& values) {
  const auto value = value_of(macro.letter, values);
  auto pieces = split(value, macro.text);
  if (macro.reversed) std::ranges::reverse(pieces);
  if (macro.labels > 0 && macro.labels < pieces.size())
    pieces.erase(pieces.begin(), pieces.end() - static_cast<std::ptrdiff_t>(macro.labels));
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) text += '.';
    text += pieces[i];
  }
  return macro.escaped ? escaped_for_url(text) : text;
}

std::string SpfMacroString::expand(const SpfMacroValues& values) const {
  std::string text;
  for (const auto& part : parts_) text += part.letter == 0 ? part.text : expand(part, values);
  return text;
}

bool SpfMacroString::needs_validated_name() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.letter == 'p'; });
}

bool SpfMacroString::names_the_sender() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.letter == 's' || part.letter == 'l'; });
}

std::optional<SpfDomain> SpfDomain::parse(std::string_view text) {
  auto parsed = SpfMacroString::parse(text);
  if (!parsed || text.empty()) return std::nullopt;
  if (parsed->ends_with_macro()) return SpfDomain(std::move(*parsed));
  const auto name = without_trailing_dot(text);
  const auto last_dot = name.rfind('.');
  if (last_dot == name.npos || !is_top_label(name.substr(last_dot + 1))) return std::nullopt;
  return SpfDomain(std::move(*parsed));
}

std::string SpfDomain::expand(const SpfMacroValues& values) const {
  const auto expanded = text_.expand(values);
  auto name = without_trailing_dot(expanded);
  while (name.size() > max_name) {
    const auto dot = name.find('.');
    if (dot == name.npos) break;
    name.remove_prefix(dot + 1);
  }
  return std::string(name);
}

}  // namespace proxy
