#include "proxy/session/admission.h"

#include "proxy/log.h"
#include "proxy/loop.h"
#include "smtp/replies.h"

namespace proxy {

using greylist::Action;
using greylist::Verdict;

namespace {

std::string_view domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

}  // namespace

std::string_view Decision::word() const {
  return step == Step::not_our_domain ? "relay_denied" : greylist::word(verdict);
}

Event became(const Decision& decision) {
  switch (decision.action) {
    case Action::pass: return Event::passed;
    case Action::put_off: return Event::put_off;
    case Action::refuse: break;
  }
  return Event::refused;
}

asio::awaitable<Decision> Admission::judge(std::shared_ptr<const Setup> setup, std::string sender,
                                           std::string recipient) {
  const greylist::Attempt attempt{client_.address(), client_.helo, sender, recipient};
  const auto run_time = loop_.run_time_lists;  // kept over the look-up of a name
  const auto now = loop_.site.clock.now();
  auto screening = greylist::screen(setup->policy, *run_time, attempt, std::nullopt, now);
  if (std::holds_alternative<greylist::NeedsName>(screening)) {
    const auto name = co_await client_.name();
    screening = greylist::screen(setup->policy, *run_time, attempt, name.name, now);
  }
  Decision decision;
  if (std::holds_alternative<greylist::NotOurDomain>(screening)) {
    decision.step = Decision::Step::not_our_domain;
    decision.action = Action::refuse;
    loop_.counters.recipients.refused.add();
    loop_.counters.recipients.relay_denied.add();
    co_return decision;
  }
  if (const auto* listed = std::get_if<greylist::Listed>(&screening)) {
    decision.verdict = listed->verdict;
    co_return counted(*setup, std::move(decision));
  }
  if (sender.empty() && setup->policy.null_sender == greylist::NullSender::data) {
    decision.step = Decision::Step::at_data;
    co_return decision;
  }
  co_return co_await greylisted(std::move(setup), std::move(sender), std::move(recipient));
}

asio::awaitable<Decision> Admission::judge_at_data(std::shared_ptr<const Setup> setup, std::string sender,
                                                   std::string recipient) {
  co_return co_await greylisted(std::move(setup), std::move(sender), std::move(recipient));
}

asio::awaitable<Decision> Admission::greylisted(std::shared_ptr<const Setup> setup, std::string sender,
                                                std::string recipient) {
  const auto& policy = setup->policy;
  const auto now = loop_.site.clock.now();
  const auto finding = loop_.site.hidden_clients.seen(client_.address(), domain_of(sender));
  if (finding == HiddenClients::Finding::just_found) co_await forget_credit();
  greylist::Question question{greylist::make_triplet(client_.address(), sender, recipient, policy.client_prefix),
                              earner(finding), client_.address_text()};
  Decision decision;
  decision.triplet = question.triplet;
  const auto asked = std::chrono::steady_clock::now();
  const auto answer = co_await loop_.site.store.attempt(std::move(question), now, policy.limits, policy.auto_allow);
  loop_.counters.store_time.add(std::chrono::steady_clock::now() - asked);
  if (answer) {
    decision.verdict = answer->verdict;
    const auto age = now - answer->record.first_seen;
    if (answer->verdict == Verdict::retried) {
      decision.waited = age;
      loop_.counters.until_passed.add(age);
    }
    if (answer->verdict == Verdict::too_early) decision.missing = policy.limits.delay - age;
  } else {
    decision.verdict = Verdict::store_failure;
    LogEvent(LogLevel::error, "store_failure").with("reason", answer.error().what).write();
  }
  co_return counted(*setup, std::move(decision));
}

// Whom a passed triplet would be credited to; nobody, where one address stands for all clients.
std::string Admission::earner(HiddenClients::Finding finding) const {
  if (finding != HiddenClients::Finding::ordinary) return {};
  return greylist::earning_identity(client_.address());
}

asio::awaitable<void> Admission::forget_credit() {
  LogEvent(LogLevel::warning, "client_addresses_hidden").with("client", client_.address_text()).write();
  co_await loop_.site.store.forget_credit(greylist::earning_identity(client_.address()));
}

Decision Admission::counted(const Setup& setup, Decision decision) {
  decision.action = greylist::action_of(decision.verdict, setup.policy);
  auto& recipients = loop_.counters.recipients;
  recipients.verdicts[static_cast<std::size_t>(decision.verdict)].add();
  switch (decision.action) {
    case Action::pass: break;  // counted when it is sent on
    case Action::put_off: recipients.put_off.add(); break;
    case Action::refuse: recipients.refused.add(); break;
  }
  return decision;
}

asio::awaitable<void> Admission::delivered(std::shared_ptr<const Setup> setup,
                                           std::vector<greylist::Triplet> triplets) {
  std::erase_if(triplets, [](const auto& triplet) { return triplet.sender.empty(); });  // anybody can send bounces
  if (triplets.empty() || setup->policy.auto_allow.after == 0) co_return;
  const auto now = loop_.site.clock.now();
  const auto finding = loop_.site.hidden_clients.seen(client_.address(), {});
  if (finding == HiddenClients::Finding::just_found) co_await forget_credit();
  greylist::Delivery delivery{std::move(triplets), earner(finding)};
  if (delivery.earner.empty()) co_return;
  const auto done =
      co_await loop_.site.store.delivered(std::move(delivery), now, setup->policy.limits, setup->policy.auto_allow);
  if (!done) LogEvent(LogLevel::error, "store_failure").with("reason", done.error().what).write();
}

smtp::Reply refusal(const Setup& setup, const Decision& decision, const greylist::ReplyValues& values) {
  if (decision.step == Decision::Step::not_our_domain) return smtp::replies::relay_denied();
  if (decision.action == Action::refuse) return smtp::replies::blocked();
  if (decision.verdict == Verdict::store_failure) return smtp::replies::store_unavailable();
  const auto& reply = setup.settings.greylist.reply;
  return smtp::Reply(reply.code, reply.enhanced, greylist::expand(reply, values));
}

}  // namespace proxy
