#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <deque>
#include <functional>

namespace tls {

// Lets one caller through for each turn of an event loop, in the order they came. A step of a handshake takes half a
// millisecond of arithmetic and more: were all that are ready done at once, a flood of them would hold up everybody
// else's mail. On the loop's thread alone.
class Turnstile {
 public:
  explicit Turnstile(asio::io_context& loop) : loop_(loop) {}

  asio::awaitable<void> pass();

 private:
  void turn();

  asio::io_context& loop_;
  bool turning_ = false;  // somebody has passed in this turn
  std::deque<std::move_only_function<void()>> waiting_;
};

}  // namespace tls
