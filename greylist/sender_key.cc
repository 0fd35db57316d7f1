#include "sender_key.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "ascii.h"
#include "domain_name.h"
#include "mail_address.h"

// What is taken out of a sender's local part, in this order, and why. A part goes only if it changes between messages
// (or days) of the same correspondent; whatever could tell two correspondents apart stays.
//
// | as written                             | key                         | what goes, and why          |
// | -------------------------------------- | --------------------------- | --------------------------- |
// | prvs=0123abcdef=bob@x.org              | bob@x.org                   | BATV: key number, day, hash |
// | prvs=bob=0123abcdef@x.org              | bob@x.org                   | BATV the wrong way round    |
// | SRS0=HHH=TT=s.org=bob@f.org            | SRS0=s.org=bob@f.org        | SRS: hash and day           |
// | SRS1=HHH=f.org==HHH=TT=s.org=bob@g.org | SRS1=f.org==s.org=bob@g.org | SRS, forwarded twice        |
// | bob+x@x.org                            | bob@x.org                   | sub-address, often VERP     |
// | bounce-991-bob=y.org@l.org             | bounce-#-bob=y.org@l.org    | VERP: the message's number  |
// | bounce-5f3c09aa-bob=y.org@l.org        | bounce-#-bob=y.org@l.org    | VERP: the message's id      |
//
// BATV is draft-levine-smtp-batv, written the wrong way round by some mailers; SRS the Sender Rewriting Scheme of
// forwarders, also with SRS0+ and SRS0-; a sub-address that of RFC 5233; an id eight hex digits or more, one of them 0
// to 9.
//
// What BATV and SRS had wrapped goes through the rules in its turn. Words like "prvs" count in any case, everything
// else of a local part keeps its case (RFC 5321 §2.4). Nothing may be left empty: "+x" stays. The recipient in a VERP
// address stays, too: it is the same at every retry.
//
// Numbers and ids are tokens between the delimiters - _ = . or an end of the local part. user1 has none, and a local
// part made of nothing else (12345, 12-34) is somebody's name: it stays as it is. A placeholder stands for a token, so
// that bounce-1@ is not bounce@.
//
// What isn't plain (quoted with blanks, for instance) is left alone.
namespace greylist {
namespace {

constexpr std::string_view delimiters = "-_=.";
constexpr char placeholder = '#';

bool take_word(std::string_view& text, std::string_view word) {
  if (!ascii::equal_ignoring_case(text.substr(0, word.size()), word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// What stands before the next '=', which goes too; nothing, and nothing taken, if there is none.
std::optional<std::string_view> take_field(std::string_view& text) {
  const auto end = text.find('=');
  if (end == std::string_view::npos) return {};
  const auto field = text.substr(0, end);
  text.remove_prefix(end + 1);
  return field;
}

bool take_srs_separator(std::string_view& text) {
  if (text.empty() || !std::string_view("=+-").contains(text.front())) return false;
  text.remove_prefix(1);
  return true;
}

// A domain inside a local part has a dot: that is what sets it apart from hashes and timestamps.
std::optional<std::string> embedded_domain(std::string_view field) {
  auto canonical = canonical_domain(field);
  if (!canonical.contains('.') || !is_domain_name(canonical)) return {};
  return canonical;
}

// "HHH=TT=domain=", "HHH=domain=" and so on: up to `skipped` fields that change, then the domain, without which
// nothing is taken. A key has none of the fields left and so is its own key.
std::optional<std::string> take_embedded_domain(std::string_view& text, unsigned skipped) {
  auto rest = text;
  auto field = take_field(rest);
  auto domain = field ? embedded_domain(*field) : std::nullopt;
  if (!domain) {
    for (; skipped > 0 && field && !field->empty(); --skipped) field = take_field(rest);
    if (skipped > 0 || !field) return {};
    domain = embedded_domain(*field);
  }
  if (domain) text = rest;
  return domain;
}

// Takes an SRS wrapping off `local` and gives what remains of it for the key.
std::optional<std::string> take_srs(std::string_view& local) {
  auto rest = local;
  std::string kept;
  if (take_word(rest, "SRS1") && take_srs_separator(rest)) {
    const auto forwarder = take_embedded_domain(rest, 1);
    if (!forwarder || !take_srs_separator(rest)) return {};
    kept = "SRS1=" + *forwarder + "==";
  } else if (rest = local; take_word(rest, "SRS0") && take_srs_separator(rest)) {
    kept = "SRS0=";
  } else {
    return {};
  }
  const auto sender_domain = take_embedded_domain(rest, 2);
  if (!sender_domain || rest.empty()) return {};
  local = rest;
  return kept + *sender_domain + "=";
}

// draft-levine-smtp-batv: a digit for the key, three for the day, six hex digits of the hash.
bool is_batv_tag(std::string_view text) {
  return text.size() == 10 && std::ranges::all_of(text.substr(0, 4), ascii::digit) &&
         std::ranges::all_of(text.substr(4), ascii::hex_digit);
}

// What mailers put there who made up a tag of their own.
bool resembles_batv_tag(std::string_view text) {
  return text.size() >= 6 && std::ranges::all_of(text, ascii::alphanumeric) && std::ranges::any_of(text, ascii::digit);
}

bool take_batv(std::string_view& local) {
  auto rest = local;
  if (!take_word(rest, "prvs=")) return false;
  const auto all = rest;
  const auto first = take_field(rest);
  if (!first || first->empty() || rest.empty()) return false;
  const auto last_equals = all.rfind('=');
  if (!is_batv_tag(*first) && is_batv_tag(all.substr(last_equals + 1))) {
    local = all.substr(0, last_equals);
    return true;
  }
  if (!resembles_batv_tag(*first)) return false;
  local = rest;
  return true;
}

std::string_view without_extension(std::string_view local) {
  return local.substr(0, local.find('+', 1));  // from 1: something must be left
}

bool changes_by_message(std::string_view token) {
  if (token.empty() || !std::ranges::all_of(token, ascii::hex_digit)) return false;
  if (std::ranges::all_of(token, ascii::digit)) return true;
  return token.size() >= 8 && std::ranges::any_of(token, ascii::digit);
}

template <typename Visitor>
void for_each_token(std::string_view local, Visitor visit) {
  for (std::size_t begin = 0; begin <= local.size();) {
    const auto end = std::min(local.find_first_of(delimiters, begin), local.size());
    visit(begin, local.substr(begin, end - begin));
    begin = end + 1;
  }
}

void append_with_placeholders(std::string& out, std::string_view local) {
  bool any_changes = false, any_stays = false;
  for_each_token(local, [&](std::size_t, std::string_view token) {
    const bool changes = changes_by_message(token);
    any_changes |= changes;
    any_stays |= !changes && !token.empty();
  });
  if (!any_changes || !any_stays) {
    out += local;
    return;
  }
  for_each_token(local, [&](std::size_t begin, std::string_view token) {
    if (begin > 0) out += local[begin - 1];
    if (changes_by_message(token)) {
      out += placeholder;
    } else {
      out += token;
    }
  });
}

std::string lasting_part(std::string_view local) {
  std::string out;
  out.reserve(local.size());
  for (bool unwrapped = true; unwrapped;) {
    unwrapped = take_batv(local);
    if (const auto kept = take_srs(local)) {
      out += *kept;
      unwrapped = true;
    }
  }
  append_with_placeholders(out, without_extension(local));
  return out;
}

bool needs_escape(char c) { return ascii::control(c) || c == '\\'; }

}  // namespace

std::string escaped(std::string text) {
  if (std::ranges::none_of(text, needs_escape)) return text;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (ascii::control(c)) {
      const auto octet = static_cast<std::uint8_t>(c);
      out += {'\\', 'x', digits[octet >> 4], digits[octet & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

std::string keyed_sender(std::string_view sender) {
  if (sender.empty()) return {};
  const auto address = split_address(sender);
  auto key = canonical_local_part(address.local);
  if (is_plain(key)) key = lasting_part(key);
  if (address.has_domain) key.append("@").append(canonical_domain(address.domain));
  return escaped(std::move(key));
}

}  // namespace greylist
