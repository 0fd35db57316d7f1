#include "proxy/command_line.h"

#include <CLI/CLI.hpp>

#include "proxy/version.h"

namespace proxy {
namespace {

constexpr int done = 0, wrong_usage = 2;

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description, std::string& config) {
  auto* command = app.add_subcommand(name, description);
  command->add_option("--config", config, "Configuration file")->type_name("FILE")->capture_default_str();
  return command;
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  std::string config = "/etc/greygate/greygate.json";
  CLI::App app("A greylisting SMTP proxy", "greygate");
  app.set_version_flag("--version", "greygate " + std::string(version()), "Print the version and exit");
  app.require_subcommand(1);
  const auto* serve = add_command(app, "serve", "Run the proxy in the foreground", config);
  bool probe = false;
  add_command(app, "check", "Validate a configuration file and print what is in force, defaults filled in", config)
      ->add_flag("--probe", probe, "Ask the backend too whether it would relay for outsiders");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& asked) {
    return Say{std::string(asked.what()) + "\n", done};
  } catch (const CLI::CallForHelp&) {
    return Say{app.help(), done};
  } catch (const CLI::ParseError& wrong) {
    const bool no_such_command = app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-';
    const std::string what = no_such_command ? "no such command: " + std::string(argv[1]) : wrong.what();
    return Say{"greygate: " + what + "\n\n" + app.help(), wrong_usage};
  }
  if (serve->parsed()) return ServeCommand{config};
  return CheckCommand{config, probe};
}

}  // namespace proxy
