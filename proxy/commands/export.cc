// `export` and `import`: the greylist as JSON Lines.
#include <unistd.h>

#include "proxy/commands/asking.h"
#include "proxy/commands/progress.h"
#include "proxy/commands/text.h"

namespace proxy {

int run(const ExportCommand& command) {
  return ask_proxy_of(command.question.config, [&](const AdminClient& proxy) {
    Output output;
    Progress progress;
    std::uint64_t count = 0;
    const bool to_a_file = ::isatty(STDOUT_FILENO) == 0;
    const auto given = proxy.lines("/export", command.question.query, [&](std::string_view line) {
      ++count;
      if (to_a_file && progress.due()) progress.say(count_text(count) + " exported");
      return output.print(printable(line) + '\n');
    });
    progress.clear();
    if (!given) {
      output.end();
      return refused(given.error());
    }
    return output.end();
  });
}

}  // namespace proxy
