#pragma once
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <expected>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "proxy/config/settings.h"
#include "proxy/loop.h"
#include "proxy/serve_connection.h"

namespace proxy {

// One listening address: a socket for each event loop (SO_REUSEPORT), so that the kernel spreads the connections.
class Listener {
 public:
  struct BindFailure {
    std::string what;             // names the address
    bool missing_family = false;  // this host doesn't do IPv6, or IPv4
  };
  // Bound for so many event loops, but not listening yet: until then the kernel sends nobody here.
  static std::expected<std::unique_ptr<Listener>, BindFailure> bind(const Settings::Listen& settings,
                                                                    std::size_t loops);

  std::expected<void, std::string> listen(const std::vector<std::unique_ptr<Loop>>& loops);
  void accept(Loop& loop, std::size_t index);  // begins to take connections; on that loop's thread
  // Takes those whom the kernel has let in already (closing on them would be a reset), then no more; on that loop's
  // thread.
  void stop(Loop& loop, std::size_t index);

 private:
  // A bound socket that belongs to no event loop yet.
  class BoundSocket {
   public:
    explicit BoundSocket(int descriptor) : descriptor_(descriptor) {}
    BoundSocket(BoundSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    ~BoundSocket();
    int release() { return std::exchange(descriptor_, -1); }

   private:
    int descriptor_;
  };

  explicit Listener(const Settings::Listen& settings);
  static std::expected<BoundSocket, std::error_code> bound(const asio::ip::tcp::endpoint& where, bool shared);
  asio::awaitable<void> take_connections(Loop& loop, std::size_t index);
  void begin(Loop& loop, asio::ip::tcp::socket socket, const asio::ip::tcp::endpoint& from);

  const std::string address_;
  ListenerTerms terms_;
  asio::ip::tcp protocol_ = asio::ip::tcp::v4();
  std::vector<BoundSocket> bound_;                  // until listen()
  std::vector<asio::ip::tcp::acceptor> acceptors_;  // from then on; by loop
};

}  // namespace proxy
