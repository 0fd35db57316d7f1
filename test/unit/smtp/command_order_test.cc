#include "smtp/command_order.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using smtp::State;
using smtp::Verb;

TEST_CASE("which verb may come in which state") {
  struct Row {
    std::string why;
    Verb verb;
    std::string_view in;  // c: connected, g: greeted, m: mail, b: chunks
  };
  for (const auto& [why, verb, in] : {
           Row{"HELO begins anew", Verb::helo, "cgmb"},
           Row{"EHLO begins anew", Verb::ehlo, "cgmb"},
           Row{"MAIL once, after a greeting", Verb::mail, "g"},
           Row{"RCPT until content begins", Verb::rcpt, "m"},
           Row{"DATA never after BDAT", Verb::data, "m"},
           Row{"BDAT after BDAT", Verb::bdat, "mb"},
           Row{"RSET always", Verb::rset, "cgmb"},
           Row{"NOOP always", Verb::noop, "cgmb"},
           Row{"HELP always", Verb::help, "cgmb"},
           Row{"VRFY always", Verb::vrfy, "cgmb"},
           Row{"STARTTLS between transactions", Verb::starttls, "g"},
           Row{"QUIT always", Verb::quit, "cgmb"},
       }) {
    CAPTURE(why);
    CHECK(smtp::allowed(State::connected, verb) == in.contains('c'));
    CHECK(smtp::allowed(State::greeted, verb) == in.contains('g'));
    CHECK(smtp::allowed(State::mail, verb) == in.contains('m'));
    CHECK(smtp::allowed(State::chunks, verb) == in.contains('b'));
  }
}
