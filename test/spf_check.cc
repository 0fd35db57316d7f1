// Judges SPF as the proxy does, for the tests: a question a line on standard input ("192.0.2.1 HELO SENDER", nothing
// after the second blank for the null sender), its result's word a line on standard output.
//   spf_check NAME-SERVER TIMEOUT-IN-MILLISECONDS
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "proxy/dns/resolver.h"

namespace {

proxy::SpfQuestion read_question(const std::string& line) {
  const auto helo = line.find(' '), sender = line.find(' ', helo + 1);
  const auto client = greylist::IpAddress::parse(line.substr(0, helo));
  if (!client || sender == line.npos) throw std::runtime_error("can't be read: " + line);
  return {*client, line.substr(helo + 1, sender - helo - 1), line.substr(sender + 1)};
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  asio::io_context loop;
  proxy::Resolver resolver(loop, {{arguments[1]}, std::chrono::milliseconds(std::atoi(arguments[2]))});
  for (std::string line; std::getline(std::cin, line);) {
    asio::co_spawn(loop, resolver.check_spf(read_question(line), resolver.deadline()),
                   [](std::exception_ptr thrown, const proxy::SpfVerdict& verdict) {
                     if (thrown) std::rethrow_exception(thrown);
                     std::cout << greylist::word(verdict.result) << std::endl;
                   });
    loop.restart();
    loop.run();
  }
}
