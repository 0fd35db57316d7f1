#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "greylist/ip_address.h"

namespace proxy {

// What macros stand for (RFC 7208 §7.2).
struct SpfMacroValues {
  greylist::IpAddress client;
  std::string local_part, sender_domain, helo;
  std::string domain;          // the one whose record is being evaluated
  std::string validated_name;  // only where needs_validated_name(): "unknown" if there is none
};

// A macro string of an SPF record (RFC 7208 §7.1).
class SpfMacroString {
 public:
  static std::optional<SpfMacroString> parse(std::string_view text);

  std::string expand(const SpfMacroValues& values) const;
  bool needs_validated_name() const;
  bool names_the_sender() const;                             // and not its domain alone
  bool ends_with_macro() const { return ends_with_macro_; }  // or with "%%", "%_", "%-"

 private:
  struct Part {
    std::string text;      // literally; for a macro, its delimiters
    char letter = 0;       // of a macro, in lower case
    bool escaped = false;  // for a URL (RFC 3986 §2.1)
    bool reversed = false;
    unsigned labels = 0;  // how many of the last are kept; 0: all
  };
  static std::optional<Part> parse_macro(std::string_view body);
  static std::string expand(const Part& macro, const SpfMacroValues& values);

  std::vector<Part> parts_;
  bool ends_with_macro_ = false;
};

// A domain-spec (RFC 7208 §7.1): a macro string that ends with a macro or with a label that a top-level domain may
// have.
class SpfDomain {
 public:
  static std::optional<SpfDomain> parse(std::string_view text);

  // The name that is meant, without a trailing dot, shortened from the left to 253 octets (RFC 7208 §7.3).
  std::string expand(const SpfMacroValues& values) const;
  bool needs_validated_name() const { return text_.needs_validated_name(); }
  bool names_the_sender() const { return text_.names_the_sender(); }

 private:
  explicit SpfDomain(SpfMacroString text) : text_(std::move(text)) {}
  SpfMacroString text_;
};

}  // namespace proxy
