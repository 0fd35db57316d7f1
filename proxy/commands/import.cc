// `import`: takes over what this or another greylister knew.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "proxy/commands/asking.h"
#include "proxy/commands/progress.h"
#include "proxy/commands/text.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// The lines of a file as they are.
AdminClient::Source lines_of(const std::string& path, std::FILE* file, Progress& progress) {
  return [&path, file, &progress](const AdminClient::Write& write) -> std::expected<void, std::string> {
    std::array<char, 64 * 1024> room;
    std::uint64_t sent = 0;
    errno = 0;
    while (const auto size = std::fread(room.data(), 1, room.size(), file)) {
      if (!write({room.data(), size})) return std::unexpected("the proxy doesn't listen any more");
      sent += size;
      if (progress.due()) progress.say(about_octets(sent) + " sent");
    }
    if (std::ferror(file) != 0) return std::unexpected(path + ": " + std::strerror(errno));
    return {};
  };
}

std::string counted(const Json& answer, const char* key, std::string_view one, std::string_view many) {
  const auto count = answer.value(key, std::uint64_t{0});
  return count_text(count) + " " + std::string(count == 1 ? one : many);
}

void print_report(const Json& answer, Output& output) {
  output.print("taken over: " + counted(answer, "entries", "entry", "entries") + ", " +
               counted(answer, "earners", "client that earns its way", "clients that earn their way") + ", " +
               counted(answer, "run_time_entries", "run-time entry", "run-time entries") + "\n");
  const auto left_out = answer.value("left_out", Json::object());
  if (left_out.empty()) return;
  output.print("left out:\n");
  Table table({}, [&](std::string_view lines) { output.print(lines); });
  for (const auto& [reason, count] : left_out.items()) table.add({"  " + count.dump(), reason});
  table.print_rest();
}

// What the proxy took over, and what this side left out before.
int report(const Json& answer, const ImportCommand& command) {
  if (command.question.json) return print_json(answer);
  Output output;
  print_report(answer, output);
  return output.end();
}

int import_own(const AdminClient& proxy, const ImportCommand& command) {
  const bool from_stdin = command.file == "-";
  const File file(from_stdin ? stdin : std::fopen(command.file.c_str(), "rb"), std::fclose);
  if (!file) {
    complain(command.file + ": " + std::strerror(errno));
    return failed;
  }
  Progress progress;
  const auto answer = proxy.send("/import", lines_of(command.file, file.get(), progress));
  progress.clear();
  return answer ? report(*answer, command) : refused(answer.error());
}

}  // namespace

int run(const ImportCommand& command) {
  return ask_proxy_of(command.question.config, [&](const AdminClient& proxy) { return import_own(proxy, command); });
}

}  // namespace proxy
