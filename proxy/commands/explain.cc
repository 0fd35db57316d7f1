// `explain`: why a recipient is put off, and what became of his mail.
#include "proxy/clock.h"
#include "proxy/commands/asking.h"
#include "proxy/commands/story.h"
#include "proxy/commands/text.h"
#include "proxy/rfc3339.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

std::string verdict_line(const Json& explanation) {
  const auto action = text_of(explanation, "action"), reply = text_of(explanation, "reply");
  auto line = (action == "put_off"  ? "put off"
               : action == "refuse" ? "refused"
                                    : "passes") +
              std::string(" (") + text_of(explanation, "verdict") + ")";
  if (!reply.empty()) line += ": " + reply;
  return line;
}

void tell(const Json& explanation, Output& output) {
  const auto say = [&](std::string_view line) { output.print(printable(line) + "\n"); };
  say(verdict_line(explanation));
  if (const auto time = parse_time(text_of(explanation, "passes_at")))
    say("a retry passes from " + clock_text(*time) + " UTC on, " + ago_text(*time, SystemClock().now()));
  say("");
  std::size_t number = 0;
  for (const auto& step : explanation.value("steps", Json::array()))
    say(std::to_string(++number) + ". " + (step.is_string() ? step.get<std::string>() : step.dump()));
}

// The events, the oldest first, of this triplet or of the others.
Json events_of(const Json& explanation, bool same_triplet) {
  Json events = Json::array();
  const auto history = explanation.value("history", Json::array());
  for (auto event = history.rbegin(); event != history.rend(); ++event)
    if (event->value("same_triplet", false) == same_triplet) events.push_back(*event);
  return events;
}

void tell_story(const Json& explanation, Output& output) {
  const auto print = [&](std::string_view text) { output.print(text); };
  const auto own = events_of(explanation, true), others = events_of(explanation, false);
  if (!own.empty()) {
    print("\nWhat became of it until now, in UTC:\n");
    print_story(own, print);
  }
  if (!others.empty()) {
    print("\nOther mail for " + printable(text_of(explanation, "recipient")) + ", in UTC:\n");
    print_events(others, print);
  }
  if (own.empty() && others.empty()) print("\nNothing is remembered of mail for this recipient.\n");
}

}  // namespace

int run(const ExplainCommand& command) {
  return ask_proxy_of(command.question.config, [&](const AdminClient& proxy) {
    const auto explanation = proxy.ask("GET", "/explain", command.question.query);
    if (!explanation) return refused(explanation.error());
    if (command.question.json) return print_json(*explanation);
    Output output;
    if (explanation->contains("verdict")) {
      tell(*explanation, output);
      tell_story(*explanation, output);
    } else if (const auto events = explanation->value("history", Json::array()); !events.empty()) {
      print_events(events, [&](std::string_view text) { output.print(text); });
    } else {
      output.print("Nothing is remembered of mail for this recipient.\n");
    }
    return output.end();
  });
}

}  // namespace proxy
