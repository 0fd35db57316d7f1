// BDAT (RFC 3030): content in chunks, each relayed as it comes.
#include "proxy/session/session.h"

#include "proxy/loop.h"
#include "smtp/replies.h"

namespace proxy {

namespace replies = smtp::replies;
using Outcome = Ending::Outcome;

void Session::on(const smtp::UnreadableBdat&) {
  speak(replies::bad_arguments("BDAT needs a size"));
  over_ = true;  // what follows may be content as well as commands
}

asio::awaitable<void> Session::on(const smtp::Bdat& bdat) {
  if (!offered_.chunking) co_return co_await refuse_chunk(bdat, replies::not_implemented());
  if (!bdat.well_formed) co_return co_await refuse_chunk(bdat, replies::bad_arguments("BDAT size [LAST]"));
  if (backend_lost()) co_return co_await refuse_chunk(bdat, replies::backend_unavailable());
  if (!smtp::allowed(state_, smtp::Verb::bdat))
    co_return co_await refuse_chunk(bdat, replies::bad_sequence("say MAIL first"));
  if (transaction_->chunk_refused) co_return co_await refuse_chunk(bdat, replies::chunk_was_refused());
  if (transaction_->recipients_asked == 0)
    co_return co_await refuse_chunk(bdat, replies::bad_sequence("say RCPT first"));
  if (transaction_->accepted.empty()) co_return co_await refuse_chunk(bdat, no_recipient());
  if (!transaction_->content) {
    auto reply = co_await judge_at_data();
    if (!reply && !relay_->chunking()) reply = replies::backend_unavailable();
    if (reply) {
      state_ = smtp::State::chunks;
      transaction_->chunk_refused = true;
      co_return co_await refuse_chunk(bdat, std::move(*reply));
    }
    transaction_->content.emplace(channel_, *relay_, smtp::BodyScanner::Framing::chunks, content_rules());
    state_ = smtp::State::chunks;
  }
  co_await relay_chunk(bdat);
}

// RFC 3030 §2: the octets come whatever we say. Unless they were a whole message, what follows would be one with a
// piece missing.
asio::awaitable<void> Session::refuse_chunk(const smtp::Bdat& bdat, smtp::Reply reply) {
  const bool whole = bdat.last && bdat.well_formed;
  if (transaction_ && offered_.chunking && !whole) transaction_->chunk_refused = true;
  if (const auto error = co_await discard(channel_, bdat.size, settings().limits.data_timeout)) co_return lost(error);
  say(std::move(reply));
}

asio::awaitable<void> Session::relay_chunk(const smtp::Bdat& bdat) {
  auto& content = *transaction_->content;
  if (bdat.last) {
    const auto ending = co_await content.last_chunk(bdat.size);
    if (!ending) co_return lost(ending.error());
    co_return co_await conclude(*ending, content.octets());
  }
  const auto reply = co_await content.chunk(bdat.size);
  if (!reply) co_return lost(reply.error());
  if (!reply->positive() && !transaction_->chunk_refused) {
    transaction_->chunk_refused = !relay_->lost();
    tell_of_message({Outcome::refused, *reply}, content.octets());
  }
  speak(*reply);
}

}  // namespace proxy
