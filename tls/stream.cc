#include "stream.h"

#include <sys/socket.h>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

namespace tls {

using asio::ip::tcp;

namespace {

std::error_code last_error() { return {errno, asio::error::get_system_category()}; }
bool would_block(const std::error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again || error == asio::error::interrupted;
}

}  // namespace

Stream::Stream(tcp::socket socket) : socket_(std::move(socket)) {}

asio::awaitable<std::error_code> Stream::connect(tcp::endpoint to) {
  if (interrupted_) co_return interrupted_;
  close();
  std::error_code failed;
  socket_.open(to.protocol(), failed);
  if (failed) co_return failed;
  const auto [error] = co_await socket_.async_connect(to, asio::experimental::as_tuple(asio::use_awaitable));
  std::error_code ignored;  // a peer that is gone already is found out by the first read
  if (!error) socket_.set_option(tcp::no_delay(true), ignored);
  co_return interrupted_ ? interrupted_ : error;
}

asio::awaitable<std::error_code> Stream::ready(Wait what) {
  if (interrupted_) co_return interrupted_;
  const auto [error] = co_await socket_.async_wait(what, asio::experimental::as_tuple(asio::use_awaitable));
  co_return interrupted_ ? interrupted_ : error;
}

asio::awaitable<std::error_code> Stream::readable() {
  if (!drained_ && !interrupted_) co_return std::error_code{};
  co_return co_await ready(read_waits_for_);
}

asio::awaitable<std::tuple<std::error_code>> Stream::wait_for_input() {
  return socket_.async_wait(read_waits_for_, asio::experimental::as_tuple(asio::use_awaitable));
}

asio::awaitable<std::error_code> Stream::broken() { co_return co_await ready(Wait::wait_error); }

Stream::Count Stream::try_read(std::span<char> room) {
  if (interrupted_) return std::unexpected(interrupted_);
  return session_ ? decrypt(room) : receive(room, 0);
}

Stream::Count Stream::try_peek(std::span<char> room) {
  if (interrupted_) return std::unexpected(interrupted_);
  return receive(room, MSG_PEEK);
}

Stream::Count Stream::receive(std::span<char> room, int flags) {
  const auto got = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT | flags);
  if (got > 0) return static_cast<std::size_t>(got);
  if (got == 0) return std::unexpected(std::error_code(asio::error::eof));
  const auto error = last_error();
  if (would_block(error)) return 0;
  return std::unexpected(error);
}

asio::awaitable<Stream::Count> Stream::read(std::span<char> room) {
  for (;;) {
    const auto got = try_read(room);
    if (!got || *got > 0) co_return got;
    if (const auto error = co_await readable()) co_return std::unexpected(error);
  }
}

// What could be sent at once. If that is nothing, `wait` says what to wait for.
std::expected<std::size_t, std::error_code> Stream::send(std::string_view octets, Wait& wait) {
  if (session_) return encrypt(octets, wait);
  wait = Wait::wait_write;
  return send_plain(octets);
}

std::expected<std::size_t, std::error_code> Stream::send_plain(std::string_view octets) {
  const auto sent = ::send(socket_.native_handle(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  const auto error = last_error();
  if (would_block(error)) return 0;
  return std::unexpected(error);
}

asio::awaitable<std::error_code> Stream::write(std::string_view& octets) {
  while (!octets.empty()) {
    if (interrupted_) co_return interrupted_;
    Wait wait = Wait::wait_write;
    const auto sent = send(octets, wait);
    if (!sent) co_return sent.error();
    octets.remove_prefix(*sent);
    if (*sent > 0) continue;
    if (const auto failed = co_await ready(wait)) co_return failed;
  }
  co_return std::error_code{};
}

Stream::Count Stream::try_write(std::string_view octets) {
  if (interrupted_) return std::unexpected(interrupted_);
  Wait wait;
  return send(octets, wait);
}

void Stream::interrupt(std::error_code why) {
  interrupted_ = why;
  std::error_code ignored;
  socket_.cancel(ignored);
}

void Stream::close() {
  session_.reset();
  drained_ = true;
  broken_ = false;
  read_waits_for_ = Wait::wait_read;
  std::error_code ignored;
  socket_.close(ignored);
}

}  // namespace tls
