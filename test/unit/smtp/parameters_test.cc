#include "smtp/parameters.h"

#include <doctest/doctest.h>

#include <limits>
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

constexpr int taken = 0;

// The code of the reply that `words` earned, or `taken`.
template <class Command>
int code_for(std::string_view words, const Extensions& offered = everything) {
  Command command;
  const auto read = smtp::read_parameters(words, offered, command);
  if (read) return taken;
  CHECK(read.error().enhanced() == "5.5.4");
  return read.error().code();
}

smtp::Mail mail_with(std::string_view words) {
  smtp::Mail mail;
  REQUIRE(smtp::read_parameters(words, everything, mail));
  return mail;
}

}  // namespace

TEST_CASE("MAIL's parameters are taken, malformed or not offered") {
  struct Row {
    std::string why;
    std::string_view words;
    int code;
  };
  for (const auto& [why, words, code] : {
           Row{"none", "", taken},
           Row{"all", "SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314159", taken},
           Row{"any case", "size=10 body=8bitmime smtputf8 ret=full envid=x", taken},
           Row{"SIZE of 20 digits", "SIZE=99999999999999999999", taken},
           Row{"SIZE of 21 digits", "SIZE=000000000000000000001", 501},
           Row{"SIZE without a value", "SIZE", 501},
           Row{"SIZE of nothing", "SIZE=", 501},
           Row{"SIZE below zero", "SIZE=-1", 501},
           Row{"SIZE with a sign", "SIZE=+1", 501},
           Row{"SIZE in hexadecimal", "SIZE=0x10", 501},
           Row{"SIZE with a unit", "SIZE=10k", 501},
           Row{"BODY=7BIT", "BODY=7BIT", taken},
           Row{"BODY=BINARYMIME is never offered", "BODY=BINARYMIME", 555},
           Row{"BODY of another kind", "BODY=9BIT", 501},
           Row{"BODY without a value", "BODY", 501},
           Row{"BODY of nothing", "BODY=", 501},
           Row{"SMTPUTF8 takes no value", "SMTPUTF8=1", 501},
           Row{"SMTPUTF8 takes no empty value", "SMTPUTF8=", 501},
           Row{"RET of another kind", "RET=ALL", 501},
           Row{"RET without a value", "RET", 501},
           Row{"ENVID in xtext", "ENVID=a+3Db+2B+20c", taken},
           Row{"ENVID in small xtext", "ENVID=a+3db", taken},
           Row{"ENVID without a value", "ENVID", 501},
           Row{"ENVID of nothing", "ENVID=", 501},
           Row{"ENVID with a plain equals sign", "ENVID=a=b", 501},
           Row{"ENVID with a lone plus", "ENVID=a+", 501},
           Row{"ENVID with half a plus", "ENVID=a+3", 501},
           Row{"ENVID with a wrong plus", "ENVID=a+3G", 501},
           Row{"ENVID that hides a line end", "ENVID=a+0D+0Ab", 501},
           Row{"ENVID that hides DEL", "ENVID=a+7Fb", 501},
           Row{"ENVID that hides 8 bits", "ENVID=a+C3+A9", 501},
           Row{"ENVID of 8 bits", "ENVID=\xc3\xa9", 501},
           Row{"ENVID with a control character", "ENVID=a\x01z", 501},
           Row{"twice", "SIZE=1 SIZE=1", 501},
           Row{"twice in another case", "RET=FULL ret=HDRS", 501},
           Row{"AUTH", "AUTH=<>", 555},
           Row{"unknown", "FOO=BAR", 555},
           Row{"unknown without a value", "FOO", 555},
           Row{"known, then unknown", "SIZE=1 FOO", 555},
           Row{"the first fault counts", "SIZE=x FOO", 501},
           Row{"RCPT's NOTIFY", "NOTIFY=NEVER", 555},
           Row{"RCPT's ORCPT", "ORCPT=rfc822;bob@x.org", 555},
           Row{"no keyword", "=1", 501},
           Row{"a keyword that is none", "SI_ZE=1", 501},
           Row{"a keyword that begins with a hyphen", "-SIZE=1", 501},
           Row{"an address", "<bob@x.org>", 501},
           Row{"8 bits in a keyword", "SIZ\xc3\x89=1", 501},
       }) {
    CAPTURE(why);
    CHECK(code_for<smtp::Mail>(words) == code);
  }
}

