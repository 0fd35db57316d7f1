// What is told of a session: counters, log lines, the status page, and the history that explains why a message is late.
#include "proxy/log.h"
#include "proxy/loop.h"
#include "proxy/postgrey_log.h"
#include "proxy/session/session.h"

namespace proxy {

using Outcome = Ending::Outcome;

namespace {

std::string_view word(Outcome outcome) {
  switch (outcome) {
    case Outcome::relayed: return "relayed";
    case Outcome::refused: return "refused";
    case Outcome::unknown: break;
  }
  return "unknown";
}

}  // namespace

void Session::tell_of_recipient(const smtp::Rcpt& rcpt, const Decision& decision, std::optional<Event> became,
                                const smtp::Reply& reply) const {
  if (logs_like_postgrey() && decision.step == Decision::Step::decided)
    write_log_line(
        postgrey_line({decision.verdict, decision.action, decision.waited, decision.missing, client_.known_name(),
                       client_.address_text(), transaction_->mail.from.text(), rcpt.to.text()}));
  else
    log_recipient(rcpt, &decision, decision.word(), reply);
  show_recipient(rcpt, decision.word(), became, reply);
  if (decision.step == Decision::Step::decided && decision.kept) note(rcpt.to, decision, decision.word(), reply);
}

void Session::tell_of_unjudged(const smtp::Rcpt& rcpt, std::string_view word, std::optional<Event> became,
                               const smtp::Reply& reply) const {
  log_recipient(rcpt, nullptr, word, reply);
  show_recipient(rcpt, word, became, reply);
}

// With what was looked up of the client, so that a day's log can be judged again under another configuration.
void Session::log_recipient(const smtp::Rcpt& rcpt, const Decision* decision, std::string_view word,
                            const smtp::Reply& reply) const {
  const auto& sender = transaction_->mail.from.text();
  LogEvent event(LogLevel::info, "recipient");
  event.with("session", id_)
      .with("client", client_.address_text())
      .with("helo", client_.helo)
      .with("sender", sender)
      .with("recipient", rcpt.to.text())
      .with("verdict", word);
  if (decision && !decision->rule.empty()) event.with("rule", decision->rule);
  if (decision && decision->triplet) event.with("identity", decision->triplet->identity);
  if (const auto* spf = client_.known_spf(sender)) {
    event.with("spf", greylist::word(spf->result));
    if (spf->too_wide) event.with("spf_too_wide", "yes");
  }
  const auto evidence = client_.evidence(sender);
  if (const auto& name = evidence.name) {
    event.with("rdns", name->name);
    if (name->fcrdns != greylist::Fcrdns::pass) event.with("fcrdns", greylist::word(name->fcrdns));
  }
  if (const auto& lists = evidence.lists) event.with("dns_lists", *lists);
  if (client_.early_talker) event.with("early_talker", "yes");
  if (client_.tls != greylist::no_tls) event.with("tls", client_.tls);
  event.with("reply", reply.one_line()).write();
}

// On the status page.
void Session::show_recipient(const smtp::Rcpt& rcpt, std::string_view word, std::optional<Event> became,
                             const smtp::Reply& reply) const {
  const auto& sender = transaction_->mail.from.text();
  loop_.site.recent.decided({.time = loop_.site.clock.now(),
                             .became = became,
                             .client = client_.address_text(),
                             .helo = client_.helo,
                             .sender = sender,
                             .recipient = rcpt.to.text(),
                             .verdict = std::string(word),
                             .reply = reply.one_line()},
                            became == Event::put_off ? greylist::keyed_sender(sender) : std::string());
}

// Of a client that came no further: why its mail doesn't arrive is asked all the same.
void Session::tell_of_refusal(std::string_view event, const std::string& sender, const smtp::Reply& reply) const {
  LogEvent(LogLevel::info, event)
      .with("session", id_)
      .with("client", client_.address_text())
      .with("helo", client_.helo)
      .with("sender", sender)
      .with("reply", reply.one_line())
      .write();
}

void Session::tell_of_message(const Ending& ending, std::uint64_t octets) {
  auto& messages = loop_.counters.messages;
  switch (ending.outcome) {
    case Outcome::relayed:
      messages.relayed.add();
      messages.bytes.add(octets);
      loop_.site.recent.relayed(loop_.site.clock.now());
      break;
    case Outcome::refused: messages.refused.add(); break;
    case Outcome::unknown: messages.unknown.add(); break;
  }
  std::vector<std::string> recipients;
  for (const auto& one : transaction_->accepted) {
    recipients.push_back(one.rcpt.to.text());
    note(one.rcpt.to, one.decision, word(ending.outcome), ending.reply);
  }
  const auto level = ending.outcome == Outcome::unknown ? LogLevel::warning : LogLevel::info;
  LogEvent(level, "message")
      .with("session", id_)
      .with("client", client_.address_text())
      .with("sender", transaction_->mail.from.text())
      .with("recipients", recipients)
      .with("bytes", octets)
      .with("tls", channel_.protection())
      .with("backend", transaction_->backend)
      .with("backend_tls", transaction_->backend_tls)
      .with("reply", ending.reply.one_line())
      .with("outcome", word(ending.outcome))
      .write();
}

// An attempt that is none of ours leaves no trace: anybody could fill the history with those.
void Session::note(const smtp::Address& recipient, const Decision& decision, std::string_view what,
                   const smtp::Reply& reply) const {
  if (settings().greylist.limits.history == greylist::Duration::zero()) return;
  greylist::HistoryEvent event{.time = loop_.site.clock.now(), .client = client_.address_text(), .helo = client_.helo};
  if (decision.triplet) {
    event.recipient = decision.triplet->recipient;
    event.sender = decision.triplet->sender;
    event.identity = decision.triplet->identity;
  } else {
    event.recipient = greylist::keyed_recipient(recipient.text());
    event.sender = greylist::keyed_sender(transaction_->mail.from.text());
  }
  event.what = what;
  event.reply = reply.one_line();
  loop_.site.store.note(std::move(event));
}

}  // namespace proxy
