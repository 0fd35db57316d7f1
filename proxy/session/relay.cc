#include "proxy/session/relay.h"

#include "proxy/loop.h"

namespace proxy {

namespace {

// So long a connection is kept for a client's next transaction.
constexpr std::chrono::seconds longest_idleness{5};

}  // namespace

Relay::Relay(Loop& loop, Client& client, ReplyTime& time)
    : loop_(loop), client_(client), time_(time), idle_(loop.deadlines, [this] { hand_back(); }) {}

Relay::Millis Relay::patience() const { return setup_->settings.backend.reply_timeout; }

std::string Relay::backend() const { return connection_ ? connection_->address().where().text() : std::string(); }

std::string Relay::backend_tls() const { return connection_ ? connection_->protection() : std::string(); }

void Relay::abandon() { connection_.reset(); }

void Relay::lose() {
  connection_.reset();
  lost_ = accepted_ > 0;
  mail_said_ = false;
}

asio::awaitable<void> Relay::reset() {
  idle_.never();
  if (connection_ && mail_said_) {
    const ReplyTime::BackendsTurn turn(time_);
    std::string line = "RSET\r\n";
    const auto answer = co_await connection_->ask(std::move(line), patience());
    if (!answer || !answer->positive()) connection_.reset();
  }
  if (connection_ && !connection_->quiet()) connection_.reset();
  fresh_ = mail_said_ = lost_ = false;
  until_ = Moment::max();
  accepted_ = 0;
  mail_refusal_.reset();
  data_reply_.reset();
  if (connection_) idle_.after(longest_idleness);
}

void Relay::cut() {
  if (!setup_) return;
  for (const auto& address : setup_->backends->addresses()) address->slots.turn_away();
}

void Relay::hand_back() {
  if (connection_ && !mail_said_) loop_.backend_pool.keep(std::move(connection_), std::chrono::steady_clock::now());
  leave();
}

void Relay::leave() {
  if (connection_) connection_->say_goodbye();
  connection_.reset();
  mail_said_ = false;
}

}  // namespace proxy
