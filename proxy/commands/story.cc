#include "proxy/commands/story.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "proxy/commands/asking.h"
#include "proxy/commands/text.h"
#include "proxy/rfc3339.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

struct Phrase {
  std::string_view word, phrase;
};
constexpr std::array attempts{
    Phrase{"first_seen", "first attempt"},
    Phrase{"too_early", "retried too early"},
    Phrase{"retried", "retried in time"},
    Phrase{"known", "came again"},
    Phrase{"auto_allowed", "attempt, client has earned its way,"},
    Phrase{"allow_client", "attempt, client on an allow list,"},
    Phrase{"allow_sender", "attempt, sender on an allow list,"},
    Phrase{"allow_recipient", "attempt, recipient on an allow list,"},
    Phrase{"block_client", "attempt, client on a block list,"},
    Phrase{"block_sender", "attempt, sender on a block list,"},
    Phrase{"block_recipient", "attempt, recipient on a block list,"},
    Phrase{"store_failure", "attempt while the store couldn't answer,"},
    Phrase{"off", "attempt while greylisting was off,"},
    Phrase{"rule_allow", "attempt, let through by a rule,"},
    Phrase{"rule_block", "attempt, blocked by a rule,"},
    Phrase{"rule_put_off", "attempt, put off by a rule,"},
    Phrase{"dns_allow", "attempt, client on an allow list in the DNS,"},
    Phrase{"trap", "attempt, client in a trap,"},
    Phrase{"unknown_recipient", "attempt, mailbox unknown to the mail server,"},
};
constexpr std::array endings{
    Phrase{"relayed", "relayed: the mail server said "},
    Phrase{"refused", "the message was refused: "},
    Phrase{"unknown", "the mail server was lost after the whole message, it may have it: "},
};

template <std::size_t size>
std::string_view phrase(const std::array<Phrase, size>& phrases, std::string_view word) {
  const auto* found = std::ranges::find(phrases, word, &Phrase::word);
  return found == phrases.end() ? std::string_view() : found->phrase;
}

// A greylist reply is our own and long; what the mail server said is of interest unless it is yes.
std::string outcome(std::string_view word, const std::string& reply) {
  if (reply.starts_with('2')) return "passed";
  if (word == "first_seen" || word == "too_early") return "put off";
  return reply;
}

}  // namespace

std::string told(const Json& event) {
  const auto what = text_of(event, "what"), reply = text_of(event, "reply");
  if (const auto ending = phrase(endings, what); !ending.empty()) return std::string(ending) + reply;
  const auto attempt = phrase(attempts, what);
  return std::string(attempt.empty() ? what : attempt) + " from " + text_of(event, "client") + ": " +
         outcome(what, reply);
}

namespace {

std::string clock_of(const Json& event) {
  const auto time = parse_time(text_of(event, "time"));
  return time ? clock_text(*time) : std::string();
}

}  // namespace

void print_story(const Json& events, Table::Print print) {
  Table table({}, std::move(print));
  for (const auto& event : events) table.add({"  " + clock_of(event), ago_of(event, "time"), told(event)});
  table.print_rest();
}

void print_events(const Json& events, Table::Print print) {
  Table table({"TIME", "", "SENDER", "WHAT"}, std::move(print));
  for (const auto& event : events)
    table.add({clock_of(event), ago_of(event, "time"), address_of(event, "sender"), told(event)});
  table.print_rest();
}

}  // namespace proxy
