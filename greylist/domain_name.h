#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "string_set.h"

namespace greylist {

// The form in which domain names are compared: lower case, A-labels (IDNA2008, non-transitional, by libidn2), no
// trailing dot. A name that IDNA can't convert comes back with its ASCII letters in lower case. Idempotent.
std::string canonical_domain(std::string_view name);

// Whether this can be a domain name at all: labels of letters, digits, '-', '_' or UTF-8, none empty, the last not a
// number (RFC 1123 §2.1: so it can't be mistaken for an address). One trailing dot is taken.
bool is_domain_name(std::string_view text);

// "*.example.org" and ".example.org" without what stands before the name; any other text as it is.
std::string_view without_wildcard(std::string_view pattern);

// "example.org": the domain itself; "*.example.org" or ".example.org": its subdomains; "*": every domain.
class DomainPattern {
 public:
  enum class Kind { exact, subdomains, all };
  explicit DomainPattern(std::string_view pattern);
  bool matches(std::string_view canonical) const;  // takes what canonical_domain() returned
  bool everything() const { return kind_ == Kind::all; }
  Kind kind() const { return kind_; }
  const std::string& name() const { return name_; }  // canonical, without "*." or "."; empty for "*"
  const std::string& text() const { return text_; }  // as configured

 private:
  Kind kind_;
  std::string name_, text_;
};

// Patterns of which any may match. A look-up costs one hash a label, however many patterns there are.
class DomainList {
 public:
  DomainList() = default;
  explicit DomainList(const std::vector<std::string>& patterns);
  void add(DomainPattern pattern);

  bool matches(std::string_view domain) const;               // any spelling
  bool matches_canonical(std::string_view canonical) const;  // takes what canonical_domain() returned
  bool everything() const { return everything_; }
  bool empty() const { return patterns_.empty(); }
  const std::vector<DomainPattern>& patterns() const { return patterns_; }  // in the order of adding

 private:
  std::vector<DomainPattern> patterns_;
  StringSet exact_, parents_;
  bool everything_ = false;
};

}  // namespace greylist
