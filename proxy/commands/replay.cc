// `replay`: what a configuration would have done with attempts that were recorded.
#include "proxy/replay/replay.h"

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "proxy/commands/commands.h"
#include "proxy/commands/input_file.h"
#include "proxy/commands/output.h"
#include "proxy/commands/table.h"
#include "proxy/commands/text.h"
#include "proxy/config/build_policy.h"
#include "proxy/config/load.h"
#include "proxy/rfc3339.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;
constexpr unsigned complaints = 10;  // a file of another kind is wrong in every line

std::expected<greylist::Policy, ConfigProblems> policy_of(const std::string& config) {
  const auto settings = load_settings(config);
  if (!settings) return std::unexpected(settings.error());
  return build_policy(*settings);
}

// The next line, without its end; nullopt: there is none.
class LineReader {
 public:
  explicit LineReader(std::FILE* file) : file_(file) {}
  LineReader(const LineReader&) = delete;
  ~LineReader() { std::free(room_); }
  std::optional<std::string_view> next() {
    auto length = ::getline(&room_, &size_, file_);
    if (length < 0) return std::nullopt;
    while (length > 0 && (room_[length - 1] == '\n' || room_[length - 1] == '\r')) --length;
    return std::string_view(room_, static_cast<std::size_t>(length));
  }

 private:
  std::FILE* file_;
  char* room_ = nullptr;
  std::size_t size_ = 0;
};

std::string in_json(const Json& json) {
  return printable(json.dump(-1, ' ', false, Json::error_handler_t::replace)) + '\n';
}

double seconds(greylist::Duration duration) { return std::chrono::duration<double>(duration).count(); }

Json delays_in_json(const std::vector<greylist::Duration>& delays) {
  const auto at = [&](unsigned hundredths) {
    return delays.empty() ? Json(nullptr) : Json(seconds(percentile(delays, hundredths)));
  };
  return {{"median", at(50)}, {"p95", at(95)}, {"max", at(100)}};
}

Json in_json(const ReplaySummary::Triplets& triplets) {
  return {{"triplets", triplets.all},
          {"never_came_back", triplets.all - triplets.passed},
          {"delay_seconds", delays_in_json(triplets.delays)}};
}

Json in_json(const ReplaySummary::Actions& actions) {
  return {{"attempts", actions.all()},
          {"put_off", actions.put_off},
          {"passed", actions.passed},
          {"refused", actions.refused}};
}

Json in_json(const ReplaySummary& summary) {
  auto json = in_json(summary.actions());
  json.update(in_json(summary.triplets()));
  Json kinds = Json::object();
  for (const auto& [kind, triplets] : summary.by_identity()) kinds[kind] = in_json(triplets);
  json["by_identity"] = std::move(kinds);
  Json rules = Json::object();
  for (const auto& [name, actions] : summary.by_rule()) rules[name] = in_json(actions);
  json["by_rule"] = std::move(rules);
  return json;
}

Json in_json(const TracedAttempt& attempt, const Replayed& replayed) {
  return {{"time", time_text(attempt.time)},
          {"client", attempt.client.text()},
          {"sender", replayed.triplet.sender},
          {"recipient", replayed.triplet.recipient},
          {"identity", replayed.triplet.identity},
          {"verdict", replayed.word},
          {"action", std::string(greylist::word(replayed.action))},
          {"rule", replayed.rule.empty() ? Json(nullptr) : Json(replayed.rule)}};
}

std::vector<std::string> row(const TracedAttempt& attempt, const Replayed& replayed) {
  const auto& [identity, sender, recipient] = replayed.triplet;
  return {clock_text(attempt.time),
          replayed.word,
          std::string(greylist::word(replayed.action)),
          replayed.rule.empty() ? "-" : replayed.rule,
          attempt.client.text(),
          identity,
          sender.empty() ? "<>" : sender,
          recipient};
}

std::string delays_text(const std::vector<greylist::Duration>& delays) {
  if (delays.empty()) return "";
  const auto text = [&](unsigned hundredths) {
    return age_text(std::chrono::duration_cast<std::chrono::milliseconds>(percentile(delays, hundredths)));
  };
  return ", delayed by " + text(50) + " (median), " + text(95) + " (95 %), " + text(100) + " (longest)";
}

std::string triplets_text(const ReplaySummary::Triplets& triplets) {
  return count_text(triplets.all) + " triplets had to wait: " + count_text(triplets.passed) + " came back in time" +
         delays_text(triplets.delays) + "; " + count_text(triplets.all - triplets.passed) + " never\n";
}

std::string actions_text(const ReplaySummary::Actions& actions) {
  return count_text(actions.all()) + " attempts: " + count_text(actions.put_off) + " put off, " +
         count_text(actions.passed) + " passed, " + count_text(actions.refused) + " refused\n";
}

std::string for_people(const ReplaySummary& summary) {
  auto text = "\n" + actions_text(summary.actions()) + triplets_text(summary.triplets());
  for (const auto& [kind, triplets] : summary.by_identity()) text += "  by " + kind + ": " + triplets_text(triplets);
  for (const auto& [name, actions] : summary.by_rule()) text += "  by rule \"" + name + "\": " + actions_text(actions);
  return text;
}

}  // namespace

int run(const ReplayCommand& command) {
  auto policy = policy_of(command.config);
  if (!policy) {
    for (const auto& problem : policy.error()) complain(problem.line());
    return failed;
  }
  const auto file = open_file(command.trace);
  if (!file) return complain(file.error()), failed;

  Output output;
  Table table({"TIME", "VERDICT", "ACTION", "RULE", "CLIENT", "IDENTITY", "SENDER", "RECIPIENT"},
              [&](std::string_view line) { output.print(line); });
  Replay replay(*std::move(policy));
  LineReader lines(file->get());
  unsigned number = 0, wrong = 0;
  while (const auto line = lines.next()) {
    ++number;
    if (line->empty()) continue;
    const auto attempt = parse_traced_attempt(*line);
    if (!attempt && ++wrong <= complaints)
      complain(command.trace + ", line " + std::to_string(number) + ": " + attempt.error());
    if (!attempt || !*attempt) continue;
    const auto replayed = replay.judge(**attempt);
    if (command.json)
      output.print(in_json(in_json(**attempt, replayed)));
    else
      table.add(row(**attempt, replayed));
  }
  if (std::ferror(file->get()) != 0) return complain(command.trace + ": it can't be read to its end"), failed;
  if (command.json) {
    output.print(in_json(Json{{"summary", in_json(replay.summary())}}));
  } else {
    table.print_rest();
    output.print(for_people(replay.summary()));
  }
  if (wrong > 0) complain(std::to_string(wrong) + " lines of " + command.trace + " could not be read");
  return output.end(wrong > 0 ? failed : done);
}

}  // namespace proxy
