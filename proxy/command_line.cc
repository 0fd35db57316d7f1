#include "proxy/command_line.h"

#include <CLI/CLI.hpp>

#include "proxy/commands/admin_command_line.h"
#include "proxy/commands/admin_socket.h"
#include "proxy/commands/output.h"
#include "proxy/version.h"

namespace proxy {
namespace {

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description, std::string& config) {
  auto* command = app.add_subcommand(name, description);
  command->add_option("--config", config, "Configuration file")->type_name("FILE")->capture_default_str();
  return command;
}

// What can't be made sense of, and what could: the help of the command that was meant.
Say wrong(const CLI::App& app, const std::string& what) {
  return {"greygate: " + what + "\n\n" + app.help(), wrong_usage};
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  Command asked;
  std::string config = default_config;
  CLI::App app("A greylisting SMTP proxy", "greygate");
  app.set_version_flag("--version", "greygate " + std::string(version()), "Print the version and exit");
  app.require_subcommand(1);
  add_command(app, "serve", "Run the proxy in the foreground", config)->callback([&] { asked = ServeCommand{config}; });
  bool probe = false;
  auto* check =
      add_command(app, "check", "Validate a configuration file and print what is in force, defaults filled in", config);
  check->add_flag("--probe", probe, "Ask the backend too whether it would relay for outsiders");
  check->callback([&] { asked = CheckCommand{config, probe}; });
  ReplayCommand replay;
  auto* replaying =
      add_command(app, "replay", "Judge recorded attempts by their own clock, as this configuration would", config);
  replaying->add_flag("--json", replay.json, "Print JSON, a line an attempt and the summary last");
  replaying->add_option("trace", replay.trace, "JSON Lines, our own log among them; - for stdin")
      ->required()
      ->type_name("TRACE");
  replaying->callback([&] {
    replay.config = config;
    asked = replay;
  });
  AdminCommandLine admin(app, [&](Command command) { asked = std::move(command); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& call) {
    return Say{std::string(call.what()) + "\n", done};
  } catch (const CLI::CallForHelp&) {
    return Say{app.help(), done};
  } catch (const CLI::ParseError& error) {
    const bool no_such_command = app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-';
    return wrong(app, no_such_command ? "no such command: " + std::string(argv[1]) : error.what());
  }
  return asked;
}

}  // namespace proxy
