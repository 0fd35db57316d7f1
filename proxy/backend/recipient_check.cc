#include "proxy/backend/recipient_check.h"

#include <algorithm>

#include "greylist/triplet.h"
#include "proxy/backend/open.h"
#include "proxy/backend/probe.h"
#include "proxy/log.h"
#include "proxy/loop.h"
#include "smtp/characters.h"

namespace proxy {

namespace {

using Steady = std::chrono::steady_clock;

std::optional<smtp::Reply> refusal_in(const smtp::Reply& reply) {
  return reply.says_unknown_recipient() ? std::optional(reply) : std::nullopt;
}

// The address that mail would go to; null while none is known to be up.
BackendAddress* first_in_reach(const Setup& setup) {
  const auto candidates = setup.backends->candidates();
  return candidates.empty() || !candidates.front()->health().up ? nullptr : candidates.front();
}

// Exactly one reply, and none that ends the dialogue: else it would be doubtful whose the next one is.
asio::awaitable<std::expected<smtp::Reply, std::string>> reply_to(BackendConnection& connection, std::string stage,
                                                                  std::string command, Moment until) {
  const auto left = std::chrono::duration_cast<BackendConnection::Millis>(until - Steady::now());
  command += "\r\n";
  auto reply = co_await connection.ask(std::move(command), std::max(left, BackendConnection::Millis(0)));
  if (!reply) co_return std::unexpected(stage + ": " + reply.error().what);
  if (reply->intermediate() || reply->code() == 421) co_return std::unexpected(stage + ": " + reply->one_line());
  if (!connection.quiet()) co_return std::unexpected(stage + ": more than one reply, or hung up");
  co_return std::move(*reply);
}

}  // namespace

// A transaction that began before a reload may mean another backend.
bool RecipientCheck::may_ask(const std::shared_ptr<const Setup>& setup) const {
  return setup == loop_.setup && !loop_.draining && Steady::now() >= resting_until_ && first_in_reach(*setup);
}

asio::awaitable<std::optional<smtp::Reply>> RecipientCheck::refusal_of(std::shared_ptr<const Setup> setup,
                                                                       std::string recipient) {
  const auto until = Steady::now() + patience;
  const auto key = greylist::keyed_recipient(recipient);
  if (const auto* said = memory_.find(key, Steady::now())) co_return refusal_in(*said);
  // MAIL would need SMTPUTF8 for an address in UTF-8, which not every backend has.
  if (!std::ranges::all_of(recipient, smtp::is_ascii)) co_return std::nullopt;
  if (!may_ask(setup) || waiting_ == most_waiting) co_return std::nullopt;
  ++waiting_;
  const auto turn = co_await turn_.take(until);
  --waiting_;
  // Whoever came before may have learned the same, or in vain.
  if (const auto* said = memory_.find(key, Steady::now())) co_return refusal_in(*said);
  if (!turn || !may_ask(setup)) co_return std::nullopt;
  const auto answer = co_await ask(setup, std::move(recipient), until);
  if (!answer) {
    resting_until_ = Steady::now() + rest;
    LogEvent(LogLevel::warning, "recipients_not_verified").with("reason", answer.error()).write();
    co_return std::nullopt;
  }
  if (setup == loop_.setup) memory_.keep(key, *answer, Steady::now());
  co_return refusal_in(*answer);
}

void RecipientCheck::close() {
  let_go();
  idle_.reset();
  memory_ = RecipientMemory();
}

asio::awaitable<RecipientCheck::Answer> RecipientCheck::ask(std::shared_ptr<const Setup> setup, std::string recipient,
                                                            Moment until) {
  if (auto connection = std::exchange(kept_, nullptr); connection && connection->quiet()) {
    auto answer = co_await ask_on(std::move(connection), recipient, until);
    if (answer) co_return answer;
    // It may have been about to close.
  }
  co_return co_await ask_afresh(std::move(setup), std::move(recipient), until);
}

// That it can't be opened in so short a time, for such a client, isn't held against the address.
asio::awaitable<RecipientCheck::Answer> RecipientCheck::ask_afresh(std::shared_ptr<const Setup> setup,
                                                                   std::string recipient, Moment until) {
  auto* address = first_in_reach(*setup);
  if (!address) co_return std::unexpected("no backend is up");
  const auto client = outsider();
  auto opened = co_await open_address(loop_, *setup, *address, Slots::Slot(), client, until);
  if (!opened) co_return std::unexpected(address->where().text() + ": " + opened.error().why);
  (*opened)->past.setup = std::move(setup);
  questions_ = 0;
  co_return co_await ask_on(std::move(*opened), std::move(recipient), until);
}

asio::awaitable<RecipientCheck::Answer> RecipientCheck::ask_on(Connection connection, std::string recipient,
                                                               Moment until) {
  ++questions_;
  const auto mail = co_await reply_to(*connection, "MAIL", "MAIL FROM:<>", until);
  if (!mail) co_return mail;
  if (!mail->positive()) {
    connection->say_goodbye();
    co_return std::unexpected("MAIL: " + mail->one_line());
  }
  std::string rcpt = "RCPT TO:<" + recipient + ">";
  auto answer = co_await reply_to(*connection, "RCPT", std::move(rcpt), until);
  if (!answer) co_return answer;
  const auto reset = co_await reply_to(*connection, "RSET", "RSET", until);
  if (!reset) co_return reset;
  keep(std::move(connection));
  co_return answer;
}

void RecipientCheck::keep(Connection connection) {
  const bool in_force = connection->past.setup == loop_.setup && !loop_.draining;
  if (!in_force || questions_ >= most_questions) return connection->say_goodbye();
  kept_ = std::move(connection);
  if (!idle_) idle_.emplace(loop_.deadlines, [this] { let_go(); });
  idle_->after(longest_idleness);
}

void RecipientCheck::let_go() {
  if (kept_) kept_->say_goodbye();
  kept_.reset();
}

}  // namespace proxy
