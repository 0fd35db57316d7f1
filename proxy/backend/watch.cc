#include "proxy/backend/watch.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "proxy/backend/probe.h"

namespace proxy {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds between_looks{500};
constexpr std::chrono::seconds between_questions{5};  // to one address that is down
constexpr std::chrono::seconds longest_silence{25};   // of one that is up: clients are promised what it offers

}  // namespace

void BackendWatch::start(std::function<void()> first_round_over) {
  first_round_over_ = std::move(first_round_over);
  look();
}

void BackendWatch::stop() {
  stopped_ = true;
  timer_.cancel();
}

void BackendWatch::tell_if_all_asked() {
  const auto asked = [](const auto& entry) { return entry.second.asked; };
  if (first_round_over_ && std::ranges::all_of(watched_, asked)) std::exchange(first_round_over_, {})();
}

void BackendWatch::look() {
  if (stopped_) return;
  const auto now = Steady::now();
  const auto setup = loop_.setup;
  if (backends_ != setup->backends) {
    backends_ = setup->backends;
    watched_.clear();
  }
  for (const auto& address : backends_->addresses()) {
    auto& watched = watched_[address.get()];
    const bool due = !watched.asked || address->wants_probe(now, longest_silence);
    if (watched.asking || now < watched.next || !due) continue;
    watched.asking = true;
    asio::co_spawn(loop_.io, ask(setup, *address), asio::detached);
  }
  timer_.expires_after(between_looks);
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) look();
  });
}

asio::awaitable<void> BackendWatch::ask(std::shared_ptr<const Setup> setup, BackendAddress& address) {
  const bool guard = !watched_[&address].guarded;
  const auto result = co_await probe(loop_, *setup, address, guard);
  const auto found = watched_.find(&address);
  if (setup->backends != backends_ || found == watched_.end()) co_return;  // a reload named others
  found->second = {false, true, found->second.guarded || result.guard_concluded, Steady::now() + between_questions};
  tell_if_all_asked();
}

}  // namespace proxy
