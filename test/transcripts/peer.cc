#include "test/transcripts/peer.h"

#include <asio/buffer.hpp>
#include <asio/write.hpp>

namespace transcripts {

using asio::ip::tcp;

Peer::Peer(std::string name, tcp::socket socket) : name_(std::move(name)), socket_(std::move(socket)) {
  socket_.set_option(tcp::no_delay(true));
  read();
}

void Peer::read() {
  socket_.async_read_some(asio::buffer(piece_), [this](const std::error_code& error, std::size_t octets) {
    if (error == asio::error::operation_aborted) return;
    received_.append(piece_.data(), octets);
    ended_ = static_cast<bool>(error);
    if (!ended_) read();
  });
}

bool Peer::send(std::string_view octets) {
  std::error_code error;
  asio::write(socket_, asio::buffer(octets), error);
  return !error;
}

void Peer::close() {
  std::error_code error;
  socket_.close(error);
  finish();
}

void Peer::reset() {
  std::error_code error;
  socket_.set_option(tcp::socket::linger(true, 0), error);
  socket_.close(error);
  finish();
}

void Peer::finish() {
  ended_ = seen_ = true;
  received_.clear();
}

std::optional<std::string> Peer::take_line() {
  const auto end = received_.find('\n');
  if (end == std::string::npos) return {};
  return take(end + 1);
}

std::string Peer::take(std::size_t octets) {
  auto taken = received_.substr(0, octets);
  received_.erase(0, octets);
  return taken;
}

}  // namespace transcripts