TEST_CASE("RCPT's parameters are taken, malformed or not offered") {
  struct Row {
    std::string why;
    std::string_view words;
    int code;
  };
  for (const auto& [why, words, code] : {
           Row{"none", "", taken},
           Row{"both", "NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;bob@x.org", taken},
           Row{"any case", "notify=success,Delay orcpt=RFC822;bob@x.org", taken},
           Row{"NEVER", "NOTIFY=NEVER", taken},
           Row{"NEVER with others", "NOTIFY=NEVER,DELAY", 501},
           Row{"NEVER behind others", "NOTIFY=DELAY,NEVER", 501},
           Row{"NOTIFY of another kind", "NOTIFY=ALWAYS", 501},
           Row{"NOTIFY of nothing", "NOTIFY=", 501},
           Row{"NOTIFY without a value", "NOTIFY", 501},
           Row{"an empty place in the list", "NOTIFY=DELAY,,FAILURE", 501},
           Row{"a comma too many", "NOTIFY=DELAY,", 501},
           Row{"ORCPT in xtext", "ORCPT=rfc822;bob+2Bx@y.org", taken},
           Row{"ORCPT of another type", "ORCPT=utf-8;b\\x{F6}b@y.org", taken},
           Row{"ORCPT with a semicolon in it", "ORCPT=rfc822;a;b", taken},
           Row{"ORCPT without a type", "ORCPT=bob@x.org", 501},
           Row{"ORCPT of an empty type", "ORCPT=;bob@x.org", 501},
           Row{"ORCPT of a wrong type", "ORCPT=rfc.822;bob@x.org", 501},
           Row{"ORCPT of nothing", "ORCPT=rfc822;", 501},
           Row{"ORCPT without a value", "ORCPT", 501},
           Row{"ORCPT with bad xtext", "ORCPT=rfc822;bob+x@y.org", 501},
           Row{"ORCPT that hides a line end", "ORCPT=rfc822;bob+0A@y.org", 501},
           Row{"ORCPT of 8 bits",
               "ORCPT=utf-8;b\xc3\xb6"
               "b@y.org",
               501},
           Row{"twice", "NOTIFY=DELAY NOTIFY=DELAY", 501},
           Row{"MAIL's SIZE", "SIZE=1", 555},
           Row{"MAIL's SMTPUTF8", "SMTPUTF8", 555},
           Row{"unknown", "FOO=BAR", 555},
       }) {
    CAPTURE(why);
    CHECK(code_for<smtp::Rcpt>(words) == code);
  }
}

TEST_CASE("a parameter counts only if its extension is offered") {
  struct Row {
    std::string_view words;
    Extensions offered;
  };
  for (const auto& [words, offered] : {
           Row{"SIZE=1", {.size = 0}},
           Row{"BODY=7BIT", {.eight_bit_mime = true}},
           Row{"SMTPUTF8", {.smtp_utf8 = true}},
           Row{"RET=FULL", {.dsn = true}},
           Row{"ENVID=x", {.dsn = true}},
       }) {
    CAPTURE(words);
    CHECK(code_for<smtp::Mail>(words, {}) == 555);
    CHECK(code_for<smtp::Mail>(words, offered) == taken);
  }
  for (const auto words : {"NOTIFY=NEVER"sv, "ORCPT=rfc822;bob@x.org"sv}) {
    CAPTURE(words);
    CHECK(code_for<smtp::Rcpt>(words, {}) == 555);
    CHECK(code_for<smtp::Rcpt>(words, {.dsn = true}) == taken);
  }
  CHECK(code_for<smtp::Mail>("SIZE=nonsense", {}) == 555);
}

TEST_CASE("what the parameters say") {
  CHECK_FALSE(mail_with("").size);
  CHECK(mail_with("SIZE=0").size == 0u);
  CHECK(mail_with("SIZE=00000000000000000012").size == 12u);
  CHECK(mail_with("SIZE=18446744073709551615").size == std::numeric_limits<std::uint64_t>::max());
  CHECK(mail_with("SIZE=18446744073709551616").size == std::numeric_limits<std::uint64_t>::max());

  CHECK_FALSE(mail_with("").body);
  CHECK(mail_with("BODY=7BIT").body);
  CHECK_FALSE(mail_with("BODY=7BIT").eight_bit);
  CHECK(mail_with("BODY=8bitmime").eight_bit);

  CHECK_FALSE(mail_with("SIZE=1").smtp_utf8);
  CHECK(mail_with("SMTPUTF8").smtp_utf8);
  CHECK_FALSE(mail_with("SIZE=1").dsn);
  CHECK(mail_with("RET=FULL").dsn);
  CHECK(mail_with("ENVID=x").dsn);
}

TEST_CASE("the words are kept as written, with single spaces between") {
  CHECK(mail_with("").parameters.empty());
  CHECK(mail_with("  ").parameters.empty());
  CHECK(mail_with(" size=010 ").parameters == "size=010");
  CHECK(mail_with("size=010 \t  Body=8BitMime\tSMTPUTF8 ").parameters == "size=010 Body=8BitMime SMTPUTF8");
}
