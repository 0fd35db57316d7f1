// Opening, MAIL and RCPT: what a transaction says before its content.
#include "proxy/session/relay.h"

#include <algorithm>

#include "proxy/log.h"
#include "proxy/loop.h"
#include "smtp/replies.h"

namespace proxy {

namespace replies = smtp::replies;

namespace {

// Opening anew once is enough: a backend that drops two connections in a row is down.
constexpr int openings_allowed = 2;

std::string command(std::string_view verb, const smtp::Address& address, const std::string& parameters) {
  std::string line(verb);
  line += ":<";
  line += address.text();
  line += parameters.empty() ? ">" : "> ";
  line += parameters;
  line += "\r\n";
  return line;
}

// RFC 5321 §4.1.1.11, and what servers older than 555 say.
bool is_about_parameters(const smtp::Reply& reply) {
  return reply.code() == 555 || reply.code() == 501 || reply.code() == 504;
}

Needs needs_of(const smtp::Mail& mail, const std::vector<smtp::Rcpt>& recipients) {
  const bool dsn = mail.dsn || std::ranges::any_of(recipients, [](const auto& rcpt) { return rcpt.dsn; });
  return {mail.body, mail.smtp_utf8, dsn};
}

}  // namespace

// The recipients asked for in one go, and the answers so far.
struct Relay::Batch {
  const smtp::Mail& mail;
  const std::vector<smtp::Rcpt>& recipients;
  bool data_follows;
  std::vector<Answer> answers;

