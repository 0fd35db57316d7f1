// Nothing is lost, nothing is doubled: by exhaustion, over a model of the hand-over.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "test/unit/proxy/session/handover_model.h"

using handover::explore;
using handover::Rules;
using proxy::BackendConnection;
using proxy::Ending;
using proxy::Trouble;
using Outcome = Ending::Outcome;

namespace {

std::string told(const handover::Exploration& found) {
  std::string text = found.fault + ":";
  for (const auto& step : found.way) text += "\n  " + step;
  return text;
}

Ending lost_is_refused(const BackendConnection::Answer& answer) {
  auto ending = proxy::ending_by(answer);
  if (ending.outcome == Outcome::unknown) ending.outcome = Outcome::refused;
  return ending;
}

Ending lost_is_relayed(const BackendConnection::Answer& answer) {
  if (!answer) return {Outcome::relayed, smtp::Reply(250, "2.0.0", "Probably there")};
  return proxy::ending_by(answer);
}

Ending any_reply_is_a_yes(const BackendConnection::Answer& answer) {
  if (answer) return {Outcome::relayed, smtp::Reply(250, "2.0.0", "Answered")};
  return proxy::ending_by(answer);
}

}  // namespace

TEST_CASE("what a backend's answer to the end of data means for the message") {
  struct Row {
    std::string why;
    BackendConnection::Answer answer;
    Outcome outcome;
    const char* told;
    bool ends_dialogue;
  };
  const auto trouble = [](Trouble::Kind kind) { return std::unexpected(Trouble{kind, "trouble"}); };
  const auto reply = [](const char* wire) { return smtp::Reply::verbatim(std::atoi(wire), wire); };
  const char* unavailable = "451 4.3.0 ";
  const Row rows[] = {
      {"a yes is passed on word for word", reply("250 2.0.0 Ok: queued as 4711\r\n"), Outcome::relayed,
       "250 2.0.0 Ok: queued as 4711\r\n", false},
      {"a no likewise", reply("554 5.7.1 Spam\r\n"), Outcome::refused, "554 5.7.1 Spam\r\n", false},
      {"so is a not-now", reply("452 4.3.1 Full\r\n"), Outcome::refused, "452 4.3.1 Full\r\n", false},
      {"a goodbye is the connection's, not the client's", reply("421 4.3.2 Going down\r\n"), Outcome::refused,
       "451 4.3.2 Going down\r\n", true},
      {"354 is no answer to that", reply("354 Go on\r\n"), Outcome::unknown, unavailable, true},
      {"a lost connection leaves it open", trouble(Trouble::Kind::lost), Outcome::unknown, unavailable, true},
      {"so does silence", trouble(Trouble::Kind::timed_out), Outcome::unknown, unavailable, true},
      {"and garbage", trouble(Trouble::Kind::garbage), Outcome::unknown, unavailable, true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.why);
    const auto ending = proxy::ending_by(row.answer);
    CHECK(ending.outcome == row.outcome);
    CHECK(ending.reply.wire().substr(0, std::string_view(row.told).size()) == row.told);
    CHECK(proxy::ends_dialogue(row.answer) == row.ends_dialogue);
  }
}

TEST_CASE("whatever breaks when: told 250, it is there once; doubled, a connection was cut; somebody owns it") {
  const auto found = explore(Rules{});
  CHECK_MESSAGE(found.fault.empty(), told(found));
  CHECK(found.states > 10'000);
  CHECK(found.ends > 500);
  CHECK(found.doubled > 0);  // RFC 1047: not even a sound proxy can rule that out
}

TEST_CASE("a proxy that errs is found") {
  struct Row {
    std::string why;
    Rules rules;
    std::string_view fault;
  };
  const Row rows[] = {
      {"it says 250 before the backend has",
       {.says_yes_early = true},
       "told 250, the backend doesn't have it exactly once"},
      {"it tries another backend after the end was sent to one",
       {.tries_another_backend = true},
       "two copies of one attempt"},
      {"it completes what a client left unfinished",
       {.completes_what_was_cut = true},
       "a copy of what the client never finished"},
      {"it doesn't wait for the backend when the client has left",
       {.leaves_with_the_client = true},
       "unknown, though the backend would have answered"},
      {"it takes a lost connection for a refusal", {.judge = lost_is_refused}, "logged as refused, and it is there"},
      {"it takes a lost connection for a yes", {.judge = lost_is_relayed}, "logged as relayed, and it isn't there"},
      {"it takes any reply for a yes", {.judge = any_reply_is_a_yes}, "logged as relayed, and it isn't there"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.why);
    const auto found = explore(row.rules);
    CHECK_MESSAGE(found.fault == row.fault, told(found));
    CHECK(found.way.size() > 1);
  }
}
