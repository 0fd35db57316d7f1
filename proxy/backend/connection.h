#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/backend/backends.h"
#include "proxy/deadlines.h"
#include "smtp/extensions.h"
#include "smtp/reply.h"
#include "tls/stream.h"

namespace proxy {

struct Loop;
struct Setup;

using Moment = std::chrono::steady_clock::time_point;

// What kept a reply from coming.
struct Trouble {
  enum class Kind { lost, timed_out, garbage } kind;
  std::string what;  // for logs: "connection closed", "not an SMTP reply"
};

// One SMTP connection to a backend: commands and content out, replies in. It lives on one event loop. After any trouble
// it is of no more use.
class BackendConnection {
 public:
  using Sent = std::expected<void, Trouble>;
  using Answer = std::expected<smtp::Reply, Trouble>;
  using Millis = std::chrono::milliseconds;

  BackendConnection(Loop& loop, BackendAddress& address, Slots::Slot slot);
  ~BackendConnection();
  BackendConnection(const BackendConnection&) = delete;
  BackendConnection& operator=(const BackendConnection&) = delete;

  asio::awaitable<Sent> connect(asio::ip::tcp::endpoint to, Millis limit);
  // Goes on in TLS, within `limit`; `name` is whom we expect. The error says why not, in words.
  asio::awaitable<tls::Stream::Handshake> start_tls(std::shared_ptr<const tls::ClientContext> context, std::string name,
                                                    Millis limit);
  std::string protection() const { return stream_.protection(); }  // "none" while plain
  // Everything is handed to the kernel within `limit`, or the connection is lost.
  asio::awaitable<Sent> send(std::string_view octets, Millis limit);
  // The next reply, whole, within `limit`.
  asio::awaitable<Answer> reply(Millis limit);
  asio::awaitable<Answer> ask(std::string command, Millis limit);  // send, then reply

  // Nothing has come that nobody asked for: no surplus reply, no 421 for idleness, no end. Else the dialogue would
  // shift.
  bool quiet();

  void say_goodbye();  // QUIT, if the kernel takes it at once; its reply is nobody's concern
  void interrupt();    // whatever waits here ends now, unless a message's fate hangs on it
  void awaits_final_reply(bool on) {
    awaits_final_reply_ = on;
  }  // the end of data is sent: only the time limit may end the wait

  BackendAddress& address() const { return address_; }
  smtp::Extensions offers;  // of its last EHLO reply

  // What matters to whoever would give it to another client.
  struct Past {
    std::shared_ptr<const Setup> setup;  // that it was opened under; null for a probe's
    Moment opened = std::chrono::steady_clock::now();
    unsigned clients = 0;           // that the backend was told of, one after the other
    bool next_can_be_told = false;  // by the last EHLO reply, all that it was told of a client can be replaced
    bool refused = false;           // a reply was 4xx or 5xx; servers count those, and lose their patience
  };
  Past past;

 private:
  Loop& loop_;
  BackendAddress& address_;
  Slots::Slot slot_;
  tls::Stream stream_;
  Deadline deadline_;
  std::string input_;  // replies not yet taken
  bool awaits_final_reply_ = false;
};

}  // namespace proxy
