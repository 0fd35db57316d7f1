// `list` and `forget`: entries of the greylist.
#include "proxy/commands/asking.h"
#include "proxy/commands/text.h"

namespace proxy {

using Json = nlohmann::ordered_json;

int run(const ListCommand& command) {
  return ask_proxy_of(command.question.config, [&](const AdminClient& proxy) {
    return print_lines(proxy, "/entries", command.question,
                       {"STATE", "FIRST SEEN", "LAST SEEN", "IDENTITY", "LAST CLIENT", "SENDER", "RECIPIENT"},
                       [](const Json& entry) -> std::vector<std::string> {
                         return {text_of(entry, "state"),    ago_of(entry, "first_seen"),   ago_of(entry, "last_seen"),
                                 text_of(entry, "identity"), text_of(entry, "last_client"), address_of(entry, "sender"),
                                 text_of(entry, "recipient")};
                       });
  });
}

int run(const ForgetCommand& command) {
  return ask_proxy_of(command.question.config, [&](const AdminClient& proxy) {
    const auto answer = proxy.ask("DELETE", "/entries", command.question.query);
    if (!answer) return refused(answer.error());
    if (command.question.json) return print_json(*answer);
    const auto count = answer->value("forgotten", std::uint64_t{0});
    Output output;
    output.print(count_text(count) + (count == 1 ? " entry" : " entries") + " forgotten\n");
    return output.end();
  });
}

}  // namespace proxy
