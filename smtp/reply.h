#pragma once
#include <string>
#include <string_view>

namespace smtp {

// The enhanced status code that `text`, a reply line after its "250 " or "250-", begins with (RFC 2034 §4), or empty.
std::string_view enhanced_code(std::string_view text);

// One reply of an SMTP server, as it stands on the wire (RFC 5321 §4.2), whether we say it or pass on what a backend
// said.
class Reply {
 public:
  // One line; `enhanced` may be empty (greeting, EHLO, HELO: RFC 2034 §4). `text` is cut so that the line keeps to
  // 512 octets with its CRLF (RFC 5321 §4.5.3.1.5); octets outside printable ASCII become '?'.
  Reply(int code, std::string_view enhanced, std::string_view text);

  // What a peer sent, word for word: every line with its CRLF.
  static Reply verbatim(int code, std::string wire);

  int code() const { return code_; }
  const std::string& wire() const { return wire_; }

  bool positive() const { return code_ / 100 == 2; }
  bool intermediate() const { return code_ / 100 == 3; }
  bool transient() const { return code_ / 100 == 4; }
  bool permanent() const { return code_ / 100 == 5; }

  // The enhanced status code of the first line (RFC 3463), or empty.
  std::string_view enhanced() const;
  // To RCPT: there is no such mailbox, whoever asks. By its enhanced code (RFC 3463 §3.2, §3.3): X.1.1, X.1.2, X.1.3,
  // X.1.6, X.1.10 (RFC 7505), or X.2.1, disabled. A code without an enhanced one may mean a policy as well, and that
  // one client alone.
  bool says_unknown_recipient() const;
  // To content: a policy refuses it for good (X.7.x), not its size or form.
  bool refuses_by_policy() const;
  // All lines on one, without CRLF, joined by " / ": for logs.
  std::string one_line() const;

 private:
  Reply() = default;
  int code_ = 0;
  std::string wire_;
};

}  // namespace smtp
