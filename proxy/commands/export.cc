// `export` and `import`: the greylist as JSON Lines.
#include "proxy/commands/asking.h"
#include "proxy/commands/text.h"

namespace proxy {

int run(const ExportCommand& command) {
  return ask_proxy_of(command.question.config, [&](const AdminClient& proxy) {
    Output output;
    const auto given = proxy.lines("/export", command.question.query,
                                   [&](std::string_view line) { return output.print(printable(line) + '\n'); });
    if (!given) return output.end(), refused(given.error());
    return output.end();
  });
}

}  // namespace proxy
