// A message: the rules for its content, and its end.
#include "proxy/session/session.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <set>

#include "proxy/loop.h"

namespace proxy {

using Outcome = Ending::Outcome;

namespace {

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

// One message is one deed, however many recipients it had.
void Session::note_deeds(const Ending& ending) {
  const bool is_refused = ending.outcome == Outcome::refused && ending.reply.refuses_by_policy();
  if (ending.outcome != Outcome::relayed && !is_refused) return;
  std::set<std::string_view> done;
  for (const auto& one : transaction_->accepted)
    if (done.insert(one.decision.identity).second)
      admission_.note(one.decision, is_refused ? greylist::Deed::refused_message : greylist::Deed::delivery);
}

// Content has come to its end: the client hears how it ended, and whoever proved to be a real mail server is credited.
asio::awaitable<void> Session::conclude(const Ending& ending, std::uint64_t octets) {
  tell_of_message(ending, octets);
  channel_.say(ending.reply);
  note_deeds(ending);
  std::vector<Decision> delivered;
  if (ending.outcome == Outcome::relayed)
    for (auto& one : transaction_->accepted) delivered.push_back(std::move(one.decision));
  auto setup = setup_;
  co_await end_transaction();
  channel_.expire_after(settings().limits.command_timeout);
  if (const auto error = co_await channel_.flush()) lost(error);
  channel_.never_expire();
  co_await admission_.delivered(std::move(setup), std::move(delivered));
}

}  // namespace proxy
