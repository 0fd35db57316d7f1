#include "turnstile.h"

#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

namespace tls {

asio::awaitable<void> Turnstile::pass() {
  if (!std::exchange(turning_, true)) {
    asio::post(loop_, [this] { turn(); });
    co_return;
  }
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this](auto resume) { waiting_.emplace_back(std::move(resume)); }, asio::use_awaitable);
}

// Comes after all that was ready when the last one passed.
void Turnstile::turn() {
  if (waiting_.empty()) {
    turning_ = false;
    return;
  }
  asio::post(loop_, [this] { turn(); });
  auto resume = std::exchange(waiting_.front(), nullptr);
  waiting_.pop_front();
  resume();
}

}  // namespace tls
