#include "smtp/command.h"

#include <doctest/doctest.h>

#include <string>

using smtp::Extensions;
using namespace std::string_view_literals;

namespace {

const Extensions everything{.pipelining = true,
                            .enhanced_status_codes = true,
                            .starttls = true,
                            .eight_bit_mime = true,
                            .smtp_utf8 = true,
                            .dsn = true,
                            .chunking = true,
                            .size = 0};

// A command in short: its verb, then what it says.
struct Outline {
  std::string operator()(const smtp::Helo& helo) const { return "HELO " + helo.name; }
  std::string operator()(const smtp::Ehlo& ehlo) const { return "EHLO " + ehlo.name; }
  std::string operator()(const smtp::Mail& mail) const {
    return "MAIL " + mail.from.text() + (mail.parameters.empty() ? "" : " | " + mail.parameters);
  }
  std::string operator()(const smtp::Rcpt& rcpt) const {
    return "RCPT " + rcpt.to.text() + (rcpt.parameters.empty() ? "" : " | " + rcpt.parameters);
  }
  std::string operator()(const smtp::Data&) const { return "DATA"; }
  std::string operator()(const smtp::Bdat& bdat) const {
    return "BDAT " + std::to_string(bdat.size) + (bdat.last ? " last" : "") + (bdat.well_formed ? "" : " malformed");
  }
  std::string operator()(const smtp::UnreadableBdat&) const { return "BDAT unreadable"; }
  std::string operator()(const smtp::Rset&) const { return "RSET"; }
  std::string operator()(const smtp::Noop&) const { return "NOOP"; }
  std::string operator()(const smtp::Help&) const { return "HELP"; }
  std::string operator()(const smtp::Vrfy&) const { return "VRFY"; }
  std::string operator()(const smtp::StartTls&) const { return "STARTTLS"; }
  std::string operator()(const smtp::Quit&) const { return "QUIT"; }
};

// The command in short, or the codes of the reply it earned.
std::string outline(std::string_view line, const Extensions& offered = everything) {
  const auto parsed = smtp::parse_command(line, offered);
  if (const auto* reply = std::get_if<smtp::Reply>(&parsed))
    return std::to_string(reply->code()) + " " + std::string(reply->enhanced());
  return std::visit(Outline(), std::get<smtp::Command>(parsed));
}

struct Row {
  std::string why;
  std::string_view line;
  std::string_view outline;
};

void check(std::initializer_list<Row> rows) {
  for (const auto& [why, line, expected] : rows) {
    CAPTURE(why);
    CHECK(outline(line) == expected);
  }
}

constexpr auto unknown = "500 5.5.2", bad = "501 5.5.4", not_done = "502 5.5.1";

}  // namespace

TEST_CASE("verbs come in any case, with blanks around") {
  check({
      {"capitals", "RSET", "RSET"},
      {"small letters", "rset", "RSET"},
      {"mixed", "rSeT", "RSET"},
      {"trailing blanks", "QUIT \t ", "QUIT"},
      {"leading blanks", " \tQUIT", "QUIT"},
      {"nothing", "", unknown},
      {"nothing but blanks", " \t ", unknown},
      {"no verb of ours", "HALO x", unknown},
      {"a verb cut", "RSE", unknown},
      {"a verb and more", "RSETS", unknown},
      {"8 bits", "\xc3\xa9", unknown},
      {"a NUL in the verb", "RSET\0"sv, unknown},
      {"a verb of HTTP", "GET / HTTP/1.1", unknown},
      {"a header", "Subject: hello", unknown},
  });
}

TEST_CASE("verbs that are known and not done") {
  for (const auto verb : {"EXPN"sv, "TURN"sv, "ETRN"sv, "SEND"sv, "SOML"sv, "SAML"sv, "AUTH"sv, "ATRN"sv, "BURL"sv,
                          "XCLIENT"sv, "XFORWARD"sv, "xclient"sv}) {
    CAPTURE(verb);
    CHECK(outline(verb) == not_done);
    CHECK(outline(std::string(verb) + " x y z") == not_done);
  }
}

TEST_CASE("HELO and EHLO take one printable word") {
  check({
      {"a name", "HELO mx.example.org", "HELO mx.example.org"},
      {"a name after EHLO", "ehlo mx.example.org", "EHLO mx.example.org"},
      {"a literal", "EHLO [192.0.2.1]", "EHLO [192.0.2.1]"},
      {"any printable octets", "EHLO !#$%&<>@\"\\_~", "EHLO !#$%&<>@\"\\_~"},
      {"blanks around", "EHLO   x  ", "EHLO x"},
      {"none", "EHLO", bad},
      {"none but blanks", "HELO  ", bad},
      {"two words", "EHLO a b", bad},
      {"a tab within", "EHLO a\tb", bad},
      {"a control character", "EHLO a\x01z", bad},
      {"DEL", "EHLO a\x7f", bad},
      {"a NUL", "EHLO a\0z"sv, bad},
      {"8 bits", "HELO caf\xc3\xa9", bad},
  });
}

