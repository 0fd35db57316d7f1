#include "test/bench/load/options.h"

#include <CLI/CLI.hpp>

namespace bench {

std::expected<Options, std::string> parse(int count, char** arguments) {
  Options options;
  CLI::App app("Many SMTP sessions at once; what they took, as a line of JSON", "bench_load");
  const std::map<std::string, Options::Mode> modes{
      {"put-off", Options::Mode::put_off}, {"relay", Options::Mode::relay}, {"idle", Options::Mode::idle}};
  app.add_option("mode", options.mode)->required()->transform(CLI::CheckedTransformer(modes));
  app.add_option("port", options.port, "of 127.0.0.1")->required();
  app.add_option("--sessions", options.sessions);
  app.add_option("--at-once", options.at_once);
  app.add_option("--per-second", options.per_second, "begin them at this pace, at most so many at once");
  app.add_flag("--tls", options.tls, "STARTTLS, TLS 1.3");
  app.add_flag("--pipelined", options.pipelined);
  app.add_flag("--closes", options.closes, "the server closes after a put-off reply");
  app.add_option("--size", options.size, "of a relayed message, in octets");
  app.add_option("--run", options.run, "label of the senders' domain");
  app.add_option("--first", options.first, "number of the first sender");
  app.add_option("--recipient", options.recipient);
  app.add_option("--proxy", options.proxy, "send a PROXY header with this client's address");
  app.add_option("--clients", options.clients, "so many addresses from there on");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(error.get_exit_code() == 0 ? app.help() : error.what());
  }
  return options;
}

}  // namespace bench
