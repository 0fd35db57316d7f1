#include "proxy/commands/story.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace proxy;
using Json = nlohmann::ordered_json;

TEST_CASE("events in words") {
  struct Row {
    const char* why;
    const char *what, *reply;
    std::string_view told;
  };
  for (const auto& [why, what, reply, words] : {
           Row{"a stranger", "first_seen", "450 4.2.0 Greylisted", "first attempt from 192.0.2.7: put off"},
           Row{"the same while only observed", "first_seen", "250 2.1.5 Ok", "first attempt from 192.0.2.7: passed"},
           Row{"too soon", "too_early", "450 4.2.0 Greylisted", "retried too early from 192.0.2.7: put off"},
           Row{"in time", "retried", "250 2.1.5 Ok", "retried in time from 192.0.2.7: passed"},
           Row{"in time, but the mail server has no such mailbox", "retried", "550 5.1.1 No such user",
               "retried in time from 192.0.2.7: 550 5.1.1 No such user"},
           Row{"blocked", "block_sender", "554 5.7.1 Refused",
               "attempt, sender on a block list, from 192.0.2.7: 554 5.7.1 Refused"},
           Row{"a mailbox that isn't there", "unknown_recipient", "550 5.1.1 No such user",
               "attempt, mailbox unknown to the mail server, from 192.0.2.7: 550 5.1.1 No such user"},
           Row{"delivered", "relayed", "250 2.0.0 queued as 4F2",
               "relayed: the mail server said 250 2.0.0 queued as 4F2"},
           Row{"a word of a newer proxy", "moon_phase", "554 5.7.1 No", "moon_phase from 192.0.2.7: 554 5.7.1 No"},
       }) {
    CAPTURE(why);
    CHECK(told(Json{{"what", what}, {"reply", reply}, {"client", "192.0.2.7"}}) == words);
  }
}

TEST_CASE("events without what they should have are told all the same") {
  CHECK(told(Json::object()) == " from : ");
  std::string text;
  print_story(Json::array({Json::object(), Json{{"time", "yesterday"}, {"what", "relayed"}}}),
              [&](std::string_view lines) { text += lines; });
  CHECK(std::ranges::count(text, '\n') == 2);
}
