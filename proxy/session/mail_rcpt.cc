// MAIL and RCPT: who may pass, and what the backend says of those who do.
#include <algorithm>
#include <array>

#include "proxy/loop.h"
#include "proxy/session/session.h"
#include "smtp/replies.h"

namespace proxy {

namespace replies = smtp::replies;

namespace {

// So many recipients at most go to the backend in one write.
constexpr std::size_t largest_batch = 100;

bool is_blocked(const Decision& decision) {
  using enum greylist::Verdict;
  constexpr std::array blocks{block_client, block_sender, block_recipient, rule_block};
  return decision.step == Decision::Step::decided && std::ranges::find(blocks, decision.verdict) != blocks.end();
}

}  // namespace

void Session::on(const smtp::Mail& mail) {
  if (loop_.draining) return say_and_close(replies::shutting_down(settings().hostname));
  setup_ = loop_.setup;
  if (settings().tls.required && !channel_.secure()) return refuse_sender(mail, replies::must_start_tls());
  const auto limit = offered_.size.value_or(0);
  if (limit > 0 && mail.size.value_or(0) > limit) return refuse_sender(mail, replies::too_large());  // RFC 1870 §6.1
  transaction_ = std::make_unique<Transaction>(mail);
  state_ = smtp::State::mail;
  say(replies::sender_ok());
}

void Session::refuse_sender(const smtp::Mail& mail, smtp::Reply reply) {
  tell_of_refusal("sender_refused", mail.from.text(), reply);
  say(std::move(reply));
}

asio::awaitable<void> Session::on(const smtp::Rcpt& rcpt) {
  auto& transaction = *transaction_;
  ++transaction.recipients_asked;
  if (!rcpt.to.ascii() && !transaction.mail.smtp_utf8) {
    loop_.counters.recipients.needs_smtputf8.add();
    co_return refuse_recipient(rcpt, replies::needs_smtputf8(), "needs_smtputf8");
  }
  if (rcpt.to.unsafe_recipient()) {
    loop_.counters.recipients.unsafe.add();
    co_return refuse_recipient(rcpt, replies::unsafe_recipient(), "unsafe_recipient");
  }
  if (transaction.recipients_judged >= settings().limits.recipients) {
    transaction.any_deferred = true;
    co_return say(replies::too_many_recipients());
  }
  ++transaction.recipients_judged;
  const auto& sender = transaction.mail.from.text();
  auto decision = co_await admission_.judge(setup_, sender, rcpt.to.text());
  if (decision.action == greylist::Action::pass) {
    transaction.pending.push_back({rcpt, std::move(decision), std::nullopt});
    if (transaction.pending.size() >= largest_batch) co_await settle(false);
    co_return;
  }
  auto reply = refusal_of(rcpt, decision);
  tell_of_recipient(rcpt, decision, became(decision), reply);
  if (is_blocked(decision)) co_await hold_back();
  if (over_) co_return;
  if (reply.transient()) {
    transaction.any_deferred = true;
    transaction.any_put_off |= decision.verdict != greylist::Verdict::store_failure;
    say(std::move(reply));
  } else if (decision.backends) {
    say(std::move(reply));
  } else {
    fault(std::move(reply));
  }
}

// Who is blocked waits for its answer, but not for those to what it said before, and not if a recipient of the same
// message has passed: that one's backend would wait along. While we drain nobody is kept waiting.
asio::awaitable<void> Session::hold_back() {
  const auto& tarpit = settings().greylist.tarpit;
  if (tarpit.delay == Duration::zero() || loop_.draining || recipients_wait() || !transaction_->accepted.empty())
    co_return;
  const auto place = loop_.site.tarpit.enter(tarpit.clients);
  if (!place) co_return;
  co_await flush();
  if (over_ || loop_.draining) co_return;
  held_back_ = true;
  const auto error = co_await channel_.pause(tarpit.delay);
  held_back_ = false;
  if (error) lost(error);
}

smtp::Reply Session::refusal_of(const smtp::Rcpt& rcpt, const Decision& decision) const {
  const auto protocol = client_.esmtp ? "ESMTP" : "SMTP";
  return refusal(*setup_, decision, {transaction_->mail.from.text(), rcpt.to.text(), protocol, client_.helo});
}

// For its form, before anybody judges.
void Session::refuse_recipient(const smtp::Rcpt& rcpt, smtp::Reply reply, std::string_view word) {
  loop_.counters.recipients.refused.add();
  tell_of_unjudged(rcpt, word, Event::refused, reply);
  fault(std::move(reply));
}

// Asks the backend for the recipients that wait, and says all replies in the order of the commands. `data_follows`: the
// client's next command is DATA.
asio::awaitable<void> Session::settle(bool data_follows) {
  auto& transaction = *transaction_;
  auto pending = std::exchange(transaction.pending, {});
  std::vector<smtp::Rcpt> passing;
  for (const auto& one : pending)
    if (!one.reply) passing.push_back(one.rcpt);
  // A bounce may still be put off at DATA, and after a refused chunk DATA will be: the backend mustn't see one before.
  data_follows = data_follows && !transaction.judged_at_data(pending) && !transaction.chunk_refused;
  if (!relay_) relay_ = std::make_unique<Relay>(loop_, client_, reply_time_);
  auto answers = co_await relay_->recipients(setup_, transaction.mail, passing, data_follows);
  auto answer = answers.begin();
  for (auto& one : pending) {
    if (!one.reply) {
      one.reply = std::move(answer->reply);
      note_answer(one, answer->sent_on);
      ++answer;
    }
    channel_.say(*one.reply);
  }
  if (!transaction.accepted.empty() && transaction.backend.empty()) {
    transaction.backend = relay_->backend();
    transaction.backend_tls = relay_->backend_tls();
  }
}

void Session::note_answer(const Pending& asked, bool sent_on) {
  auto& transaction = *transaction_;
  const bool later = asked.decision.step == Decision::Step::at_data;
  if (sent_on && !later) loop_.counters.recipients.passed.add();
  if (!later)
    tell_of_recipient(asked.rcpt, asked.decision, sent_on ? std::optional(Event::passed) : std::nullopt, *asked.reply);
  else if (!asked.reply->positive())
    tell_of_unjudged(asked.rcpt, "at_data", std::nullopt, *asked.reply);
  if (sent_on && asked.reply->says_unknown_recipient() && !std::exchange(transaction.any_unknown, true))
    admission_.note(asked.decision, greylist::Deed::unknown_recipient);  // a list's old addresses are one deed
  if (asked.reply->positive()) transaction.accepted.push_back({asked.rcpt, asked.decision});
  transaction.any_deferred |= asked.reply->transient();
}

bool Session::Transaction::judged_at_data(const std::vector<Pending>& also) const {
  const auto at_data = [](const auto& one) { return one.decision.step == Decision::Step::at_data; };
  return std::ranges::any_of(accepted, at_data) || std::ranges::any_of(also, at_data);
}

}  // namespace proxy
