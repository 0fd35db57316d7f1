// DATA and BDAT: a message's content, and what became of it.
#include <algorithm>
#include <array>
#include <ctime>

#include "proxy/log.h"
#include "proxy/loop.h"
#include "proxy/session/session.h"
#include "smtp/replies.h"

namespace proxy {

namespace replies = smtp::replies;
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

constexpr std::string_view chunk_was_refused = "a chunk was refused, say RSET";

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

asio::awaitable<void> Session::on(const smtp::Data&) {
  if (transaction_->chunk_refused) co_return co_await say(replies::bad_sequence(chunk_was_refused));
  if (transaction_->recipients_asked == 0) co_return co_await say(replies::bad_sequence("say RCPT first"));
  if (transaction_->accepted.empty()) co_return co_await say(no_recipient());
  if (auto reply = co_await judge_at_data()) co_return co_await say(std::move(*reply));
  auto reply = co_await relay_.data();
  const bool go_ahead = reply.code() == 354;
  co_await speak(std::move(reply));
  if (!go_ahead) co_return;
  Content content(channel_, relay_, smtp::BodyScanner::Framing::data, content_rules());
  const auto ending = co_await content.data();
  if (ending)
    co_await conclude(*ending, content.octets());
  else
    co_await lost(ending.error());
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
    auto reply = passes ? replies::ok() : admission_.refusal(*setup_, judged, sender, rcpt.to.text());
    log_recipient(rcpt, judged.word(), reply);
    if (passes) {
      loop_.counters.recipients.passed.add();
      decision = std::move(judged);
    } else if (!put_off) {
      put_off = std::move(reply);
    }
  }
  co_return put_off;
}

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
      .with("backend", transaction_->backend)
      .with("reply", ending.reply.one_line())
      .with("outcome", word(ending.outcome))
      .write();
}

asio::awaitable<void> Session::on(const smtp::UnreadableBdat&) {
  co_await speak(replies::bad_arguments("BDAT needs a size"));
  co_await settle(false);
  closed_ = true;  // what follows may be content as well as commands
}

asio::awaitable<void> Session::on(const smtp::Bdat& bdat) {
  if (!offered_.chunking) co_return co_await refuse_chunk(bdat, replies::not_implemented());
  if (!bdat.well_formed) co_return co_await refuse_chunk(bdat, replies::bad_arguments("BDAT size [LAST]"));
  if (relay_.lost()) co_return co_await refuse_chunk(bdat, replies::backend_unavailable());
  if (!smtp::allowed(state_, smtp::Verb::bdat))
    co_return co_await refuse_chunk(bdat, replies::bad_sequence("say MAIL first"));
  if (transaction_->chunk_refused) co_return co_await refuse_chunk(bdat, replies::bad_sequence(chunk_was_refused));
  if (transaction_->recipients_asked == 0)
    co_return co_await refuse_chunk(bdat, replies::bad_sequence("say RCPT first"));
  if (transaction_->accepted.empty()) co_return co_await refuse_chunk(bdat, no_recipient());
  if (!transaction_->content) {
    auto reply = co_await judge_at_data();
    if (!reply && !relay_.chunking()) reply = replies::backend_unavailable();
    if (reply) {
      state_ = smtp::State::chunks;
      transaction_->chunk_refused = true;
      co_return co_await refuse_chunk(bdat, std::move(*reply));
    }
    transaction_->content.emplace(channel_, relay_, smtp::BodyScanner::Framing::chunks, content_rules());
    state_ = smtp::State::chunks;
  }
  co_await relay_chunk(bdat);
}

// RFC 3030 §2: the octets come whatever we say. Unless they were a whole message, what follows would be one with a piece
// missing.
asio::awaitable<void> Session::refuse_chunk(const smtp::Bdat& bdat, smtp::Reply reply) {
  const bool whole = bdat.last && bdat.well_formed;
  if (transaction_ && offered_.chunking && !whole) transaction_->chunk_refused = true;
  if (const auto error = co_await discard(channel_, bdat.size, settings().limits.data_timeout))
    co_return co_await lost(error);
  co_await say(std::move(reply));
}

asio::awaitable<void> Session::relay_chunk(const smtp::Bdat& bdat) {
  auto& content = *transaction_->content;
  if (bdat.last) {
    const auto ending = co_await content.last_chunk(bdat.size);
    if (!ending) co_return co_await lost(ending.error());
    co_return co_await conclude(*ending, content.octets());
  }
  const auto reply = co_await content.chunk(bdat.size);
  if (!reply) co_return co_await lost(reply.error());
  if (!reply->positive() && !transaction_->chunk_refused) {
    transaction_->chunk_refused = !relay_.lost();
    count_and_log({Outcome::refused, *reply}, content.octets());
  }
  co_await speak(*reply);
}

}  // namespace proxy
