#include "proxy/command_line.h"

#include <doctest/doctest.h>

#include <vector>

using namespace proxy;

namespace {

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "greygate");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace

TEST_CASE("check has a configuration file") {
  CHECK(std::get<CheckCommand>(parse({"check"})).config == "/etc/greygate/greygate.json");
  CHECK(std::get<CheckCommand>(parse({"check", "--config", "a.json"})).config == "a.json");
  CHECK(std::get<CheckCommand>(parse({"check", "--config=a.json"})).config == "a.json");
}

TEST_CASE("what is only said") {
  struct Row {
    const char* why;
    std::vector<const char*> arguments;
    int exit_code;
    std::string_view phrase;
  };
  const Row rows[] = {
      {"the version", {"--version"}, 0, "greygate 0."},
      {"help", {"--help"}, 0, "check"},
      {"help for a command", {"check", "--help"}, 0, "--config FILE"},
      {"no arguments", {}, 2, "Usage: greygate"},
      {"no such command", {"frobnicate"}, 2, "no such command: frobnicate\n\nA greylisting"},
      {"no such option", {"--frobnicate"}, 2, "Usage: greygate"},
      {"no such option of a command", {"check", "--frobnicate"}, 2, "Usage: greygate check"},
      {"an option without its value", {"check", "--config"}, 2, "--config"},
      {"something more", {"check", "now"}, 2, "now"},
      {"two commands", {"check", "check", "--config"}, 2, "--config"},
  };
  for (const auto& [why, arguments, exit_code, phrase] : rows) {
    CAPTURE(why);
    const auto command = parse(arguments);
    REQUIRE(std::holds_alternative<Say>(command));
    CHECK(std::get<Say>(command).exit_code == exit_code);
    CHECK_MESSAGE(std::get<Say>(command).text.contains(phrase), std::get<Say>(command).text);
  }
}
