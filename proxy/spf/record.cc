#include "proxy/spf/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

#include "greylist/ascii.h"

namespace proxy {
namespace {

namespace ascii = greylist::ascii;
using Mechanism = SpfDirective::Mechanism;

constexpr std::string_view spf_version = "v=spf1";
constexpr std::uint64_t widest = 1ull << 20;  // IPv4 addresses
constexpr unsigned widest_ipv6_prefix = 29;   // the most that a registry gives to one organisation as a rule

// The order is Mechanism's.
struct MechanismForm {
  std::string_view name;
  bool domain, domain_needed, prefixes;
};
constexpr std::array<MechanismForm, 8> forms = {{
    {"all", false, false, false},
    {"include", true, true, false},
    {"a", true, false, true},
    {"mx", true, false, true},
    {"ptr", true, false, false},
    {"ip4", false, false, false},
    {"ip6", false, false, false},
    {"exists", true, true, false},
}};

// A prefix length without leading zeros (RFC 7208 §5.6).
std::optional<unsigned> prefix_length(std::string_view text, unsigned most) {
  if (text.empty() || text.size() > 3 || !std::ranges::all_of(text, ascii::digit)) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value <= most ? std::optional(value) : std::nullopt;
}

// Takes "/24", "//64" or "/24//64" off the end; false if what stands there can't be one.
bool take_prefixes(std::string_view& text, SpfDirective& directive) {
  const auto take = [&](std::string_view mark, unsigned most, unsigned& prefix) {
    const auto last = text.find_last_not_of("0123456789");
    if (last == text.npos || last + 1 == text.size() || !text.substr(0, last + 1).ends_with(mark)) return true;
    const auto given = prefix_length(text.substr(last + 1), most);
    if (given) prefix = *given;
    text.remove_suffix(text.size() - (last + 1) + mark.size());
    return given.has_value();
  };
  return take("//", 128, directive.ipv6_prefix) && take("/", 32, directive.ipv4_prefix);
}

bool read_network(std::string_view text, bool ipv6, SpfDirective& directive) {
  const auto slash = text.find('/');
  const auto base = greylist::IpAddress::parse(text.substr(0, slash));
  if (!base || text.contains(':') != ipv6) return false;
  const unsigned most = ipv6 ? 128 : 32;
  const auto prefix = slash == text.npos ? most : prefix_length(text.substr(slash + 1), most);
  if (!prefix) return false;
  // Who comes from an IPv4-mapped address is an IPv4 client, whom no ip6 matches (RFC 7208 §5).
  const bool of_nobody = ipv6 && base->is_v4();
  directive.network = of_nobody ? greylist::Network{greylist::IpAddress::v6({}), 128}
                                : greylist::Network{base->masked(*prefix), *prefix};
  return true;
}

SpfResult take_qualifier(std::string_view& term) {
  const auto kind = std::string_view("+-~?").find(term.front());
  if (kind == std::string_view::npos) return SpfResult::pass;
  term.remove_prefix(1);
  constexpr std::array meanings = {SpfResult::pass, SpfResult::fail, SpfResult::softfail, SpfResult::neutral};
  return meanings[kind];
}

std::optional<SpfDirective> parse_directive(std::string_view term) {
  SpfDirective directive;
  directive.meaning = take_qualifier(term);
  const auto name_end = term.find_first_of(":/");
  const auto name = ascii::lowered(term.substr(0, name_end));
  auto rest = name_end == term.npos ? std::string_view() : term.substr(name_end);

  const auto form = std::ranges::find(forms, name, &MechanismForm::name);
  if (form == forms.end()) return std::nullopt;
  directive.mechanism = static_cast<Mechanism>(form - forms.begin());
  const bool ipv6 = directive.mechanism == Mechanism::ip6;
  if (ipv6 || directive.mechanism == Mechanism::ip4) {
    if (!rest.starts_with(':') || !read_network(rest.substr(1), ipv6, directive)) return std::nullopt;
    return directive;
  }
  if (form->prefixes && !take_prefixes(rest, directive)) return std::nullopt;
  if (rest.empty()) return form->domain_needed ? std::nullopt : std::optional(std::move(directive));
  if (!form->domain || !rest.starts_with(':')) return std::nullopt;
  directive.domain = SpfDomain::parse(rest.substr(1));
  if (!directive.domain) return std::nullopt;
  return directive;
}

// name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) (RFC 7208 §12)
bool is_modifier_name(std::string_view name) {
  const auto fits = [](char c) { return ascii::alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && ascii::alphanumeric(name.front()) && !ascii::digit(name.front()) &&
         std::ranges::all_of(name, fits);
}

struct Modifiers {
  std::optional<SpfDomain> redirect, explanation;
};

bool read_modifier(std::string_view name, std::string_view value, Modifiers& modifiers) {
  auto* const known = ascii::equal_ignoring_case(name, "redirect") ? &modifiers.redirect
                      : ascii::equal_ignoring_case(name, "exp")    ? &modifiers.explanation
                                                                   : nullptr;
  if (!known) return SpfMacroString::parse(value).has_value();
  if (*known) return false;  // RFC 7208 §6: at most once
  *known = SpfDomain::parse(value);
  return known->has_value();
}

std::uint64_t ipv4_addresses(const SpfDirective& directive) {
  const auto block = [](unsigned prefix) { return 1ull << (32 - prefix); };
  switch (directive.mechanism) {
    case Mechanism::ip4: return block(directive.network.prefix);
    case Mechanism::a:
    case Mechanism::mx: return block(directive.ipv4_prefix);
    default: return 0;
  }
}

unsigned ipv6_prefix(const SpfDirective& directive) {
  switch (directive.mechanism) {
    case Mechanism::ip6: return directive.network.prefix;
    case Mechanism::a:
    case Mechanism::mx: return directive.ipv6_prefix;
    default: return 128;
  }
}

}  // namespace

std::string_view word(SpfDirective::Mechanism mechanism) { return forms[static_cast<std::size_t>(mechanism)].name; }

bool is_spf_record(std::string_view text) {
  return ascii::equal_ignoring_case(text.substr(0, spf_version.size()), spf_version) &&
         (text.size() == spf_version.size() || text[spf_version.size()] == ' ');
}

std::expected<SpfRecord, std::string> parse_spf_record(std::string_view text) {
  SpfRecord record;
  Modifiers modifiers;
  text.remove_prefix(spf_version.size());
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) break;
    const auto term = text.substr(0, text.find(' '));
    text.remove_prefix(term.size());
    const auto equals = term.find('=');
    if (is_modifier_name(term.substr(0, equals)) && equals != term.npos) {
      if (!read_modifier(term.substr(0, equals), term.substr(equals + 1), modifiers))
        return std::unexpected(std::string(term));
      continue;
    }
    auto directive = parse_directive(term);
    if (!directive) return std::unexpected(std::string(term));
    record.directives.push_back(std::move(*directive));
  }
  const auto is_all = [](const SpfDirective& directive) { return directive.mechanism == Mechanism::all; };
  if (std::ranges::none_of(record.directives, is_all)) record.redirect = std::move(modifiers.redirect);
  return record;
}

bool is_too_wide(const SpfRecord& record) {
  std::uint64_t addresses = 0;
  for (const auto& directive : record.directives) {
    if (directive.mechanism == Mechanism::ptr) return true;
    if (directive.meaning != SpfResult::pass) continue;
    if (directive.mechanism == Mechanism::all || ipv6_prefix(directive) < widest_ipv6_prefix) return true;
    addresses += ipv4_addresses(directive);
  }
  return addresses > widest;
}

}  // namespace proxy
