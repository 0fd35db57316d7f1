#include "lists/address_list.h"

#include <algorithm>

#include "ascii.h"
#include "lists/postgrey_line.h"
#include "mail_address.h"

namespace greylist {
namespace {

std::string folded_local_part(std::string_view local) { return ascii::lowered(unquoted(local)); }

// The folded form is unambiguous: a domain has no '@'.
std::string mailbox(std::string_view folded_local, std::string_view canonical_domain) {
  return std::string(folded_local).append("@").append(canonical_domain);
}

bool is_local_part(std::string_view local) {
  const auto canonical = canonical_local_part(local);
  if (std::ranges::any_of(canonical, ascii::control)) return false;
  return is_plain(canonical) || (canonical.size() > 2 && canonical.front() == '"' && canonical.back() == '"');
}

std::unexpected<std::string> not_an_entry(std::string_view entry, const AddressParts& parts) {
  auto what = "\"" + std::string(entry) + "\" is not an address";
  const auto domain = parts.has_domain ? parts.domain : parts.local;
  const bool whole_domain = !parts.has_domain || parts.local.empty() || parts.local == "*";
  if (whole_domain && is_domain_name(without_wildcard(domain))) {
    return std::unexpected(what + ": write \"@" + std::string(domain) + "\" for every address there");
  }
  return std::unexpected(what +
                         ": write \"user@example.org\", \"@example.org\" (every address of the domain), "
                         "\"@.example.org\" (of its subdomains) or \"user@\" (everywhere)");
}

}  // namespace

bool AddressList::Exact::matches(std::string_view local, std::string_view domain) const {
  return local_parts.contains(local) || (!mailboxes.empty() && mailboxes.contains(mailbox(local, domain)));
}

std::expected<void, std::string> AddressList::add(std::string_view entry) {
  const auto parts = split_address(entry);
  const auto& [local, domain, has_domain] = parts;
  if (!has_domain || local == "*") return not_an_entry(entry, parts);
  if (local.empty() && is_domain_name(without_wildcard(domain))) {
    domains_.add(DomainPattern(domain));
  } else if (is_local_part(local) && domain.empty()) {
    exact_.local_parts.insert(folded_local_part(local));
  } else if (is_local_part(local) && is_domain_name(domain)) {
    exact_.mailboxes.insert(mailbox(folded_local_part(local), canonical_domain(domain)));
  } else {
    return not_an_entry(entry, parts);
  }
  return {};
}

std::expected<void, std::string> AddressList::add_postgrey(std::string_view line) {
  const auto entry = postgrey::entry_of(line);
  if (entry.empty()) return {};
  if (auto regexp = postgrey::regexp_of(entry)) {
    if (!*regexp) return std::unexpected(regexp->error());
    regexps_.push_back(std::move(**regexp));
    return {};
  }
  if (entry.contains('@')) {
    AddressList checked;
    if (auto added = checked.add(entry); !added) return added;
    extensible_.mailboxes.merge(checked.exact_.mailboxes);
    extensible_.local_parts.merge(checked.exact_.local_parts);
    for (const auto& pattern : checked.domains_.patterns()) domains_.add(pattern);
    return {};
  }
  const auto name = without_wildcard(entry);
  if (!is_domain_name(name)) {
    return std::unexpected(
        "\"" + std::string(entry) +
        "\" is not an entry: write \"user@example.org\", \"user@\", \"example.org\" or \"/regexp/\"");
  }
  if (name == entry) domains_.add(DomainPattern(name));
  domains_.add(DomainPattern("." + std::string(name)));
  return {};
}

// "bob+list+x" is bob, bob+list and itself.
bool AddressList::matches_extended(std::string_view local, std::string_view domain) const {
  if (extensible_.empty()) return false;
  if (extensible_.matches(local, domain)) return true;
  for (auto plus = local.find('+', 1); plus != std::string_view::npos; plus = local.find('+', plus + 1)) {
    if (plus + 1 < local.size() && extensible_.matches(local.substr(0, plus), domain)) return true;
  }
  return false;
}

bool AddressList::matches(std::string_view address) const {
  if (address.empty() || empty()) return false;
  const auto parts = split_address(address);
  const auto local = folded_local_part(parts.local);
  const auto domain = canonical_domain(parts.domain);
  if (exact_.matches(local, domain) || matches_extended(local, domain) || domains_.matches_canonical(domain))
    return true;
  if (regexps_.empty()) return false;
  const auto canonical = parts.has_domain ? mailbox(canonical_local_part(parts.local), domain) : std::string(address);
  return std::ranges::any_of(
      regexps_, [&](const Regexp& regexp) { return regexp.matches(canonical) || regexp.matches(address); });
}

bool AddressList::empty() const {
  return exact_.empty() && extensible_.empty() && domains_.empty() && regexps_.empty();
}

}  // namespace greylist
