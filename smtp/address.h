#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace smtp {

// A mailbox as the client wrote it, without angle brackets and source route (RFC 5321 §4.1.2). Empty: the null
// reverse-path.
class Address {
 public:
  Address() = default;
  Address(std::string text, std::size_t at)
      : text_(std::move(text)), at_(at) {}  // `at`: where the unquoted '@' is, npos if none

  const std::string& text() const { return text_; }
  bool null() const { return text_.empty(); }
  bool has_domain() const { return at_ != std::string::npos; }
  std::string_view local_part() const { return std::string_view(text_).substr(0, at_); }  // quotes kept
  std::string_view domain() const;                                                        // as written; empty if none
  std::string unquoted_local_part() const;  // quotes and quoted-pairs resolved
  bool ascii() const;
  // <postmaster> without a domain, in any case (RFC 5321 §4.5.1).
  bool bare_postmaster() const;
  // Some mailers route such a recipient onwards whatever its domain says: a domain that is an address literal, a local
  // part (quoted or not) that holds '@', '%', '!' or a control character, begins with '/', or isn't UTF-8.
  bool unsafe_recipient() const;

  bool operator==(const Address&) const = default;

 private:
  std::string text_;
  std::size_t at_ = std::string::npos;
};

}  // namespace smtp
