// `import`: takes over what this or another greylister knew.
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "proxy/commands/asking.h"
#include "proxy/commands/foreign.h"
#include "proxy/commands/input_file.h"
#include "proxy/commands/progress.h"
#include "proxy/commands/text.h"
#include "proxy/config/duration.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;
using Sent = std::expected<void, std::string>;

constexpr std::size_t piece = 64 * 1024;
constexpr const char* not_json = "not a JSON object";  // as the proxy says

int failure(const std::string& what) {
  complain(what);
  return failed;
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
  for (const auto& [reason, count] : left_out.items()) table.add({"  " + count_text(count), reason});
  table.print_rest();
}

int report(const Json& answer, const ImportCommand& command) {
  if (command.question.json) return print_json(answer);
  Output output;
  print_report(answer, output);
  return output.end();
}

// Lines as they stand in the file.
Sent send_own(const std::string& path, std::FILE* file, Progress& progress, const AdminClient::Write& write) {
  std::array<char, piece> room;
  std::uint64_t sent = 0;
  while (const auto size = std::fread(room.data(), 1, room.size(), file)) {
    if (!write({room.data(), size})) return std::unexpected("the proxy doesn't listen any more");
    sent += size;
    if (progress.due()) progress.say(about_octets(sent) + " sent");
  }
  if (std::ferror(file) != 0) return std::unexpected(path + ": " + std::strerror(errno));
  return {};
}

bool nothing_but_other_text(const Json& answer) {
  for (const auto* key : {"entries", "earners", "run_time_entries"})
    if (answer.value(key, std::uint64_t{0}) > 0) return false;
  const auto left_out = answer.value("left_out", Json::object());
  return left_out.size() == 1 && left_out.contains(not_json);
}

// A file that was cut short, or is something else, has a line that isn't an object.
Sent check_lines(const std::string& path, Progress& progress) {
  std::ifstream file(path, std::ios::binary);
  std::uint64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (progress.due()) progress.say(count_text(number) + " lines read");
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == line.npos) continue;
    if (line[begin] != '{' || !Json::accept(line))
      return std::unexpected(path + ": line " + count_text(number) + " is not a JSON object" +
                             (file.eof() ? ": was the file cut short?" : ""));
  }
  return {};
}

// A file is read to its end before anything is sent: one that is damaged, or something else, changes nothing. What
// comes through a pipe is taken over as it comes: it may come from a proxy far away, and have no end for a long time.
int import_own(const AdminClient& proxy, const ImportCommand& command) {
  const auto file = open_file(command.file);
  if (!file) return failure(file.error());
  Progress progress;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(command.file, ignored))
    if (const auto whole = check_lines(command.file, progress); !whole) {
      progress.clear();
      return failure(whole.error());
    }
  const auto answer = proxy.send(
      "/import", [&](const AdminClient::Write& write) { return send_own(command.file, file->get(), progress, write); });
  progress.clear();
  if (!answer) return refused(answer.error());
  if (nothing_but_other_text(*answer)) return failure(command.file + ": none of its lines is a JSON object");
  return report(*answer, command);
}

// Lines made of what a reader finds, of which there are `expected`.
class ForeignLines {
 public:
  ForeignLines(greylist::Duration lifetime, const ImportReport& expected, Progress& progress)
      : lifetime_(lifetime),
        expected_(expected.triplets + expected.allows + expected.blocks + expected.earners),
        progress_(progress) {}

  Sent send(ForeignReader read, const std::string& path, const AdminClient::Write& write) {
    const auto again = read(path, [&](const Imported& imported) { add(imported, write); });
    if (!again) return std::unexpected(again.error() + "; it was readable a moment ago, and is taken over in part");
    if (!write(lines_)) listening_ = false;
    if (!listening_) return std::unexpected("the proxy doesn't listen any more");
    return {};
  }

 private:
  void add(const Imported& imported, const AdminClient::Write& write) {
    if (!listening_) return;
    lines_ += import_line(imported, lifetime_);
    ++sent_;
    if (lines_.size() < piece) return;
    listening_ = write(lines_);
    lines_.clear();
    if (progress_.due()) progress_.say(count_text(sent_) + " of " + count_text(expected_) + " sent");
  }

  const greylist::Duration lifetime_;
  const std::uint64_t expected_;
  Progress& progress_;
  std::string lines_;
  std::uint64_t sent_ = 0;
  bool listening_ = true;
};

std::expected<greylist::Duration, AdminFailure> lifetime_in_force(const AdminClient& proxy) {
  const auto status = proxy.ask("GET", "/status");
  if (!status) return std::unexpected(status.error());
  const auto lifetime = parse_duration(text_of(status->value("greylist", Json()), "lifetime"));
  if (!lifetime) return std::unexpected(AdminFailure{"the proxy doesn't say its greylist.lifetime"});
  return *lifetime;
}

// Likewise, and a pipe is read to its end, too.
int import_foreign(const AdminClient& proxy, const ImportCommand& command, ForeignReader read) {
  const auto lifetime = lifetime_in_force(proxy);
  if (!lifetime) return refused(lifetime.error());
  const auto file = RereadableFile::of(command.file);
  if (!file) return failure(file.error());
  const auto found = read(file->path(), [](const Imported&) {});
  if (!found) return failure(found.error());

  Progress progress;
  ForeignLines lines(*lifetime, *found, progress);
  auto answer =
      proxy.send("/import", [&](const AdminClient::Write& write) { return lines.send(read, file->path(), write); });
  progress.clear();
  if (!answer) return refused(answer.error());
  auto& left_out = (*answer)["left_out"];
  for (const auto& [reason, count] : found->left_out)
    left_out[reason] = left_out.value(reason, std::uint64_t{0}) + count;
  return report(*answer, command);
}

}  // namespace

int run(const ImportCommand& command) {
  return ask_proxy_of(command.question.config, [&](const AdminClient& proxy) {
    const auto read = foreign_reader(command.from);
    return read ? import_foreign(proxy, command, read) : import_own(proxy, command);
  });
}

}  // namespace proxy
