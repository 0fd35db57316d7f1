// DATA, BDAT and content, and whose the message is when a connection is lost (RFC 5321 §6.1, RFC 1047).
#include "proxy/session/relay.h"

#include "proxy/loop.h"
#include "smtp/replies.h"

namespace proxy {

namespace replies = smtp::replies;

smtp::Reply Relay::checked_data_reply(const BackendConnection::Answer& answer) {
  if (answer && answer->code() == 354) return *answer;
  if (answer && answer->code() != 421 && (answer->transient() || answer->permanent())) return *answer;
  lose();
  return answer && answer->code() == 421 ? replies::from_backend_421(*answer) : replies::backend_unavailable();
}

asio::awaitable<smtp::Reply> Relay::data() {
  if (data_reply_) co_return *std::exchange(data_reply_, std::nullopt);
  if (connection_ && !connection_->quiet()) lose();
  if (lost_ || !connection_) co_return replies::backend_unavailable();
  const ReplyTime::BackendsTurn turn(time_);
  std::string line = "DATA\r\n";
  const auto answer = co_await connection_->ask(std::move(line), patience());
  co_return checked_data_reply(answer);
}

asio::awaitable<void> Relay::content(std::string_view octets) {
  if (!connection_) co_return;
  const ReplyTime::BackendsTurn turn(time_);
  if (!co_await connection_->send(octets, patience())) lose();
}

asio::awaitable<Ending> Relay::end_of_data(std::string_view octets) {
  const ReplyTime::BackendsTurn turn(time_);
  // A reply that is there before the end was sent can't be the reply to it.
  if (connection_ && !connection_->quiet()) lose();
  if (connection_ && !co_await connection_->send(octets, patience())) lose();
  co_return co_await final_reply();
}

asio::awaitable<void> Relay::chunk(std::uint64_t size, bool last) {
  if (connection_ && !connection_->quiet()) lose();
  const auto line = "BDAT " + std::to_string(size) + (last ? " LAST\r\n" : "\r\n");
  co_await content(line);
}

asio::awaitable<smtp::Reply> Relay::end_of_chunk() {
  if (!connection_) co_return replies::backend_unavailable();
  const ReplyTime::BackendsTurn turn(time_);
  auto answer = co_await connection_->reply(patience());
  if (!ends_dialogue(answer)) co_return std::move(*answer);
  lose();
  co_return answer && answer->code() == 421 ? replies::from_backend_421(*answer) : replies::backend_unavailable();
}

asio::awaitable<Ending> Relay::end_of_last_chunk() {
  const ReplyTime::BackendsTurn turn(time_);
  co_return co_await final_reply();
}

// From here on the backend may own the message: whatever happens to the client, its reply is waited for.
asio::awaitable<Ending> Relay::final_reply() {
  if (!connection_) co_return Ending{Ending::Outcome::refused, replies::backend_unavailable()};
  awaits_final_reply_ = true;
  connection_->awaits_final_reply(true);
  const auto answer = co_await connection_->reply(setup_->settings.backend.end_of_data_timeout);
  connection_->awaits_final_reply(false);
  awaits_final_reply_ = false;
  mail_said_ = false;
  if (ends_dialogue(answer)) lose();
  co_return ending_by(answer);
}

}  // namespace proxy
