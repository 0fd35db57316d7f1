// `greygate check --probe`: the backends' answers to the open-relay guard, for people.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cstdio>

#include "greylist/store/memory_store.h"
#include "proxy/backend/probe.h"
#include "proxy/log.h"
#include "proxy/loop.h"
#include "proxy/server.h"

namespace proxy {

namespace {

// On stderr: stdout has the configuration.
void print(const char* before, const std::string& text) { std::fprintf(stderr, "%s%s\n", before, text.c_str()); }

asio::awaitable<void> ask_all(Loop& loop, bool& trustworthy) {
  for (const auto& address : loop.setup->backends->addresses()) {
    print("backend ", address->where().text());
    const auto result = co_await probe(loop, *loop.setup, *address, true);
    if (!result.trouble.empty()) {
      print("  can't be reached: ", result.trouble);
      trustworthy = false;
    }
    for (const auto& answer : result.answers) {
      print("  ", answer.question);
      print("    ", answer.answer);
      if (answer.accepted) print("    ", "it would relay for outsiders");
      trustworthy = trustworthy && !answer.accepted;
    }
  }
}

}  // namespace

int probe_backends(const Settings& settings) {
  auto setup = make_setup(settings, nullptr);
  if (!setup) {
    for (const auto& problem : setup.error()) std::fprintf(stderr, "%s\n", problem.line().c_str());
    return 1;
  }
  const SystemClock clock;
  const auto store = greylist::make_memory_store();  // nothing is judged; a loop just has one
  Site site(clock, *store, 0);
  Loop loop(site, std::move(*setup));
  start_log("error", "text");
  bool trustworthy = true;
  asio::co_spawn(loop.io, ask_all(loop, trustworthy), asio::detached);
  loop.io.run();
  stop_log();
  return trustworthy ? 0 : 1;
}

}  // namespace proxy
