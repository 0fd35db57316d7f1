#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "domain_name.h"
#include "lists/regexp.h"
#include "string_set.h"

namespace greylist {

// Senders or recipients. Local parts (their ASCII letters) and domains ignore case; U- and A-labels, quoted and plain
// spellings are alike. A look-up costs the same for ten entries and for 100,000; only regular expressions are tried one
// by one.
class AddressList {
 public:
  // "ceo@example.com"; "@example.com": every address of that domain; "@.example.com", "@*.example.com": of its
  // subdomains; "abuse@": that local part everywhere, also without a domain. An error says what would be right.
  std::expected<void, std::string> add(std::string_view entry);
  // One line of postgrey's whitelist_recipients: comment or blank, /regexp/, "user@" and "user@domain" (also user+ext),
  // "domain" (and its subdomains).
  std::expected<void, std::string> add_postgrey(std::string_view line);

  // As the client wrote it. The null reverse-path matches nothing.
  bool matches(std::string_view address) const;
  bool empty() const;

 private:
  struct Exact {
    StringSet mailboxes;    // "ceo@example.com", folded
    StringSet local_parts;  // "abuse"
    bool matches(std::string_view local, std::string_view domain) const;
    bool empty() const { return mailboxes.empty() && local_parts.empty(); }
  };
  bool matches_extended(std::string_view local, std::string_view domain) const;

  Exact exact_;
  Exact extensible_;  // match also with a "+ext" behind the local part
  DomainList domains_;
  std::vector<Regexp> regexps_;
};

}  // namespace greylist
