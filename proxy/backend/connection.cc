#include "proxy/backend/connection.h"

#include <array>

#include "proxy/loop.h"
#include "smtp/reply_reader.h"

namespace proxy {

namespace {

Trouble trouble(const std::error_code& error) {
  if (error == asio::error::timed_out) return {Trouble::Kind::timed_out, "no answer in time"};
  if (error == asio::error::eof) return {Trouble::Kind::lost, "connection closed"};
  return {Trouble::Kind::lost, error.message()};
}

}  // namespace

BackendConnection::BackendConnection(Loop& loop, BackendAddress& address, Slots::Slot slot)
    : loop_(loop),
      address_(address),
      slot_(std::move(slot)),
      stream_(asio::ip::tcp::socket(loop.io)),
      deadline_(loop.deadlines, [this] { stream_.interrupt(asio::error::timed_out); }) {
  loop_.backend_connections.insert(this);
  if (loop_.cut) interrupt();
}

BackendConnection::~BackendConnection() { loop_.backend_connections.erase(this); }

asio::awaitable<BackendConnection::Sent> BackendConnection::connect(asio::ip::tcp::endpoint to, Millis limit) {
  input_.clear();
  offers = {};
  past = {};
  if (stream_.interrupted() == asio::error::timed_out) stream_.resume();  // of what came before
  deadline_.after(limit);
  const auto error = co_await stream_.connect(to);
  deadline_.never();
  if (error) co_return std::unexpected(trouble(error));
  co_return Sent();
}

asio::awaitable<tls::Stream::Handshake> BackendConnection::start_tls(std::shared_ptr<const tls::ClientContext> context,
                                                                     std::string name, Millis limit) {
  deadline_.after(limit);
  auto done = co_await stream_.connect_tls(std::move(context), std::move(name), loop_.handshakes);
  deadline_.never();
  if (done)
    loop_.site.tls_counts.backend(stream_.protection());
  else
    loop_.site.tls_counts.backend_failed();
  co_return done;
}

asio::awaitable<BackendConnection::Sent> BackendConnection::send(std::string_view octets, Millis limit) {
  deadline_.after(limit);
  const auto error = co_await stream_.write(octets);
  deadline_.never();
  if (error) co_return std::unexpected(trouble(error));
  co_return Sent();
}

asio::awaitable<BackendConnection::Answer> BackendConnection::reply(Millis limit) {
  deadline_.after(limit);
  for (;;) {
    auto event = smtp::next_reply(input_);
    if (auto* answer = std::get_if<smtp::Answer>(&event)) {
      deadline_.never();
      input_.erase(0, answer->consumed);
      past.refused = past.refused || answer->reply.transient() || answer->reply.permanent();
      co_return std::move(answer->reply);
    }
    if (std::holds_alternative<smtp::Garbage>(event))
      co_return std::unexpected(Trouble{Trouble::Kind::garbage, "not an SMTP reply"});
    if (const auto error = co_await stream_.readable()) co_return std::unexpected(trouble(error));
    std::array<char, 2048> piece;
    const auto got = stream_.try_read(piece);
    if (!got) co_return std::unexpected(trouble(got.error()));
    input_.append(piece.data(), *got);
  }
}

asio::awaitable<BackendConnection::Answer> BackendConnection::ask(std::string command, Millis limit) {
  if (auto sent = co_await send(command, limit); !sent) co_return std::unexpected(std::move(sent.error()));
  co_return co_await reply(limit);
}

bool BackendConnection::quiet() {
  if (!input_.empty()) return false;
  char octet = 0;
  const auto got = stream_.try_read({&octet, 1});
  if (got && *got > 0) input_.push_back(octet);
  return got && *got == 0;
}

void BackendConnection::say_goodbye() {
  [[maybe_unused]] const auto written = stream_.try_write("QUIT\r\n");
  stream_.finish_sending();
}

void BackendConnection::interrupt() {
  if (!awaits_final_reply_) stream_.interrupt(asio::error::shut_down);
}

}  // namespace proxy
