#pragma once
#include <chrono>
#include <string>

#include "test/bench/client.h"
#include "test/bench/load/options.h"

namespace bench {

// What all sessions of a run have in common.
struct Run {
  explicit Run(const Options& options);

  const Options& options;
  const Context context = client_context();
  const asio::ip::tcp::endpoint server;
  const std::string message;  // a header, lines of text, and the end
  asio::io_context loop{1};
};

// One session of a run: a client of its own with a sender of its own.
class Session {
 public:
  Session(Run& run, int number) : run_(run), number_(number), client_(run.loop, *run.context) {}

  asio::awaitable<void> open();  // until the reply to EHLO, in TLS if that is asked for
  asio::awaitable<void> be_put_off();
  asio::awaitable<void> relay();
  asio::awaitable<void> still_there();  // and goodbye

  using Duration = std::chrono::duration<double, std::milli>;
  Duration recipient_reply() const { return recipient_reply_; }  // how long RCPT was unanswered

 private:
  asio::awaitable<void> leave();
  asio::awaitable<void> hear_recipient(std::string_view code);
  std::string mail() const;
  std::string recipient() const;
  std::string proxy_header() const;

  Run& run_;
  const int number_;
  Client client_;
  std::chrono::steady_clock::time_point asked_;
  Duration recipient_reply_{};
};

}  // namespace bench