TEST_CASE("MAIL names a sender") {
  check({
      {"as the RFC has it", "MAIL FROM:<bob@x.org>", "MAIL bob@x.org"},
      {"any case", "mail from:<bob@x.org>", "MAIL bob@x.org"},
      {"blanks around the colon", "MAIL  \tFROM \t: <bob@x.org>", "MAIL bob@x.org"},
      {"null", "MAIL FROM:<>", "MAIL "},
      {"null after a blank", "MAIL FROM: <>", "MAIL "},
      {"no brackets", "MAIL FROM:bob@x.org", "MAIL bob@x.org"},
      {"no brackets, a blank, parameters", "MAIL FROM: bob@x.org SIZE=1", "MAIL bob@x.org | SIZE=1"},
      {"parameters", "MAIL FROM:<bob@x.org> SIZE=1  BODY=7BIT", "MAIL bob@x.org | SIZE=1 BODY=7BIT"},
      {"parameters without a blank", "MAIL FROM:<bob@x.org>SIZE=1", "MAIL bob@x.org | SIZE=1"},
      {"null with parameters", "MAIL FROM:<> RET=HDRS", "MAIL  | RET=HDRS"},
      {"a source route", "MAIL FROM:<@a.org:bob@x.org>", "MAIL bob@x.org"},
      {"no domain", "MAIL FROM:<bob>", "MAIL bob"},
      {"a control character in quotes", "MAIL FROM:<\"b\x01\"@x.org>", "MAIL \"b\x01\"@x.org"},
      {"nothing", "MAIL", bad},
      {"no path", "MAIL FROM:", bad},
      {"no colon", "MAIL FROM <bob@x.org>", bad},
      {"no FROM", "MAIL <bob@x.org>", bad},
      {"TO", "MAIL TO:<bob@x.org>", bad},
      {"FROM cut", "MAIL FRO:<bob@x.org>", bad},
      {"not closed", "MAIL FROM:<bob@x.org", bad},
      {"a blank within", "MAIL FROM:<bob @x.org>", bad},
      {"a display name", "MAIL FROM:Bob <bob@x.org>", bad},
      {"surplus text", "MAIL FROM:<bob@x.org> x y", "555 5.5.4"},
      {"a parameter nobody offers", "MAIL FROM:<bob@x.org> AUTH=<>", "555 5.5.4"},
      {"a malformed parameter", "MAIL FROM:<bob@x.org> SIZE=x", bad},
  });
}

TEST_CASE("a sender beyond ASCII needs SMTPUTF8 in the same MAIL") {
  check({
      {"local part without",
       "MAIL FROM:<b\xc3\xb6"
       "b@x.org>",
       "553 5.6.7"},
      {"domain without",
       "MAIL FROM:<bob@b\xc3\xbc"
       "cher.example>",
       "553 5.6.7"},
      {"with",
       "MAIL FROM:<b\xc3\xb6"
       "b@x.org> SMTPUTF8",
       "MAIL b\xc3\xb6"
       "b@x.org | SMTPUTF8"},
      {"Latin-1 without",
       "MAIL FROM:<b\xf6"
       "b@x.org>",
       "553 5.6.7"},
      {"Latin-1 with",
       "MAIL FROM:<b\xf6"
       "b@x.org> SMTPUTF8",
       bad},
      {"ASCII with", "MAIL FROM:<bob@x.org> SMTPUTF8", "MAIL bob@x.org | SMTPUTF8"},
  });
  CHECK(outline("MAIL FROM:<b\xc3\xb6"
                "b@x.org> SMTPUTF8",
                {}) == "555 5.5.4");
  CHECK(outline("MAIL FROM:<b\xc3\xb6"
                "b@x.org>",
                {}) == "553 5.6.7");
}

