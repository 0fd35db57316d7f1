#include "path.h"

#include <string>

#include "characters.h"
#include "utf8.h"

namespace smtp {

namespace {

// What may stand in a local part outside quotes: atext (RFC 5321 §4.1.2, RFC 6531 §3.3), dots, and all other printable
// octets that don't end it.
bool is_local(char c) {
  if (!is_ascii(c)) return true;
  return is_visible(c) && c != '<' && c != '>' && c != '"' && c != '\\' && c != '@';
}

bool is_label(char c) { return !is_ascii(c) || is_letter(c) || is_digit(c) || c == '-' || c == '_'; }

// RFC 5321 §4.1.3 dcontent, but for what a laxer reader could take for the end of the path, a quoted string or a second
// domain.
bool is_literal(char c) { return is_visible(c) && std::string_view("[]\\<>\"@").find(c) == std::string_view::npos; }

bool may_be_quoted(char c) { return c != '\0' && c != '\r' && c != '\n'; }

// One method for each production; each takes what it reads off the front, or says in why() what it misses.
class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  bool path() {
    bracketed_ = take('<');
    if (bracketed_ && take('>')) return true;
    if (peek('@') && !source_route()) return false;
    return mailbox() && closed();
  }

  Address address() const { return Address(std::string(mailbox_), domain_at_); }
  std::string_view rest() const { return text_.substr(at_); }
  std::string_view why() const { return why_; }

 private:
  // A-d-l ":"
  bool source_route() {
    do {
      if (!take('@')) return wrong("Malformed source route");
      if (!domain()) return false;
    } while (take(','));
    return take(':') || wrong("Malformed source route");
  }

  bool mailbox() {
    const auto begin = at_;
    if (!local_part()) return false;
    if (at_ == begin) return wrong(at_end() ? "Address missing" : "Address has no local part");
    const auto sign = at_;
    if (take('@')) {
      if (!domain()) return false;
      domain_at_ = sign - begin;
    }
    mailbox_ = text_.substr(begin, at_ - begin);
    return true;
  }

  bool local_part() {
    while (!at_end()) {
      if (peek('"')) {
        if (!quoted_string()) return false;
      } else if (is_local(text_[at_])) {
        ++at_;
      } else {
        break;
      }
    }
    return true;
  }

  bool quoted_string() {
    ++at_;
    while (!at_end()) {
      if (take('"')) return true;
      take('\\');
      if (at_end()) break;
      if (!may_be_quoted(text_[at_])) return wrong("Control character in address");
      ++at_;
    }
    return wrong("Quoted string not closed");
  }

  bool domain() {
    if (take('[')) return address_literal();
    const auto begin = at_;
    do {
      if (!label()) return at_ > begin && !peek('.') ? utf8(begin) : wrong("Empty domain or label");
    } while (take('.'));
    return utf8(begin);
  }

  bool label() {
    const auto begin = at_;
    while (!at_end() && is_label(text_[at_])) ++at_;
    return at_ > begin;
  }

  bool address_literal() {
    const auto begin = at_;
    while (!at_end() && is_literal(text_[at_])) ++at_;
    return (at_ > begin && take(']')) || wrong("Malformed address literal");
  }

  bool utf8(std::size_t begin) {
    return valid_utf8(text_.substr(begin, at_ - begin)) || wrong("Domain is neither ASCII nor UTF-8");
  }

  bool closed() {
    if (bracketed_) return take('>') || wrong(at_end() ? "'<' not closed" : "Malformed address");
    return at_end() || is_blank(text_[at_]) || wrong("Malformed address");
  }

  bool at_end() const { return at_ == text_.size(); }
  bool peek(char c) const { return !at_end() && text_[at_] == c; }
  bool take(char c) {
    if (!peek(c)) return false;
    ++at_;
    return true;
  }
  bool wrong(std::string_view why) {
    why_ = why;
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool bracketed_ = false;
  std::string_view mailbox_;
  std::size_t domain_at_ = std::string::npos;
  std::string_view why_;
};

}  // namespace

std::expected<Path, std::string_view> parse_path(std::string_view text) {
  PathReader reader(text);
  if (!reader.path()) return std::unexpected(reader.why());
  return Path{reader.address(), reader.rest()};
}

}  // namespace smtp
