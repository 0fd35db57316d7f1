#include "parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "characters.h"
#include "replies.h"

namespace smtp {

namespace {

enum class Reading { taken, malformed, unsupported };
using Value = std::optional<std::string_view>;  // what follows the '='; none without one

template <class Command>
struct Parameter {
  std::string_view keyword;
  bool (*offered)(const Extensions&);
  Reading (*read)(Value, Command&);
};

constexpr Reading taken_if(bool well_formed) { return well_formed ? Reading::taken : Reading::malformed; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return to_lower(c) >= 'a' && to_lower(c) <= 'f' ? to_lower(c) - 'a' + 10 : -1;
}

// RFC 3461 §4: xtext, which here must stand for printable ASCII (§4.2, §4.4). Small hexadecimal digits are read too.
bool printable_xtext(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_visible(text[i]) || text[i] == '=') return false;
    if (text[i] != '+') continue;
    if (i + 2 >= text.size()) return false;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 2 || high > 7 || low < 0 || (high == 7 && low == 15)) return false;
    i += 2;
  }
  return !text.empty();
}

// RFC 1870 §3: 1*20DIGIT, which is more than 64 bits hold.
Reading read_size(Value value, Mail& mail) {
  if (!value || value->empty() || value->size() > 20 || !std::ranges::all_of(*value, is_digit))
    return Reading::malformed;
  std::uint64_t size = 0;
  const auto [_, error] = std::from_chars(value->data(), value->data() + value->size(), size);
  mail.size = error == std::errc() ? size : std::numeric_limits<std::uint64_t>::max();
  return Reading::taken;
}

// RFC 6152 §2; BINARYMIME (RFC 3030 §3) is never offered.
Reading read_body(Value value, Mail& mail) {
  if (!value) return Reading::malformed;
  if (same_word(*value, "BINARYMIME")) return Reading::unsupported;
  mail.body = true;
  mail.eight_bit = same_word(*value, "8BITMIME");
  return taken_if(mail.eight_bit || same_word(*value, "7BIT"));
}

// RFC 6531 §3.4: no value.
Reading read_smtputf8(Value value, Mail& mail) {
  mail.smtp_utf8 = true;
  return taken_if(!value);
}

// RFC 3461 §4.3
Reading read_ret(Value value, Mail& mail) {
  mail.dsn = true;
  return taken_if(value && (same_word(*value, "FULL") || same_word(*value, "HDRS")));
}

// RFC 3461 §4.4
Reading read_envid(Value value, Mail& mail) {
  mail.dsn = true;
  return taken_if(value && printable_xtext(*value));
}

// RFC 3461 §4.1: NEVER alone, or a list of the others.
Reading read_notify(Value value, Rcpt& rcpt) {
  rcpt.dsn = true;
  if (!value) return Reading::malformed;
  if (same_word(*value, "NEVER")) return Reading::taken;
  for (auto left = *value;;) {
    const auto comma = left.find(',');
    const auto when = left.substr(0, comma);
    if (!same_word(when, "SUCCESS") && !same_word(when, "FAILURE") && !same_word(when, "DELAY"))
      return Reading::malformed;
    if (comma == left.npos) return Reading::taken;
    left.remove_prefix(comma + 1);
  }
}

// RFC 3461 §4.2: addr-type ";" xtext
Reading read_orcpt(Value value, Rcpt& rcpt) {
  rcpt.dsn = true;
  if (!value) return Reading::malformed;
  const auto semicolon = value->find(';');
  if (semicolon == 0 || semicolon == value->npos) return Reading::malformed;
  const auto atom = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; };
  return taken_if(std::ranges::all_of(value->substr(0, semicolon), atom) &&
                  printable_xtext(value->substr(semicolon + 1)));
}

constexpr bool dsn(const Extensions& offered) { return offered.dsn; }

constexpr std::array mail_parameters{
    Parameter<Mail>{"SIZE", [](const Extensions& offered) { return offered.size.has_value(); }, read_size},
    Parameter<Mail>{"BODY", [](const Extensions& offered) { return offered.eight_bit_mime; }, read_body},
    Parameter<Mail>{"SMTPUTF8", [](const Extensions& offered) { return offered.smtp_utf8; }, read_smtputf8},
    Parameter<Mail>{"RET", dsn, read_ret},
    Parameter<Mail>{"ENVID", dsn, read_envid},
};

constexpr std::array rcpt_parameters{
    Parameter<Rcpt>{"NOTIFY", dsn, read_notify},
    Parameter<Rcpt>{"ORCPT", dsn, read_orcpt},
};

// RFC 5321 §4.1.2: esmtp-keyword
bool well_formed_keyword(std::string_view word) {
  const auto alphanumeric = [](char c) { return is_letter(c) || is_digit(c); };
  return !word.empty() && alphanumeric(word.front()) &&
         std::ranges::all_of(word, [&](char c) { return alphanumeric(c) || c == '-'; });
}

template <class Command, std::size_t n>
std::expected<void, Reply> read(std::string_view words, const Extensions& offered,
                                const std::array<Parameter<Command>, n>& known, Command& command) {
  std::array<bool, n> seen{};
  command.parameters.reserve(words.size());
  for (auto word = take_word(words); !word.empty(); word = take_word(words)) {
    const auto equals = word.find('=');
    const auto keyword = word.substr(0, equals);
    if (!well_formed_keyword(keyword)) return std::unexpected(replies::bad_arguments("Malformed parameter"));

    const auto row =
        std::ranges::find_if(known, [&](const auto& parameter) { return same_word(parameter.keyword, keyword); });
    if (row == known.end() || !row->offered(offered)) return std::unexpected(replies::unknown_parameter(keyword));
    if (std::exchange(seen[row - known.begin()], true))
      return std::unexpected(replies::bad_arguments("Parameter given twice"));

    const auto reading = row->read(equals == word.npos ? Value() : Value(word.substr(equals + 1)), command);
    if (reading == Reading::unsupported) return std::unexpected(replies::unknown_parameter(word));
    if (reading == Reading::malformed) return std::unexpected(replies::bad_arguments("Malformed parameter value"));

    if (!command.parameters.empty()) command.parameters += ' ';
    command.parameters += word;
  }
  return {};
}

}  // namespace

std::expected<void, Reply> read_parameters(std::string_view words, const Extensions& offered, Mail& mail) {
  return read(words, offered, mail_parameters, mail);
}

std::expected<void, Reply> read_parameters(std::string_view words, const Extensions& offered, Rcpt& rcpt) {
  return read(words, offered, rcpt_parameters, rcpt);
}

}  // namespace smtp
