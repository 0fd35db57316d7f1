#pragma once
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "greylist/ip_address.h"
#include "greylist/store/store.h"
#include "proxy/clock.h"
#include "proxy/loop.h"
#include "proxy/serve_connection.h"
#include "test/transcripts/peer.h"

namespace transcripts {

class FakeClock final : public proxy::Clock {
 public:
  greylist::Time now() const override { return now_; }
  void turn(greylist::Duration by) { now_ += by; }

 private:
  greylist::Time now_{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}};
};

// What a backend says to EHLO that offers these keywords: "PIPELINING, SIZE 1000".
std::string ehlo_reply(std::string_view keywords);

// Where a transcript is played: the proxy's core on one event loop, a clock that is turned by hand, a greylist in
// memory, and listening sockets on loopback for the clients and for the backends. Everything happens within settle()
// and until(), on the caller's thread, so nothing depends on who is faster.
class Stage {
 public:
  // "BACKEND" in an address of the settings stands for the port on which backends listen, at 127.0.0.1 and 127.0.0.2.
  static std::expected<std::unique_ptr<Stage>, std::string> set(const nlohmann::ordered_json& settings);

  // A client's connection to the proxy, from a loopback address.
  std::unique_ptr<Peer> connect(const std::string& from, std::string name);
  // The next connection that the proxy has opened to a backend at `address`, the empty one meaning any; null: none yet.
  std::unique_ptr<Peer> accepted(const std::string& address, std::string name);
  std::size_t waiting() const { return arrived_.size(); }

  void turn_clock(greylist::Duration by) { clock_.turn(by); }
  void backends_offer(std::string_view keywords);  // as if each had been asked before
  void drain();                                    // no new sessions; those without a transaction end

  void settle();  // lets the proxy do all that it can do now
  // Lets it go on until `done`; false after some seconds.
  bool until(const std::function<bool()>& done);
  // Cuts off whatever still goes on, after all peers have closed. False if a session won't end.
  bool clear();

 private:
  using Acceptor = asio::ip::tcp::acceptor;
  struct Arrival {
    std::string at;
    asio::ip::tcp::socket socket;
  };

  Stage();
  std::expected<void, std::string> configure(const nlohmann::ordered_json& settings);
  void accept(Acceptor& acceptor);

  FakeClock clock_;
  std::unique_ptr<greylist::Store> store_;
  proxy::Site site_;
  proxy::Loop loop_;
  proxy::ListenerTerms terms_;
  Acceptor clients_;
  std::vector<Acceptor> backends_;
  std::deque<Arrival> arrived_;
};

}  // namespace transcripts
