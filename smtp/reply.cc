#include "reply.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "characters.h"

namespace smtp {

namespace {

constexpr std::size_t max_reply_line = 512;  // CRLF included, RFC 5321 §4.5.3.1.5

// How many octets of `text` "subject" or "detail" of an enhanced code takes: 1*3 digits (RFC 3463 §2).
std::size_t digits(std::string_view text) {
  std::size_t n = 0;
  while (n < 3 && n < text.size() && is_digit(text[n])) ++n;
  return n;
}

}  // namespace

std::string_view enhanced_code(std::string_view text) {
  if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return {};
  const auto subject = digits(text.substr(2));
  const auto dot = 2 + subject;
  if (subject == 0 || dot >= text.size() || text[dot] != '.') return {};
  const auto detail = digits(text.substr(dot + 1));
  const auto end = dot + 1 + detail;
  if (detail == 0 || (end < text.size() && !is_blank(text[end]))) return {};
  return text.substr(0, end);
}

Reply::Reply(int code, std::string_view enhanced, std::string_view text) : code_(code) {
  assert(code >= 200 && code <= 599);
  wire_ = std::to_string(code);
  wire_ += ' ';
  if (!enhanced.empty()) wire_.append(enhanced) += ' ';
  wire_ += text.substr(0, max_reply_line);
  wire_.resize(std::min(wire_.size(), max_reply_line - 2));
  for (char& c : wire_)
    if (!is_visible(c) && c != ' ') c = '?';
  wire_ += "\r\n";
}

Reply Reply::verbatim(int code, std::string wire) {
  assert(wire.size() >= 5 && wire.ends_with("\r\n"));
  Reply reply;
  reply.code_ = code;
  reply.wire_ = std::move(wire);
  return reply;
}

std::string_view Reply::enhanced() const {
  const auto line = std::string_view(wire_).substr(0, wire_.find('\r'));
  return line.size() > 4 ? enhanced_code(line.substr(4)) : std::string_view();
}

bool Reply::says_unknown_recipient() const {
  constexpr std::array about_mailbox{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"};
  return permanent() && std::ranges::find(about_mailbox, enhanced()) != about_mailbox.end();
}

bool Reply::refuses_by_policy() const { return permanent() && enhanced().starts_with("5.7."); }

std::string Reply::one_line() const {
  std::string joined;
  joined.reserve(wire_.size());
  for (std::string_view left = wire_; !left.empty();) {
    const auto end = left.find("\r\n");
    if (!joined.empty()) joined += " / ";
    joined += left.substr(0, end);
    left.remove_prefix(end == left.npos ? left.size() : end + 2);
  }
  return joined;
}

}  // namespace smtp
