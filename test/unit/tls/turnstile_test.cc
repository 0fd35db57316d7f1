#include "tls/turnstile.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <functional>
#include <string>

namespace {

asio::awaitable<void> pass(tls::Turnstile& turnstile, std::string& order, char name) {
  co_await turnstile.pass();
  order += name;
}

}  // namespace

TEST_CASE("one passes in a turn of the loop, in order, and everybody else has theirs in between") {
  asio::io_context io{1};
  tls::Turnstile turnstile(io);
  std::string order;
  for (const char name : {'a', 'b', 'c', 'd'}) asio::co_spawn(io, pass(turnstile, order, name), asio::detached);
  // Another connection, ready in every turn.
  std::function<void(int)> other = [&](int more) {
    order += '.';
    if (more > 0) asio::post(io, [&other, more] { other(more - 1); });
  };
  asio::post(io, [&other] { other(5); });
  io.run();
  std::string passed;
  std::size_t neighbours = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] == '.') continue;
    neighbours += i > 0 && order[i - 1] != '.';
    passed += order[i];
  }
  CHECK(passed == "abcd");
  CHECK_MESSAGE(neighbours == 0, order);
}

TEST_CASE("it stands open again when nobody is left") {
  asio::io_context io{1};
  tls::Turnstile turnstile(io);
  std::string order;
  for (const char name : {'a', 'b'}) {
    asio::co_spawn(io, pass(turnstile, order, name), asio::detached);
    io.run();
    io.restart();
  }
  CHECK(order == "ab");
}

TEST_CASE("those who still wait at the end are let go") {
  std::string order;
  {
    asio::io_context io{1};
    tls::Turnstile turnstile(io);
    asio::co_spawn(io, pass(turnstile, order, 'a'), asio::detached);
    asio::co_spawn(io, pass(turnstile, order, 'b'), asio::detached);
    io.poll_one();
    io.poll_one();
  }
  CHECK(order == "a");
}
