#include "command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "characters.h"
#include "parameters.h"
#include "path.h"
#include "replies.h"
#include "utf8.h"

namespace smtp {

namespace {

using Parsed = std::variant<Command, Reply>;

// HELO and EHLO. Any one printable word will do, but blanks, control and 8-bit octets have no place in a log line, a
// header or a backend's EHLO.
template <class Greeting>
Parsed greeting(std::string_view arguments, const Extensions&) {
  if (arguments.empty()) return replies::bad_arguments("Host name missing");
  if (!std::ranges::all_of(arguments, is_visible)) return replies::bad_arguments("Malformed host name");
  return Greeting{std::string(arguments)};
}

// What follows "FROM:" or "TO:", with any blanks around the word and the colon.
std::optional<std::string_view> after(std::string_view word, std::string_view arguments) {
  if (!same_word(arguments.substr(0, word.size()), word)) return {};
  const auto rest = strip_blanks(arguments.substr(word.size()));
  if (!rest.starts_with(':')) return {};
  return strip_blanks(rest.substr(1));
}

// RFC 6531 §3.5: only the SMTPUTF8 parameter makes way for addresses beyond ASCII.
std::optional<Reply> beyond_ascii(const Mail& mail) {
  if (mail.from.ascii()) return {};
  if (!mail.smtp_utf8) return replies::needs_smtputf8();
  if (!valid_utf8(mail.from.text())) return replies::bad_arguments("Address is not UTF-8");
  return {};
}

Parsed mail(std::string_view arguments, const Extensions& offered) {
  const auto text = after("FROM", arguments);
  if (!text) return replies::bad_arguments("Syntax: MAIL FROM:<address>");
  auto path = parse_path(*text);
  if (!path) return replies::bad_arguments(path.error());

  Mail mail{.from = std::move(path->address), .parameters = {}};
  if (auto read = read_parameters(path->rest, offered, mail); !read) return std::move(read.error());
  if (auto fault = beyond_ascii(mail)) return *std::move(fault);
  return mail;
}

Parsed rcpt(std::string_view arguments, const Extensions& offered) {
  const auto text = after("TO", arguments);
  if (!text) return replies::bad_arguments("Syntax: RCPT TO:<address>");
  auto path = parse_path(*text);
  if (!path) return replies::bad_arguments(path.error());
  if (path->address.null()) return replies::bad_arguments("Address missing");

  Rcpt rcpt{.to = std::move(path->address), .parameters = {}};
  if (auto read = read_parameters(path->rest, offered, rcpt); !read) return std::move(read.error());
  return rcpt;
}

// RFC 3030 §2: BDAT chunk-size [LAST]
Parsed bdat(std::string_view arguments, const Extensions&) {
  const auto number = take_word(arguments);
  if (number.empty() || !std::ranges::all_of(number, is_digit)) return UnreadableBdat{};
  std::uint64_t size = 0;
  const auto [_, error] = std::from_chars(number.data(), number.data() + number.size(), size);
  if (error != std::errc() || size > std::numeric_limits<std::int64_t>::max()) return UnreadableBdat{};
  const bool last = same_word(arguments, "LAST");
  return Bdat{size, last, last || arguments.empty()};
}

Parsed vrfy(std::string_view arguments, const Extensions&) {
  if (arguments.empty()) return replies::bad_arguments("Syntax: VRFY string");
  return Vrfy{};
}

template <class Bare>
Parsed without_arguments(std::string_view arguments, const Extensions&) {
  if (!arguments.empty()) return replies::bad_arguments("No arguments allowed");
  return Bare{};
}

template <class Lenient>
Parsed with_any_arguments(std::string_view, const Extensions&) {
  return Lenient{};
}

Parsed not_implemented(std::string_view, const Extensions&) { return replies::not_implemented(); }

struct Row {
  std::string_view verb;
  Parsed (*parse)(std::string_view arguments, const Extensions& offered);
};

constexpr std::array rows{
    Row{"RCPT", rcpt},
    Row{"MAIL", mail},
    Row{"EHLO", greeting<Ehlo>},
    Row{"HELO", greeting<Helo>},
    Row{"DATA", without_arguments<Data>},
    Row{"BDAT", bdat},
    Row{"QUIT", without_arguments<Quit>},
    Row{"RSET", without_arguments<Rset>},
    Row{"STARTTLS", without_arguments<StartTls>},
    Row{"NOOP", with_any_arguments<Noop>},
    Row{"HELP", with_any_arguments<Help>},
    Row{"VRFY", vrfy},
    // Known, and never done here: RFC 5321 §3.5 and Appendix F, RFC 1985, RFC 2645, RFC 4468, RFC 4954, and Postfix's.
    Row{"EXPN", not_implemented},
    Row{"TURN", not_implemented},
    Row{"ETRN", not_implemented},
    Row{"SEND", not_implemented},
    Row{"SOML", not_implemented},
    Row{"SAML", not_implemented},
    Row{"AUTH", not_implemented},
    Row{"ATRN", not_implemented},
    Row{"BURL", not_implemented},
    Row{"XCLIENT", not_implemented},
    Row{"XFORWARD", not_implemented},
};

}  // namespace

Parsed parse_command(std::string_view line, const Extensions& offered) {
  auto arguments = line;
  const auto verb = take_word(arguments);
  const auto row = std::ranges::find_if(rows, [&](const Row& known) { return same_word(known.verb, verb); });
  if (row == rows.end()) return replies::unknown_command();
  return row->parse(arguments, offered);
}

}  // namespace smtp
