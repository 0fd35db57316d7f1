#pragma once
#include <functional>
#include <string>

#include "proxy/command_line.h"

namespace CLI {
class App;
}

namespace proxy {

// The part of the command line that is for the administrator of a running proxy. Must outlive the parsing.
class AdminCommandLine {
 public:
  using Ask = std::function<void(Command)>;
  // Adds its commands to `app`, which calls `ask` with the one that it has parsed.
  AdminCommandLine(CLI::App& app, Ask ask);
  AdminCommandLine(const AdminCommandLine&) = delete;
  AdminCommandLine& operator=(const AdminCommandLine&) = delete;

 private:
  CLI::App* command(CLI::App& app, const std::string& name, const std::string& description);
  void condition(CLI::App* command, const std::string& name, const std::string& type, const std::string& description);
  void entry_conditions(CLI::App* command);
  void add_explain(CLI::App& app);
  void add_entries(CLI::App& app);
  void add_run_time_list(CLI::App& app, const std::string& name, const std::string& description);
  void add_transfer(CLI::App& app);

  Ask ask_;
  AdminQuestion question_;
  std::string from_, file_;
};

}  // namespace proxy
