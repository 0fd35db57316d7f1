// `greygate check --probe`: the backends' answers to the open-relay guard, for people.
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cstdio>
#include <string>
#include <string_view>

#include "greylist/store/memory_store.h"
#include "proxy/backend/probe.h"
#include "proxy/loop.h"
#include "proxy/server.h"

namespace proxy {

namespace {

// On stderr: stdout has the configuration.
void print(const char* before, std::string_view text) {
  std::fprintf(stderr, "%s%.*s\n", before, static_cast<int>(text.size()), text.data());
}

bool would_relay(const ProbeResult& result) { return std::ranges::any_of(result.answers, &GuardAnswer::accepted); }

// What the answers come to.
std::string verdict(const ProbeResult& result) {
  if (would_relay(result)) return "it would relay for outsiders";
  if (!result.trouble.empty() && result.answers.empty()) return "can't be reached: " + result.trouble;
  if (!result.trouble.empty()) return "it left a question without an answer: " + result.trouble;
  if (!result.guard_concluded) return "neither yes nor no: ask again later";
  return "it doesn't relay for outsiders";
}

asio::awaitable<void> ask_all(Loop& loop, bool& trustworthy) {
  for (const auto& address : loop.setup->backends->addresses()) {
    print("backend ", address->where().text());
    const auto result = co_await probe(loop, *loop.setup, *address, true);
    for (const auto& [question, answer, accepted, refused] : result.answers) {
      print("  ", question);
      print("    ", answer);
    }
    print("  ", verdict(result));
    trustworthy = trustworthy && result.trouble.empty() && !would_relay(result);
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
  bool trustworthy = true;
  asio::co_spawn(loop.io, ask_all(loop, trustworthy), asio::detached);
  loop.io.run();
  return trustworthy ? 0 : 1;
}

}  // namespace proxy
