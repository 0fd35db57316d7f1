#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

namespace proxy {

// Takes a call to its end on this thread, which waits for it: for threads that serve one administrator.
template <class T>
T finished(asio::io_context& loop, asio::awaitable<T> call) {
  auto result = asio::co_spawn(loop, std::move(call), asio::use_future);
  loop.restart();
  loop.run();
  return result.get();
}

template <class T>
T finished(asio::awaitable<T> call) {
  asio::io_context loop{1};
  return finished(loop, std::move(call));
}

}  // namespace proxy
