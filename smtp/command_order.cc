#include "command_order.h"

#include <array>

#include <algorithm>

namespace smtp {

namespace {

struct Rule {
  State in;
  Verb verb;
};

// HELO and EHLO begin anew from anywhere, RSET, NOOP, HELP, VRFY and QUIT are always in order (RFC 5321 §4.1.4).
// STARTTLS has to be offered first (RFC 3207 §4) and would leave an open transaction half in the clear.
constexpr std::array rules{
    Rule{State::connected, Verb::helo},
    Rule{State::connected, Verb::ehlo},
    Rule{State::connected, Verb::rset},
    Rule{State::connected, Verb::noop},
    Rule{State::connected, Verb::help},
    Rule{State::connected, Verb::vrfy},
    Rule{State::connected, Verb::quit},

    Rule{State::greeted, Verb::helo},
    Rule{State::greeted, Verb::ehlo},
    Rule{State::greeted, Verb::rset},
    Rule{State::greeted, Verb::noop},
    Rule{State::greeted, Verb::help},
    Rule{State::greeted, Verb::vrfy},
    Rule{State::greeted, Verb::quit},
    Rule{State::greeted, Verb::starttls},
    Rule{State::greeted, Verb::mail},

    // No second MAIL while a transaction is open (RFC 5321 §4.1.4).
    Rule{State::mail, Verb::helo},
    Rule{State::mail, Verb::ehlo},
    Rule{State::mail, Verb::rset},
    Rule{State::mail, Verb::noop},
    Rule{State::mail, Verb::help},
    Rule{State::mail, Verb::vrfy},
    Rule{State::mail, Verb::quit},
    Rule{State::mail, Verb::rcpt},
    Rule{State::mail, Verb::data},
    Rule{State::mail, Verb::bdat},

    // After the first BDAT the envelope is closed and DATA can't be mixed in (RFC 3030 §2).
    Rule{State::chunks, Verb::helo},
    Rule{State::chunks, Verb::ehlo},
    Rule{State::chunks, Verb::rset},
    Rule{State::chunks, Verb::noop},
    Rule{State::chunks, Verb::help},
    Rule{State::chunks, Verb::vrfy},
    Rule{State::chunks, Verb::quit},
    Rule{State::chunks, Verb::bdat},
};

constexpr bool listed(State in, Verb verb) {
  return std::ranges::any_of(rules, [=](const Rule& rule) { return rule.in == in && rule.verb == verb; });
}

constexpr bool everywhere(Verb verb) {
  return listed(State::connected, verb) && listed(State::greeted, verb) && listed(State::mail, verb) &&
         listed(State::chunks, verb);
}

constexpr bool only_in(State in, Verb verb) {
  return listed(in, verb) && std::ranges::count(rules, verb, &Rule::verb) == 1;
}

static_assert(everywhere(Verb::helo) && everywhere(Verb::ehlo) && everywhere(Verb::rset) && everywhere(Verb::noop) &&
              everywhere(Verb::help) && everywhere(Verb::vrfy) && everywhere(Verb::quit));
static_assert(only_in(State::greeted, Verb::mail), "MAIL needs a greeting and no open transaction");
static_assert(only_in(State::mail, Verb::rcpt), "RCPT needs MAIL and no chunk yet");
static_assert(only_in(State::mail, Verb::data), "DATA needs MAIL and never follows BDAT");
static_assert(only_in(State::greeted, Verb::starttls), "STARTTLS needs a greeting and no open transaction");
static_assert(listed(State::mail, Verb::bdat) && listed(State::chunks, Verb::bdat));

}  // namespace

bool allowed(State in, Verb verb) { return listed(in, verb); }

}  // namespace smtp