  bool complete() const { return answers.size() == recipients.size(); }
  const smtp::Rcpt& next() const { return recipients[answers.size()]; }
  void answer(smtp::Reply reply) { answers.push_back({std::move(reply), true}); }
  void answer_rest(const smtp::Reply& reply) { answers.resize(recipients.size(), {reply, false}); }
};
asio::awaitable<std::vector<Relay::Answer>> Relay::recipients(std::shared_ptr<const Setup> setup,
                                                              const smtp::Mail& mail,
                                                              const std::vector<smtp::Rcpt>& recipients,
                                                              bool data_follows) {
  idle_.never();
  if (setup_ && setup_->backends != setup->backends) leave();  // a reload named other backends
  setup_ = std::move(setup);
  Batch batch{mail, recipients, data_follows, {}};
  const auto needs = needs_of(mail, recipients);
  auto source = Source::any;
  for (int openings = 0; !batch.complete();) {
    if (connection_ && !connection_->quiet()) lose();
    if (connection_ && !needs.met_by(connection_->offers)) {
      if (accepted_ > 0) {
        batch.answer_rest(replies::backend_unavailable());
        break;
      }
      leave();
    }
    if (lost_) {
      batch.answer_rest(replies::backend_unavailable());
    } else if (mail_refusal_) {
      batch.answer_rest(*mail_refusal_);
    } else if (connection_) {
      co_await exchange(batch);
    } else if (loop_.cut || openings == openings_allowed) {
      batch.answer_rest(replies::backend_unavailable());
    } else if (const auto failure = co_await open(needs, std::exchange(source, Source::fresh))) {
      batch.answer_rest(*failure);
    } else {
      openings += fresh_;
    }
  }
  co_return std::move(batch.answers);
}

asio::awaitable<std::optional<smtp::Reply>> Relay::open(Needs needs, Source source) {
  const auto& backend = setup_->settings.backend;
  if (backend.client_identity == "xclient" && setup_->backends->may_be_told("NAME"))
    co_await client_.name(loop_.resolver.deadline());
  const ReplyTime::BackendsTurn turn(time_);
  until_ = std::chrono::steady_clock::now() + backend.open_timeout;
  auto identity = client_.identity();
  auto opened = co_await open_backend(loop_, setup_, std::move(identity), needs, until_, source);
  if (!opened) {
    LogEvent(LogLevel::warning, "backend_unavailable")
        .with("client", client_.address_text())
        .with("reason", opened.error().why)
        .write();
    co_return opened.error().busy ? replies::backend_busy() : replies::backend_unavailable();
  }
  connection_ = std::move(*opened);
  fresh_ = connection_->past.clients == 1;
  mail_said_ = false;
  co_return std::nullopt;
}

// RFC 2920: with PIPELINING everything goes out in one write and the replies come back in order; without it, command by
// command. Either way each reply is checked against what may come there.
asio::awaitable<void> Relay::exchange(Batch& batch) {
  const ReplyTime::BackendsTurn turn(time_);
  const bool pipelining = connection_->offers.pipelining;
  if (pipelining) {
    std::string wire;
    if (!mail_said_) wire = command("MAIL FROM", batch.mail.from, batch.mail.parameters);
    for (auto i = batch.answers.size(); i < batch.recipients.size(); ++i)
      wire += command("RCPT TO", batch.recipients[i].to, batch.recipients[i].parameters);
    if (batch.data_follows) wire += "DATA\r\n";
    if (!co_await connection_->send(wire, patience())) co_return lose();
  }
  if (!mail_said_ && !co_await say_mail(batch, pipelining)) co_return;
  while (!batch.complete())
    if (!co_await say_recipient(batch, pipelining)) co_return;
  if (pipelining && batch.data_follows) co_await take_data_reply();
}

// True: MAIL stands, go on with the recipients.
asio::awaitable<bool> Relay::say_mail(Batch& batch, bool sent) {
  const auto left = std::chrono::duration_cast<Millis>(until_ - std::chrono::steady_clock::now());
  const auto limit = std::max(std::min(patience(), left), Millis(0));
  if (!sent) {
    const auto line = command("MAIL FROM", batch.mail.from, batch.mail.parameters);
    if (!co_await connection_->send(line, limit)) {
      lose();
      co_return false;
    }
  }
  const auto answer = co_await connection_->reply(limit);
  if (answer && answer->positive()) co_return mail_said_ = true;
  // A connection kept from before may have been about to close for idleness.
  const bool went_stale = !fresh_ && answer && answer->code() == 421;
  if ((!answer && answer.error().kind == Trouble::Kind::lost) || went_stale) {
    lose();
  } else if (!answer || answer->intermediate()) {
    lose();
    batch.answer_rest(replies::backend_unavailable());
  } else if (answer->code() == 421) {
    mail_refusal_ = replies::from_backend_421(*answer);
    lose();
  } else {
    // SIZE is our own promise if the backend has none: that it doesn't know the word is no reason to bounce.
    const bool our_size = batch.mail.size && !connection_->offers.size && is_about_parameters(*answer);
    mail_refusal_ = our_size ? replies::backend_unavailable() : *answer;
    mail_said_ = true;  // so that reset() cleans up
    if (sent) co_await swallow(batch.recipients.size() - batch.answers.size(), batch.data_follows);
  }
  co_return false;
}

// True: go on with the next recipient on this connection.
asio::awaitable<bool> Relay::say_recipient(Batch& batch, bool sent) {
  if (!sent) {
    const auto line = command("RCPT TO", batch.next().to, batch.next().parameters);
    if (!co_await connection_->send(line, patience())) {
      lose();
      co_return false;
    }
  }
  auto answer = co_await connection_->reply(patience());
  if (!answer && answer.error().kind == Trouble::Kind::lost) {
    lose();  // who asked is asked again, or answered by the loss
    co_return false;
  }
  if (!answer || answer->intermediate()) {
    lose();
    batch.answer(replies::backend_unavailable());
    co_return false;
  }
  if (answer->code() == 421) {
    lose();
    batch.answer(replies::from_backend_421(*answer));
    co_return false;
  }
  if (answer->positive()) ++accepted_;
  batch.answer(std::move(*answer));
  co_return true;
}

// After a refused MAIL: the replies to what went along with it. They decide nothing, but must not be taken for later
// ones. A recipient accepted all the same would get the empty message that ends a DATA let through as well.
asio::awaitable<void> Relay::swallow(std::size_t replies, bool data) {
  while (replies-- > 0) {
    const auto answer = co_await connection_->reply(patience());
    if (ends_dialogue(answer) || answer->positive()) co_return lose();
  }
  if (data) co_await take_data_reply();
}

asio::awaitable<void> Relay::take_data_reply() {
  const auto answer = co_await connection_->reply(patience());
  if (accepted_ > 0) {
    data_reply_ = checked_data_reply(answer);
  } else if (!answer || answer->positive() || answer->code() == 421) {
    lose();
  } else if (answer->intermediate()) {
    co_await close_empty_data();
  }
}

// RFC 2920 §3.1: a 354 with no recipient accepted is closed with a lone dot; nobody gets that empty message.
asio::awaitable<void> Relay::close_empty_data() {
  std::string dot = ".\r\n";
  const auto answer = co_await connection_->ask(std::move(dot), patience());
  if (ends_dialogue(answer)) lose();
  fresh_ = mail_said_ = false;  // the transaction ended with the dot
}

}  // namespace proxy
