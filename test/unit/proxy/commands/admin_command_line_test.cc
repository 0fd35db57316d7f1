#include <doctest/doctest.h>

#include <variant>
#include <vector>

#include "proxy/command_line.h"

using namespace proxy;
using Query = std::map<std::string, std::string>;

namespace {

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "greygate");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

// Whichever command it is.
const AdminQuestion& question(const Command& command) {
  static const AdminQuestion none;
  return std::visit(
      [](const auto& one) -> const AdminQuestion& {
        if constexpr (requires { one.question; })
          return one.question;
        else
          return none;
      },
      command);
}

}  // namespace

TEST_CASE("every command for a running proxy has a configuration file and may print JSON") {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {"status"},
           {"explain", "--recipient", "b@example.org"},
           {"list"},
           {"forget", "--all"},
           {"allow", "list"},
           {"block", "add", "--client", "192.0.2.1"},
           {"block", "remove", "--client", "192.0.2.1"},
           {"export"},
           {"import", "--from", "greygate", "-"},
       }) {
    CAPTURE(words[0]);
    CHECK(question(parse(words)).config == "/etc/greygate/greygate.json");
    CHECK_FALSE(question(parse(words)).json);
    auto more = words;
    more.insert(more.end(), {"--json", "--config", "a.json"});
    CHECK(question(parse(more)).config == "a.json");
    CHECK(question(parse(more)).json);
  }
}

TEST_CASE("what is asked") {
  CHECK(question(parse({"explain", "--client", "192.0.2.1", "--sender", "", "--recipient", "b@example.org"})).query ==
        Query{{"client", "192.0.2.1"}, {"sender", ""}, {"recipient", "b@example.org"}});
  CHECK(question(parse({"list", "--sender", "<>", "--state", "waiting"})).query ==
        Query{{"sender", "<>"}, {"state", "waiting"}});
  CHECK(std::holds_alternative<ListCommand>(parse({"list"})));
  CHECK(question(parse({"forget", "--all"})).query == Query{{"all", ""}});
  CHECK(question(parse({"export", "--all"})).query == Query{{"all", ""}});

  const auto added = parse({"block", "add", "--sender", "@example.com", "--for", "10m", "--note", "a b"});
  REQUIRE(std::holds_alternative<RunTimeCommand>(added));
  CHECK(std::get<RunTimeCommand>(added).list == "block");
  CHECK(std::get<RunTimeCommand>(added).what == RunTimeCommand::What::add);
  CHECK(question(added).query == Query{{"sender", "@example.com"}, {"for", "10m"}, {"note", "a b"}});
  const auto listed = std::get<RunTimeCommand>(parse({"allow", "list"}));
  CHECK(listed.list == "allow");
  CHECK(listed.what == RunTimeCommand::What::list);
  CHECK(std::get<RunTimeCommand>(parse({"allow", "remove", "--client", "a"})).what == RunTimeCommand::What::remove);

  const auto imported = std::get<ImportCommand>(parse({"import", "--from", "greygate", "-"}));
  CHECK(imported.from == "greygate");
  CHECK(imported.file == "-");
}

TEST_CASE("what can't be asked so") {
  struct Row {
    const char* why;
    std::vector<const char*> arguments;
    std::string_view phrase;
  };
  const Row rows[] = {
      {"about nobody", {"explain"}, "--recipient"},
      {"a client without a sender", {"explain", "--client", "192.0.2.1", "--recipient", "b"}, "--sender"},
      {"a sender without a client", {"explain", "--sender", "a", "--recipient", "b"}, "--client"},
      {"a HELO name of nobody", {"explain", "--helo", "a", "--recipient", "b"}, "--client"},
      {"a state that there isn't", {"list", "--state", "gone"}, "gone"},
      {"to forget, without saying what", {"forget"}, "which entries?"},
      {"to forget all, and some", {"forget", "--all", "--sender", "a"}, "--all"},
      {"a list, to do nothing with it", {"allow"}, "A subcommand is required"},
      {"a list, to do what it can't", {"allow", "frobnicate"}, "A subcommand is required"},
      {"an entry without conditions", {"allow", "add", "--for", "10m"}, "which mail?"},
      {"to remove what has no conditions", {"block", "remove"}, "which mail?"},
      {"no duration", {"allow", "add", "--client", "a", "--for", "10"}, "duration"},
      {"import from nobody", {"import", "a"}, "--from"},
      {"import of nothing", {"import", "--from", "greygate"}, "FILE"},
      {"import from somebody else", {"import", "--from", "sendmail", "a"}, "sendmail"},
      {"something more", {"status", "now"}, "now"},
  };
  for (const auto& [why, arguments, phrase] : rows) {
    CAPTURE(why);
    const auto command = parse(arguments);
    REQUIRE(std::holds_alternative<Say>(command));
    CHECK(std::get<Say>(command).exit_code == 2);
    CHECK_MESSAGE(std::get<Say>(command).text.contains(phrase), std::get<Say>(command).text);
  }
}

TEST_CASE("help for commands of commands") {
  const auto command = parse({"allow", "add", "--help"});
  REQUIRE(std::holds_alternative<Say>(command));
  CHECK(std::get<Say>(command).exit_code == 0);
  CHECK(std::get<Say>(command).text.contains("Usage: greygate allow add [OPTIONS]"));
  CHECK(std::get<Say>(command).text.contains("--note TEXT"));
}
