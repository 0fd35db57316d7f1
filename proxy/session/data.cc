// DATA: who may send content, and the go-ahead.
#include "proxy/session/session.h"

#include "proxy/loop.h"
#include "smtp/replies.h"

namespace proxy {

namespace replies = smtp::replies;

asio::awaitable<void> Session::on(const smtp::Data&) {
  if (transaction_->chunk_refused) co_return say(replies::chunk_was_refused());
  if (transaction_->recipients_asked == 0) co_return say(replies::bad_sequence("say RCPT first"));
  if (transaction_->accepted.empty()) co_return say(no_recipient());
  if (auto reply = co_await judge_at_data()) co_return say(std::move(*reply));
  auto reply = co_await relay_->data();
  const bool go_ahead = reply.code() == 354;
  speak(std::move(reply));
  if (!go_ahead) co_return;
  Content content(channel_, *relay_, smtp::BodyScanner::Framing::data, content_rules());
  const auto ending = co_await content.data();
  if (ending)
    co_await conclude(*ending, content.octets());
  else
    lost(ending.error());
}

// Nobody is left to send to: the client may try again later if anybody was only put off (RFC 5321 §3.3).
smtp::Reply Session::no_recipient() const {
  if (!transaction_->any_deferred) return replies::no_valid_recipients();
  const auto& reply = settings().greylist.reply;
  constexpr auto text = "No recipient could be accepted yet, try again later";
  return transaction_->any_put_off ? smtp::Reply(reply.code, reply.enhanced, text) : smtp::Reply(451, "4.3.0", text);
}

// With null_sender "data": a bounce is judged now, for the recipients that the backend accepted. Nothing: it may pass.
asio::awaitable<std::optional<smtp::Reply>> Session::judge_at_data() {
  std::optional<smtp::Reply> put_off;
  const auto& sender = transaction_->mail.from.text();
  for (auto& [rcpt, decision] : transaction_->accepted) {
    if (decision.step != Decision::Step::at_data) continue;
    auto judged = co_await admission_.judge_at_data(setup_, sender, rcpt.to.text());
    const bool passes = judged.action == greylist::Action::pass;
    auto reply = passes ? replies::ok() : refusal_of(rcpt, judged);
    tell_of_recipient(rcpt, judged, became(judged), reply);
    if (passes) {
      loop_.counters.recipients.passed.add();
      decision = std::move(judged);
    } else if (!put_off) {
      put_off = std::move(reply);
    }
  }
  co_return put_off;
}

}  // namespace proxy