TEST_CASE("RCPT names a recipient") {
  check({
      {"as the RFC has it", "RCPT TO:<bob@x.org>", "RCPT bob@x.org"},
      {"any case, blanks", "rcpt  to : <bob@x.org>", "RCPT bob@x.org"},
      {"no brackets", "RCPT TO: bob@x.org", "RCPT bob@x.org"},
      {"postmaster", "RCPT TO:<Postmaster>", "RCPT Postmaster"},
      {"parameters", "RCPT TO:<bob@x.org> NOTIFY=NEVER", "RCPT bob@x.org | NOTIFY=NEVER"},
      {"a source route", "RCPT TO:<@a.org,@b.org:bob@x.org>", "RCPT bob@x.org"},
      {"judged elsewhere: unsafe", "RCPT TO:<bob%y.org@x.org>", "RCPT bob%y.org@x.org"},
      {"judged elsewhere: non-ASCII",
       "RCPT TO:<b\xc3\xb6"
       "b@x.org>",
       "RCPT b\xc3\xb6"
       "b@x.org"},
      {"null", "RCPT TO:<>", bad},
      {"nothing", "RCPT", bad},
      {"no path", "RCPT TO:", bad},
      {"FROM", "RCPT FROM:<bob@x.org>", bad},
      {"MAIL's parameter", "RCPT TO:<bob@x.org> SIZE=1", "555 5.5.4"},
      {"two at signs", "RCPT TO:<bob@x.org@y.org>", bad},
  });
}

TEST_CASE("what a command says beside its address") {
  const auto mail = std::get<smtp::Command>(
      smtp::parse_command("MAIL FROM:<bob@x.org> SIZE=12 BODY=8BITMIME SMTPUTF8 RET=HDRS", everything));
  CHECK(std::get<smtp::Mail>(mail).size == 12u);
  CHECK(std::get<smtp::Mail>(mail).eight_bit);
  CHECK(std::get<smtp::Mail>(mail).smtp_utf8);
  CHECK(std::get<smtp::Mail>(mail).dsn);
  const auto rcpt = std::get<smtp::Command>(smtp::parse_command("RCPT TO:<bob@x.org> NOTIFY=NEVER", everything));
  CHECK(std::get<smtp::Rcpt>(rcpt).dsn);
}

TEST_CASE("BDAT tells a size, or nobody knows what follows") {
  check({
      {"a chunk", "BDAT 1000", "BDAT 1000"},
      {"the last chunk", "BDAT 1000 LAST", "BDAT 1000 last"},
      {"any case", "bdat 0 last", "BDAT 0 last"},
      {"blanks", "BDAT   7 \t LAST ", "BDAT 7 last"},
      {"leading zeros", "BDAT 00000000000000000000000012", "BDAT 12"},
      {"the largest", "BDAT 9223372036854775807", "BDAT 9223372036854775807"},
      {"too large", "BDAT 9223372036854775808", "BDAT unreadable"},
      {"beyond 64 bits", "BDAT 18446744073709551616", "BDAT unreadable"},
      {"no size", "BDAT", "BDAT unreadable"},
      {"LAST alone", "BDAT LAST", "BDAT unreadable"},
      {"a negative size", "BDAT -1", "BDAT unreadable"},
      {"a sign", "BDAT +1", "BDAT unreadable"},
      {"hexadecimal", "BDAT 0x10", "BDAT unreadable"},
      {"LAST glued on", "BDAT 10LAST", "BDAT unreadable"},
      {"a wrong word", "BDAT 10 FIRST", "BDAT 10 malformed"},
      {"a word too many", "BDAT 10 LAST LAST", "BDAT 10 malformed"},
  });
}

TEST_CASE("verbs with and without arguments") {
  check({
      {"DATA", "DATA", "DATA"},
      {"DATA with a word", "DATA x", bad},
      {"RSET with a word", "RSET x", bad},
      {"QUIT with a word", "QUIT now", bad},
      {"STARTTLS", "STARTTLS", "STARTTLS"},
      {"STARTTLS with a word", "STARTTLS x", bad},
      {"NOOP", "NOOP", "NOOP"},
      {"NOOP with anything", "NOOP \xc3\xa9 \x01", "NOOP"},
      {"HELP", "HELP", "HELP"},
      {"HELP with a word", "HELP me", "HELP"},
      {"VRFY with anything", "VRFY <bob@x.org>", "VRFY"},
      {"VRFY without", "VRFY", bad},
  });
}

TEST_CASE("a line cut anywhere is a command or earns a reply of our own") {
  for (const auto whole : {"MAIL FROM:<@a.org:\"b \\\"\"@x.org> SIZE=1 BODY=8BITMIME ENVID=a+2Bb"sv,
                           "RCPT TO:<bob@[192.0.2.1]> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@x.org"sv,
                           "BDAT 1000 LAST"sv, "EHLO mx.example.org"sv}) {
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
      const auto parsed = smtp::parse_command(whole.substr(0, cut), everything);
      const auto* reply = std::get_if<smtp::Reply>(&parsed);
      CHECK((reply == nullptr || reply->permanent()));
    }
    CHECK(std::holds_alternative<smtp::Command>(smtp::parse_command(whole, everything)));
  }
}
