#pragma once
#include <map>
#include <string>

// What each command was told on the command line, and run(), which gives the exit code. All but replay ask a running
// proxy.
namespace proxy {

struct AdminQuestion {
  std::string config;                        // tells where the admin socket is
  std::map<std::string, std::string> query;  // as the HTTP API has it: "sender" → "alice@example.com"
  bool json = false;                         // print JSON, not what people read
};

struct StatusCommand {
  AdminQuestion question;
};
struct ExplainCommand {
  AdminQuestion question;
};
struct ListCommand {
  AdminQuestion question;
};
struct ForgetCommand {
  AdminQuestion question;
};
struct RunTimeCommand {
  enum class What { add, remove, list } what;
  std::string list;  // "allow", "block"
  AdminQuestion question;
};
struct ExportCommand {
  AdminQuestion question;
};
struct ImportCommand {
  AdminQuestion question;
  std::string from, file;  // "postgrey"; "-" is stdin
};
struct ReplayCommand {
  std::string config, trace;  // "-" is stdin
  bool json = false;
};

int run(const StatusCommand& command);
int run(const ExplainCommand& command);
int run(const ListCommand& command);
int run(const ForgetCommand& command);
int run(const RunTimeCommand& command);
int run(const ExportCommand& command);
int run(const ImportCommand& command);
int run(const ReplayCommand& command);

}  // namespace proxy
