#pragma once
#include <string>
#include <variant>

#include "proxy/commands/commands.h"

namespace proxy {

// What the program was asked to do.
struct CheckCommand {
  std::string config;  // path of the configuration file
  bool probe = false;  // ask the backend too
};
struct ServeCommand {
  std::string config;
};
// Nothing but to say something: the help or the version on stdout, or on stderr what is wrong with the command line.
struct Say {
  std::string text;
  int exit_code;  // 0; 2: wrong usage, and the text is for stderr
};
using Command = std::variant<Say, ServeCommand, CheckCommand, StatusCommand, ExplainCommand, ListCommand, ForgetCommand,
                             RunTimeCommand, ExportCommand, ImportCommand, ReplayCommand>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace proxy
