#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace greylist {

// The form in which domain names are compared: lower case, A-labels (IDNA2008, non-transitional, by libidn2), no
// trailing dot. A name that IDNA can't convert comes back with its ASCII letters in lower case.
std::string canonical_domain(std::string_view name);

// "example.org": the domain itself; "*.example.org" or ".example.org": its subdomains; "*": every domain.
class DomainPattern {
 public:
  explicit DomainPattern(std::string_view pattern);
  bool matches(std::string_view canonical) const;  // takes what canonical_domain() returned
  bool everything() const { return kind_ == Kind::all; }
  const std::string& text() const { return text_; }  // as configured
 private:
  enum class Kind { exact, subdomains, all } kind_;
  std::string name_, text_;
};

class DomainList {
 public:
  DomainList() = default;
  explicit DomainList(const std::vector<std::string>& patterns);
  bool matches(std::string_view domain) const;  // any spelling
  bool everything() const;
  const std::vector<DomainPattern>& patterns() const { return patterns_; }

 private:
  std::vector<DomainPattern> patterns_;
};

}  // namespace greylist
