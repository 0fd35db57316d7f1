// Invariants: however the octets are cut, the same lines and faults are found. Whatever a line holds, it is a command
// or earns one well-formed reply of ours; an address never holds what would end a line, and the form in which it is
// relayed is read as the same address with the same parameters.
#include "smtp/command.h"

#include <algorithm>
#include <string>

#include "smtp/line.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

namespace {

constexpr std::size_t limit = 64;  // short, so that lines too long are common

// Each line with a mark in front, each fault as its number.
std::string lines(const std::vector<std::string_view>& pieces) {
  std::string seen, buffer;
  bool skipping = false;
  const auto read_one = [&]() -> std::size_t {
    if (skipping) {
      const auto skipped = smtp::skip_line(buffer);
      skipping = !skipped.ended;
      return skipped.consumed;
    }
    const auto event = smtp::next_line(buffer, limit);
    if (const auto* line = std::get_if<smtp::Line>(&event)) {
      REQUIRE(line->text.size() + 2 == line->consumed && line->consumed <= limit);
      seen.append("\n=").append(line->text);
      return line->consumed;
    }
    if (const auto* bad = std::get_if<smtp::BadLine>(&event)) {
      seen.append("\n!").append(bad->fault == smtp::Fault::too_long ? "long" : "bare");
      skipping = !bad->ended;
      return bad->consumed;
    }
    return 0;
  };
  for (const auto piece : pieces) {
    buffer += piece;
    while (const auto consumed = read_one()) {
      REQUIRE(consumed <= buffer.size());
      buffer.erase(0, consumed);
    }
  }
  return seen;
}

void check_reply(const smtp::Reply& reply) {
  const int code = reply.code();
  REQUIRE(code == 500 || code == 501 || code == 502 || code == 553 || code == 555);
  REQUIRE(reply.enhanced().starts_with("5.") && reply.wire().size() <= 512);
  REQUIRE(reply.wire().find_first_of("\r\n") == reply.wire().size() - 2 && reply.wire().ends_with("\r\n"));
}

void check_address(const smtp::Address& address) {
  REQUIRE(address.text().find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos);
  REQUIRE(address.has_domain() == !address.domain().empty());
  REQUIRE(address.domain().find_first_of("@<>\" ") == std::string_view::npos);
  REQUIRE(address.unquoted_local_part().size() <= address.local_part().size());
  if (!address.unsafe_recipient()) REQUIRE(std::ranges::count(address.text(), '@') == (address.has_domain() ? 1 : 0));
}

template <class Command>
Command read_again(const std::string& line, const smtp::Extensions& offered) {
  const auto again = smtp::parse_command(line, offered);
  REQUIRE(std::holds_alternative<smtp::Command>(again));
  REQUIRE(std::holds_alternative<Command>(std::get<smtp::Command>(again)));
  return std::get<Command>(std::get<smtp::Command>(again));
}

void check_command(const smtp::Command& command, const smtp::Extensions& offered) {
  if (const auto* mail = std::get_if<smtp::Mail>(&command)) {
    check_address(mail->from);
    REQUIRE(mail->from.ascii() || mail->smtp_utf8);
    const auto again = read_again<smtp::Mail>("MAIL FROM:<" + mail->from.text() + "> " + mail->parameters, offered);
    REQUIRE(again.from == mail->from && again.parameters == mail->parameters && again.size == mail->size);
  } else if (const auto* rcpt = std::get_if<smtp::Rcpt>(&command)) {
    check_address(rcpt->to);
    REQUIRE(!rcpt->to.null());
    const auto again = read_again<smtp::Rcpt>("RCPT TO:<" + rcpt->to.text() + "> " + rcpt->parameters, offered);
    REQUIRE(again.to == rcpt->to && again.parameters == rcpt->parameters && again.dsn == rcpt->dsn);
  } else if (const auto* ehlo = std::get_if<smtp::Ehlo>(&command)) {
    REQUIRE(!ehlo->name.empty() && std::ranges::all_of(ehlo->name, [](char c) { return c > 32 && c < 127; }));
  }
}

}  // namespace

// The first octet: what is offered, and how the rest is cut. The rest is read as lines, and whole as one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const unsigned flags = input.octet();
  const auto wire = input.rest();
  REQUIRE(lines(cut(wire, flags)) == lines({wire}));

  smtp::Extensions offered{
      .eight_bit_mime = (flags & 1) != 0, .smtp_utf8 = (flags & 2) != 0, .dsn = (flags & 4) != 0, .size = {}};
  if (flags & 8) offered.size = 1000;
  const auto parsed = smtp::parse_command(wire, offered);
  if (const auto* reply = std::get_if<smtp::Reply>(&parsed)) {
    check_reply(*reply);
  } else {
    check_command(std::get<smtp::Command>(parsed), offered);
  }
  return 0;
}
