#include "domain_name.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "ascii.h"

namespace greylist {
namespace {

std::string_view without_trailing_dots(std::string_view name) {
  const auto last = name.find_last_not_of('.');
  return name.substr(0, last + 1);  // npos + 1 is 0
}

bool letter_digit_hyphen(char c) { return ascii::alphanumeric(c) || c == '-' || c == '_'; }

// A conversion may yield ASCII that means something else to a parser: U+FF20 becomes '@'. Only names are taken.
bool only_names(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return letter_digit_hyphen(c) || c == '.'; });
}

std::optional<std::string> to_a_labels(const std::string& name) {
  if (name.contains('\0')) return {};
  char* converted = nullptr;
  const int rc = idn2_to_ascii_8z(name.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> owned(converted, idn2_free);
  if (rc != IDN2_OK || !only_names(converted)) return {};
  return converted;
}

}  // namespace

std::string canonical_domain(std::string_view name) {
  auto folded = ascii::lowered(without_trailing_dots(name));
  if (std::ranges::none_of(folded, ascii::beyond)) return folded;
  const auto converted = to_a_labels(folded);
  // An ideographic full stop at the end has become a dot by now.
  return converted ? std::string(without_trailing_dots(*converted)) : folded;
}

bool is_domain_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  const auto plain = [](char c) { return letter_digit_hyphen(c) || c == '.' || ascii::beyond(c); };
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.contains("..")) return false;
  return std::ranges::all_of(text, plain) && !std::ranges::all_of(text.substr(text.rfind('.') + 1), ascii::digit);
}

std::string_view without_wildcard(std::string_view pattern) {
  if (pattern.starts_with("*.")) return pattern.substr(2);
  if (pattern.starts_with('.')) return pattern.substr(1);
  return pattern;
}

DomainPattern::DomainPattern(std::string_view pattern) : kind_(Kind::exact), text_(pattern) {
  if (pattern == "*") {
    kind_ = Kind::all;
    return;
  }
  const auto name = without_wildcard(pattern);
  if (name.size() < pattern.size()) kind_ = Kind::subdomains;
  name_ = canonical_domain(name);
}

bool DomainPattern::matches(std::string_view canonical) const {
  if (kind_ == Kind::all) return true;
  if (name_.empty()) return false;
  if (kind_ == Kind::exact) return canonical == name_;
  return canonical.size() > name_.size() + 1 && canonical.ends_with(name_) &&
         canonical[canonical.size() - name_.size() - 1] == '.';
}

DomainList::DomainList(const std::vector<std::string>& patterns) {
  for (const auto& pattern : patterns) add(DomainPattern(pattern));
}

void DomainList::add(DomainPattern pattern) {
  switch (pattern.kind()) {
    case DomainPattern::Kind::exact: exact_.insert(pattern.name()); break;
    case DomainPattern::Kind::subdomains: parents_.insert(pattern.name()); break;
    case DomainPattern::Kind::all: everything_ = true; break;
  }
  patterns_.push_back(std::move(pattern));
}

bool DomainList::matches(std::string_view domain) const {
  if (everything_) return true;
  return !patterns_.empty() && matches_canonical(canonical_domain(domain));
}

bool DomainList::matches_canonical(std::string_view canonical) const {
  if (everything_) return true;
  if (canonical.empty()) return false;
  if (exact_.contains(canonical)) return true;
  if (parents_.empty()) return false;
  for (auto dot = canonical.find('.', 1); dot != std::string_view::npos; dot = canonical.find('.', dot + 1)) {
    if (const auto parent = canonical.substr(dot + 1); !parent.empty() && parents_.contains(parent)) return true;
  }
  return false;
}

}  // namespace greylist
