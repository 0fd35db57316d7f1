#include <csignal>
#include <cstdio>
#include <string_view>

#include "proxy/command_line.h"
#include "proxy/commands/output.h"
#include "proxy/config/load.h"
#include "proxy/server.h"

namespace proxy {
namespace {

void print(std::FILE* stream, std::string_view text) { std::fwrite(text.data(), 1, text.size(), stream); }

int run(const CheckCommand& command) {
  const auto settings = load_settings(command.config);
  if (!settings) {
    for (const auto& problem : settings.error()) print(stderr, problem.line() + "\n");
    return failed;
  }
  print(stdout, effective_json(*settings));
  if (std::fflush(stdout) != 0) return failed;
  return command.probe ? probe_backends(*settings) : done;
}

int run(const ServeCommand& command) { return serve(command.config); }

int run(const Say& say) {
  print(say.exit_code == 0 ? stdout : stderr, say.text);
  return say.exit_code;
}

}  // namespace

int run_as_told(int argc, const char* const* argv) {
  return std::visit([](const auto& command) { return run(command); }, parse_command_line(argc, argv));
}

}  // namespace proxy

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // who reads our log, or talks with us, may leave at any time
  return proxy::run_as_told(argc, argv);
}
