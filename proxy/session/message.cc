// A message: the rules for its content, and what became of it.
#include "proxy/session/session.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "proxy/log.h"
#include "proxy/loop.h"

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

// RFC 5322 §3.3
std::string date(greylist::Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const auto length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts);
  return {text.data(), length};
}

}  // namespace

ContentRules Session::content_rules() const {
  const auto& settings = setup_->settings;
  ContentRules rules;
  const auto excluded = [&](const greylist::Network& network) { return network.contains(client_.address()); };
  rules.refuse_bare_line_ends =
      settings.bare_line_ends.policy == "refuse" && !std::ranges::any_of(setup_->bare_line_ends_excluded, excluded);
  rules.limit = settings.limits.message_size;
  rules.patience = settings.limits.data_timeout;
  rules.own_header = settings.greylist.header;
  if (!rules.own_header) return rules;
  std::optional<greylist::Duration> waited;
  for (const auto& one : transaction_->accepted) waited = std::max(waited, one.decision.waited);
  if (waited)
    rules.header = "X-Greylist: delayed " +
                   std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*waited).count()) +
                   " seconds by greygate at " + settings.hostname + "; " + date(loop_.site.clock.now()) + "\r\n";
  return rules;
}

// Content has come to its end: the client hears how it ended, and whoever proved to be a real mail server is credited.
asio::awaitable<void> Session::conclude(const Ending& ending, std::uint64_t octets) {
  count_and_log(ending, octets);
  channel_.say(ending.reply);
  std::vector<greylist::Triplet> triplets;
  if (ending.outcome == Outcome::relayed)
    for (const auto& one : transaction_->accepted)
      if (one.decision.triplet) triplets.push_back(*one.decision.triplet);
  auto setup = setup_;
  co_await end_transaction();
  channel_.expire_after(settings().limits.command_timeout);
  if (const auto error = co_await channel_.flush()) co_await lost(error);
  channel_.never_expire();
  co_await admission_.delivered(std::move(setup), std::move(triplets));
}

void Session::count_and_log(const Ending& ending, std::uint64_t octets) {
  auto& messages = loop_.counters.messages;
  switch (ending.outcome) {
    case Outcome::relayed:
      messages.relayed.add();
      messages.bytes.add(octets);
      break;
    case Outcome::refused: messages.refused.add(); break;
    case Outcome::unknown: messages.unknown.add(); break;
  }
  std::vector<std::string> recipients;
  for (const auto& one : transaction_->accepted) recipients.push_back(one.rcpt.to.text());
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

}  // namespace proxy
