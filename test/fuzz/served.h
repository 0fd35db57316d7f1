#pragma once
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "greylist/store/memory_store.h"
#include "proxy/loop.h"
#include "proxy/session/session.h"
#include "test/fuzz/require.h"

class StoppedClock final : public proxy::Clock {
 public:
  greylist::Time now() const override { return greylist::Time(std::chrono::hours(1)); }
};

// A session and the client's end of its connection. Everything happens within work(), on the caller's thread.
class Served {
 public:
  // `beside`: does what others, backends say, have to do just now; true if it did anything.
  Served(const std::shared_ptr<const proxy::Setup>& setup, proxy::Session::Begins begins,
         std::function<bool()> beside = {})
      : loop_(site_, setup), beside_(std::move(beside)) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
    client_ = ends[0];
    asio::ip::tcp::socket socket(loop_.io, asio::ip::tcp::v4(), ends[1]);
    session_.emplace(loop_, tls::Stream(std::move(socket)), smtp::Endpoint{"192.0.2.1", 1025},
                     smtp::Endpoint{"192.0.2.2", 25}, begins);
    asio::co_spawn(loop_.io, session_->run(), [this](std::exception_ptr) { over_ = true; });
  }
  ~Served() {
    if (client_ >= 0) ::close(client_);
    client_ = -1;
    for (int turns = 0; !over_ && turns < 1000; ++turns) work();
    REQUIRE(over_);
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  // Whether others had anything to do.
  bool work() {
    for (bool any = false;; any = true) {
      loop_.io.restart();
      while (loop_.io.poll() > 0) loop_.io.restart();
      if (!beside_ || !beside_()) return any;
    }
  }
  // Goes on until the session is over, or until nobody has said anything for so long; whether it is over. What goes
  // over a network interface, be it the loopback, may take a moment.
  bool ends_within(std::chrono::milliseconds silence) {
    for (auto left = silence; left.count() > 0; --left) {
      const auto heard = received.size();
      const bool worked = work();
      receive();
      if (over_) return true;
      if (worked || received.size() > heard) left = silence;
      loop_.io.restart();
      loop_.io.run_one_for(std::chrono::milliseconds(1));
    }
    return false;
  }
  // As much as the connection takes; what it doesn't take, or nobody will read, is dropped.
  void send(std::string_view octets) {
    for (int turns = 0; !octets.empty() && turns < 1000; ++turns) {
      const auto sent = ::send(client_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return;
      if (sent > 0) octets.remove_prefix(static_cast<std::size_t>(sent));
      work();
      receive();
    }
  }
  void finish_sending() {
    ::shutdown(client_, SHUT_WR);
    work();
    receive();
  }
  std::string received;  // and not taken yet

 private:
  void receive() {
    std::array<char, 4096> piece;
    for (;;) {
      const auto got = ::recv(client_, piece.data(), piece.size(), 0);
      if (got <= 0) return;
      received.append(piece.data(), static_cast<std::size_t>(got));
      work();
    }
  }

  StoppedClock clock_;
  std::unique_ptr<greylist::Store> store_ = greylist::make_memory_store();
  proxy::Site site_{clock_, *store_, 1};
  proxy::Loop loop_;
  std::function<bool()> beside_;
  std::optional<proxy::Session> session_;
  int client_ = -1;
  bool over_ = false;
};
