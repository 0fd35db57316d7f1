// `allow` and `block`: entries of the run-time lists.
#include "proxy/commands/asking.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

std::string any_or(const std::string& text) { return text.empty() ? "any" : text; }

int list(const AdminClient& proxy, const RunTimeCommand& command) {
  return print_lines(proxy, "/" + command.list, command.question,
                     {"CLIENT", "SENDER", "RECIPIENT", "MADE", "LAPSES", "NOTE"},
                     [](const Json& entry) -> std::vector<std::string> {
                       const auto lapses = ago_of(entry, "lapses");
                       return {any_or(text_of(entry, "client")),    any_or(text_of(entry, "sender")),
                               any_or(text_of(entry, "recipient")), ago_of(entry, "made"),
                               lapses.empty() ? "never" : lapses,   text_of(entry, "note")};
                     });
}

int add(const AdminClient& proxy, const RunTimeCommand& command) {
  const auto entry = proxy.ask("POST", "/" + command.list, command.question.query);
  if (!entry) return refused(entry.error());
  if (command.question.json) return print_json(*entry);
  const auto lapses = ago_of(*entry, "lapses");
  Output output;
  output.print("added, in force now" + (lapses.empty() ? std::string() : "; lapses " + lapses) + "\n");
  return output.end();
}

int remove(const AdminClient& proxy, const RunTimeCommand& command) {
  const auto answer = proxy.ask("DELETE", "/" + command.list, command.question.query);
  if (!answer) return refused(answer.error());
  const bool was_there = answer->value("removed", 0) > 0;
  if (command.question.json) {
    if (const int code = print_json(*answer); code != done) return code;
  } else if (was_there) {
    Output output;
    output.print("removed\n");
    if (const int code = output.end(); code != done) return code;
  }
  if (was_there) return done;
  complain("there is no entry of just these conditions; see greygate " + command.list + " list");
  return failed;
}

}  // namespace

int run(const RunTimeCommand& command) {
  return ask_proxy_of(command.question.config, [&](const AdminClient& proxy) {
    switch (command.what) {
      case RunTimeCommand::What::add: return add(proxy, command);
      case RunTimeCommand::What::remove: return remove(proxy, command);
      case RunTimeCommand::What::list: break;
    }
    return list(proxy, command);
  });
}

}  // namespace proxy
