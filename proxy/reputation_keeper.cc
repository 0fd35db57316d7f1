#include "proxy/reputation_keeper.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "proxy/admin/finished.h"
#include "proxy/log.h"

namespace proxy {
namespace {

constexpr std::chrono::minutes between_writes{1};

void log_failure(const greylist::StoreError& error) {
  LogEvent(LogLevel::warning, "reputations").with("reason", error.what).write();
}

}  // namespace

void ReputationKeeper::start() { asio::co_spawn(loop_, run(), asio::detached); }

void ReputationKeeper::stop() {
  stopped_ = true;
  timer_.cancel();
}

asio::awaitable<void> ReputationKeeper::run() {
  while (!stopped_) {
    co_await (read_ ? write() : read());
    if (stopped_) co_return;
    timer_.expires_after(between_writes);
    std::error_code ended_early;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ended_early));
  }
}

asio::awaitable<void> ReputationKeeper::read() {
  const auto kept = co_await site_.store.reputations();
  if (!kept) co_return log_failure(kept.error());
  site_.reputations.recall(*kept);
  read_ = true;
}

asio::awaitable<void> ReputationKeeper::write() {
  auto changes = site_.reputations.changes(site_.clock.now());
  if (changes.empty()) co_return;
  const auto written = co_await site_.store.keep(changes);
  if (written) co_return;
  log_failure(written.error());
  site_.reputations.not_written(std::move(changes));
}

void ReputationKeeper::write_rest() {
  if (read_) finished(write());
}

}  // namespace proxy
