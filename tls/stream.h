#pragma once
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <cstddef>
#include <expected>
#include <span>
#include <string_view>
#include <system_error>

namespace tls {

// One TCP connection, driven by readiness: nothing is buffered here, and waiting holds no memory but the coroutine's
// own. Lives and dies on one event loop. One reader and one writer at a time.
//
// An error ends the connection for good, but for interrupt(): it makes whatever is waiting, and all that comes after,
// fail with the given error until resume().
class Stream {
 public:
  using Count = std::expected<std::size_t, std::error_code>;  // never 0 from read(): the end is asio::error::eof

  explicit Stream(asio::ip::tcp::socket socket);  // connected, or to be connected
  asio::awaitable<std::error_code> connect(
      asio::ip::tcp::endpoint to);  // again is allowed: what was open is closed first

  asio::awaitable<std::error_code> readable();  // waits until try_read() has something to say
  Count try_read(std::span<char> room);         // at once; 0: nothing there now
  Count try_peek(std::span<char> room);         // like try_read(), but the octets stay
  asio::awaitable<Count> read(std::span<char> room);
  // Takes from the front of `octets` what has been written: all of it, unless there is an error.
  asio::awaitable<std::error_code> write(std::string_view& octets);
  void try_write(std::string_view octets);  // as much as the kernel takes at once

  void interrupt(std::error_code why);
  void resume() { interrupted_ = {}; }

  void finish_sending();  // the peer reads its end of file
  void close();

 private:
  asio::awaitable<std::error_code> ready(asio::ip::tcp::socket::wait_type what);

  void prepare();
  Count receive(std::span<char> room, int flags);

  asio::ip::tcp::socket socket_;
  std::error_code interrupted_;
};

}  // namespace tls
