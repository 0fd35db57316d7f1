#include "proxy/session/channel.h"

#include <algorithm>
#include <array>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cassert>

#include "proxy/loop.h"

namespace proxy {

namespace {

constexpr unsigned most_fills_in_a_row = 4;

}  // namespace

Channel::Channel(Loop& loop, tls::Stream stream, ReplyTime& time)
    : loop_(loop),
      time_(time),
      stream_(std::move(stream)),
      deadline_(loop.deadlines, [this] { stream_.interrupt(asio::error::timed_out); }) {}

Channel::~Channel() { loop_.buffers.give_back(std::move(buffer_)); }

void Channel::stow() {
  if (!buffer_) return;
  stowed_.assign(unread());
  loop_.buffers.give_back(std::move(buffer_));
  begin_ = end_ = 0;
}

void Channel::unstow() {
  buffer_ = loop_.buffers.take();
  std::ranges::copy(stowed_, buffer_.get());
  end_ = stowed_.size();
  std::string().swap(stowed_);
}

asio::awaitable<std::error_code> Channel::fill() {
  time_.client_is_silent();
  for (;; more_likely_ = false) {
    if (!more_likely_) {
      stow();
      // Here an idle client spends its time.
      if (stream_.must_wait()) co_await stream_.wait_for_input();
      if (const auto error = stream_.interrupted()) co_return error;
    } else if (++fills_in_a_row_ == most_fills_in_a_row) {
      fills_in_a_row_ = 0;
      co_await asio::post(loop_.io, asio::use_awaitable);  // others have their turn, however fast this one sends
    }
    if (!buffer_) {
      unstow();
    } else if (begin_ > 0) {
      std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
      end_ -= std::exchange(begin_, 0);
    }
    const auto room = Buffers::size - end_;
    assert(room > 0);  // lines and pieces are consumed long before
    const auto got = stream_.try_read({buffer_.get() + end_, room});
    if (!got) co_return got.error();
    end_ += *got;
    if (*got == 0) continue;
    more_likely_ = *got == room;
    time_.heard();
    co_return std::error_code{};
  }
}

asio::awaitable<std::error_code> Channel::pause(Millis time) {
  time_.client_is_silent();  // what we do on purpose is no part of how fast we are
  stow();
  deadline_.after(time);
  auto error = co_await client_gone();
  deadline_.never();
  if (error == asio::error::timed_out) {
    stream_.resume();
    error = {};
  }
  unstow();
  co_return error;
}

// Who talks on is read no further: it would take memory to find out that it has left without waiting for its replies.
asio::awaitable<std::error_code> Channel::client_gone() {
  while (stowed_.empty()) {
    if (const auto error = co_await stream_.readable()) co_return error;
    char octet = 0;
    const auto got = stream_.try_read({&octet, 1});
    if (!got) co_return got.error();
    stowed_.append(&octet, *got);
  }
  co_return co_await stream_.broken();
}

void Channel::say(const smtp::Reply& reply) {
  loop_.counters.replies.add(reply.code());
  output_ += reply.wire();
}

asio::awaitable<std::error_code> Channel::flush() {
  if (output_.empty()) co_return std::error_code{};
  time_.replied();
  std::string_view unsaid = output_;
  const auto error = co_await stream_.write(unsaid);
  // What a client that was slow hasn't heard, it may still hear. An idle one holds no buffer.
  output_ = std::string(unsaid);
  co_return error;
}

std::optional<std::error_code> Channel::try_flush() {
  if (output_.empty()) return std::error_code{};
  time_.replied();
  const auto written = stream_.try_write(output_);
  if (!written) return written.error();
  output_.erase(0, *written);
  if (!output_.empty()) return std::nullopt;
  std::string().swap(output_);  // an idle client holds no buffer
  return std::error_code{};
}

std::expected<bool, std::error_code> Channel::surplus() {
  if (!unread().empty()) return true;
  char octet = 0;
  const auto got = stream_.try_read({&octet, 1});
  if (!got) return std::unexpected(got.error());
  return *got > 0;
}

asio::awaitable<tls::Stream::Handshake> Channel::start_tls(std::shared_ptr<const tls::ServerContext> context) {
  stow();
  more_likely_ = false;
  auto done = co_await stream_.accept_tls(std::move(context), loop_.handshakes);
  if (!done) output_.clear();
  co_return done;
}

asio::awaitable<void> Channel::close(Millis patience, bool all_heard) {
  stream_.resume();
  deadline_.after(patience);
  if (!co_await flush()) {
    if (all_heard && !surplus().value_or(false)) {
      deadline_.never();
      co_return stream_.hang_up();
    }
    stream_.finish_sending();
    std::array<char, 4096> rest;
    for (std::size_t octets = 0; octets < (1u << 20);) {
      const auto got = co_await stream_.read(rest);
      if (!got) break;
      octets += *got;
    }
  }
  deadline_.never();
  stream_.close();
}

}  // namespace proxy
