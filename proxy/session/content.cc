#include "proxy/session/content.h"

#include <algorithm>

#include "smtp/replies.h"

namespace proxy {

namespace replies = smtp::replies;

namespace {

// Octets to work on; if they have to be waited for, the client first hears what it was told (RFC 2920 §3.2).
asio::awaitable<std::error_code> more_from(Channel& channel, std::chrono::milliseconds patience) {
  if (!channel.unread().empty()) co_return std::error_code{};
  channel.expire_after(patience);
  auto error = co_await channel.flush();
  if (!error) error = co_await channel.fill();
  channel.never_expire();
  co_return error;
}

}  // namespace

Content::Content(Channel& channel, Relay& relay, smtp::BodyScanner::Framing framing, ContentRules rules)
    : channel_(channel),
      relay_(relay),
      rules_(std::move(rules)),
      scanner_(framing),
      header_due_(!rules_.header.empty()) {
  if (rules_.own_header) filter_.emplace("X-Greylist", framing);
}

asio::awaitable<std::error_code> Content::more() {
  const auto error = co_await more_from(channel_, rules_.patience);
  if (error) relay_.abandon();
  co_return error;
}

void Content::judge() {
  if (refused_) return;
  if (scanner_.bare_ending() || (rules_.refuse_bare_line_ends && scanner_.bare_line_end()))
    refused_ = replies::bare_line_end_in_content();
  else if (rules_.limit && scanner_.content_octets() > rules_.limit)
    refused_ = replies::too_large();
  if (refused_) relay_.abandon();
}

// The piece as it goes on; the view holds until the next call.
std::string_view Content::prepared(std::string_view piece, bool last) {
  if (!filter_) return piece;
  filtered_.clear();
  if (std::exchange(header_due_, false)) filtered_ = rules_.header;
  filter_->feed(piece, filtered_);
  if (last) filter_->finish(filtered_);
  if (last || filter_->past_header()) filter_.reset();
  return filtered_;
}

asio::awaitable<std::expected<Ending, std::error_code>> Content::data() {
  for (;;) {
    if (const auto error = co_await more()) co_return std::unexpected(error);
    const auto unread = channel_.unread();
    const auto piece = unread.substr(0, scanner_.scan(unread));
    judge();
    const bool last = scanner_.done();
    if (refused_ && last) {
      channel_.consume(piece.size());
      co_return Ending{Ending::Outcome::refused, *refused_};
    }
    if (last) {
      auto ending = co_await relay_.end_of_data(prepared(piece, last));
      channel_.consume(piece.size());
      co_return ending;
    }
    if (!refused_) co_await relay_.content(prepared(piece, last));
    channel_.consume(piece.size());
  }
}

asio::awaitable<std::error_code> Content::forward_chunk(std::uint64_t size, bool last) {
  bool announced = false;
  for (auto left = size;;) {
    if (left > 0)
      if (const auto error = co_await more()) co_return error;
    const auto piece =
        channel_.unread().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, Buffers::size)));
    scanner_.scan(piece);
    const auto still_to_come = left - piece.size();
    const bool ends = last && still_to_come == 0;
    if (ends) scanner_.finish();
    judge();
    if (!refused_ && filter_) {
      co_await forward_header(piece, ends);
    } else if (!refused_) {
      if (!std::exchange(announced, true)) co_await relay_.chunk(left, last);
      reply_due_ = true;
      co_await relay_.content(piece);
    }
    channel_.consume(piece.size());
    left = still_to_come;
    if (left == 0) co_return std::error_code{};
  }
}

// What taking out a header leaves is shorter than announced, so it travels as a chunk of its own.
asio::awaitable<void> Content::forward_header(std::string_view piece, bool last) {
  const auto octets = prepared(piece, last);
  if (octets.empty() && !last) co_return;
  co_await relay_.chunk(octets.size(), last);
  co_await relay_.content(octets);
  if (last) co_return;
  auto reply = co_await relay_.end_of_chunk();
  if (!reply.positive()) refused_ = std::move(reply);
}

asio::awaitable<std::expected<smtp::Reply, std::error_code>> Content::chunk(std::uint64_t size) {
  reply_due_ = false;
  if (const auto error = co_await forward_chunk(size, false)) co_return std::unexpected(error);
  if (refused_) co_return *refused_;
  if (!reply_due_) co_return replies::chunk_ok(size);
  auto reply = co_await relay_.end_of_chunk();
  if (!reply.positive()) refused_ = reply;
  co_return reply;
}

asio::awaitable<std::expected<Ending, std::error_code>> Content::last_chunk(std::uint64_t size) {
  if (const auto error = co_await forward_chunk(size, true)) co_return std::unexpected(error);
  if (refused_) co_return Ending{Ending::Outcome::refused, *refused_};
  co_return co_await relay_.end_of_last_chunk();
}

asio::awaitable<std::error_code> discard(Channel& channel, std::uint64_t octets, std::chrono::milliseconds patience) {
  while (octets > 0) {
    if (const auto error = co_await more_from(channel, patience)) co_return error;
    const auto piece = std::min<std::uint64_t>(octets, channel.unread().size());
    channel.consume(static_cast<std::size_t>(piece));
    octets -= piece;
  }
  co_return std::error_code{};
}

}  // namespace proxy
