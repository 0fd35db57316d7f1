#include "lists/client_list.h"

#include <algorithm>
#include <optional>

#include "ascii.h"
#include "lists/postgrey_line.h"

namespace greylist {
namespace {

// Digits, dots and slashes: somebody meant IPv4.
bool resembles_ipv4(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return ascii::digit(c) || c == '.' || c == '/'; });
}

// "192.168.1", "192.168.1." and "192.168.0/16": leading octets, the rest of which are zero; a prefix, if none is given,
// of just those octets.
std::optional<Network> from_leading_octets(std::string_view text) {
  const auto slash = std::min(text.find('/'), text.size());
  std::string base(text.substr(0, slash));
  if (base.ends_with('.')) base.pop_back();
  const auto octets = std::ranges::count(base, '.') + 1;
  if (octets > 3) return {};
  for (auto n = octets; n < 4; ++n) base += ".0";
  base += slash < text.size() ? std::string(text.substr(slash)) : "/" + std::to_string(octets * 8);
  return Network::parse(base);
}

using Wrong = std::unexpected<std::string>;

Wrong not_an_address(std::string_view entry) {
  auto what = "\"" + std::string(entry) + "\" is not an address or network";
  if (const auto meant = from_leading_octets(entry)) return Wrong(what + ": write \"" + meant->text() + "\"");
  return Wrong(what + ": write \"192.0.2.7\", \"192.0.2.0/24\", \"2001:db8::1\" or \"2001:db8::/32\"");
}

Wrong not_a_client(std::string_view entry) {
  if (entry == "*") return Wrong("\"*\" is not a client: write \"0.0.0.0/0\" and \"::/0\" for all of them");
  return Wrong("\"" + std::string(entry) +
               "\" is not a client: write an address (\"192.0.2.7\"), a network (\"192.0.2.0/24\") or a name "
               "(\"mail.example.com\"; \".example.com\" for its subdomains)");
}

}  // namespace

std::expected<void, std::string> ClientList::add(std::string_view entry) {
  if (const auto network = Network::parse(entry)) {
    networks_.add(*network);
    return {};
  }
  if (resembles_ipv4(entry) || entry.contains(':')) return not_an_address(entry);
  if (!is_domain_name(without_wildcard(entry))) return not_a_client(entry);
  names_.add(DomainPattern(entry));
  return {};
}

std::expected<void, std::string> ClientList::add_postgrey(std::string_view line) {
  const auto entry = postgrey::entry_of(line);
  if (entry.empty()) return {};
  if (auto regexp = postgrey::regexp_of(entry)) {
    if (!*regexp) return std::unexpected(regexp->error());
    regexps_.push_back(std::move(**regexp));
    return {};
  }
  const auto network = Network::parse(entry);
  if (const auto octets = network ? network : entry.contains('/') ? std::nullopt : from_leading_octets(entry)) {
    networks_.add(*octets);
    return {};
  }
  if (resembles_ipv4(entry) || entry.contains(':')) return not_an_address(entry);
  const auto name = without_wildcard(entry);
  if (!is_domain_name(name)) return not_a_client(entry);
  if (name == entry) names_.add(DomainPattern(name));
  names_.add(DomainPattern("." + std::string(name)));
  return {};
}

bool ClientList::has_names() const { return !names_.empty() || !regexps_.empty(); }

bool ClientList::matches_address(const IpAddress& client) const {
  if (networks_.contains(client)) return true;
  if (regexps_.empty()) return false;
  const auto text = client.text();
  return std::ranges::any_of(regexps_, [&](const Regexp& regexp) { return regexp.matches(text); });
}

bool ClientList::matches_name(std::string_view confirmed_name) const {
  if (confirmed_name.empty() || !has_names()) return false;
  const auto name = canonical_domain(confirmed_name);
  return names_.matches_canonical(name) ||
         std::ranges::any_of(regexps_, [&](const Regexp& regexp) { return regexp.matches(name); });
}

bool ClientList::empty() const { return networks_.empty() && !has_names(); }

}  // namespace greylist
