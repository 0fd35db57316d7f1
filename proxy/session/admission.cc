#include "proxy/session/admission.h"

#include <map>

#include "proxy/log.h"
#include "proxy/loop.h"

namespace proxy {

using greylist::Action;
using greylist::Rule;
using greylist::Verdict;

namespace {

std::string_view domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

Decision trapped(const greylist::Question& asked) {
  Decision decision;
  decision.verdict = Verdict::trap;
  decision.triplet = asked.triplet;
  return decision;
}

bool knows(Verdict verdict) { return verdict == Verdict::known || verdict == Verdict::auto_allowed; }

}  // namespace

asio::awaitable<Decision> Admission::judge(std::shared_ptr<const Setup> setup, std::string sender,
                                           std::string recipient) {
  const greylist::Attempt attempt{client_.address(), client_.helo, sender, recipient};
  const auto run_time = loop_.run_time_lists;           // kept over the look-up of a name
  const auto dns_deadline = loop_.resolver.deadline();  // for all that is asked about this recipient
  const auto now = loop_.site.clock.now();
  auto screening = greylist::screen(setup->policy, *run_time, attempt, std::nullopt, now);
  if (std::holds_alternative<greylist::NeedsName>(screening)) {
    const auto name = co_await client_.name(dns_deadline);
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
  const auto* listed = std::get_if<greylist::Listed>(&screening);
  if (listed) decision.verdict = listed->verdict;
  if (listed && listed->verdict != Verdict::off) co_return counted(*setup, std::move(decision));
  auto [rule, identity] = co_await rule_for(setup, sender, recipient, ClientConduct::Count::yes, dns_deadline);
  if (listed && !greylist::goes_before(rule, *listed)) co_return counted(*setup, std::move(decision));
  if (rule && rule->action != Rule::Action::greylist) {
    decision = decided_by(*rule);
    decision.identity = std::move(identity);
    co_return counted(*setup, std::move(decision));
  }
  if (sender.empty() && setup->policy.null_sender == greylist::NullSender::data) {
    decision.step = Decision::Step::at_data;
    co_return decision;
  }
  decision = co_await greylisted(setup, std::move(sender), recipient, rule, dns_deadline);
  co_await verify(setup, std::move(recipient), decision);
  co_return counted(*setup, std::move(decision));
}

asio::awaitable<Decision> Admission::judge_at_data(std::shared_ptr<const Setup> setup, std::string sender,
                                                   std::string recipient) {
  const auto dns_deadline = loop_.resolver.deadline();
  // Rules had their say at RCPT. One that holds only now (its time has begun) comes too late for all but the delay.
  const auto* rule = (co_await rule_for(setup, sender, recipient, ClientConduct::Count::no, dns_deadline)).rule;
  if (rule && rule->action != Rule::Action::greylist) rule = nullptr;
  auto decision = co_await greylisted(setup, std::move(sender), std::move(recipient), rule, dns_deadline);
  co_return counted(*setup, std::move(decision));
}

asio::awaitable<bool> Admission::came_back_before(std::shared_ptr<const Setup> setup) {
  const auto& policy = setup->policy;
  if (policy.allow.clients.matches_address(client_.address())) co_return true;
  co_return co_await conduct_.has_passed(policy.limits, proofs_.identities(policy, {}, {}));
}

asio::awaitable<Admission::Ruled> Admission::rule_for(std::shared_ptr<const Setup> setup, std::string sender,
                                                      std::string recipient, ClientConduct::Count count,
                                                      Deadline dns_deadline) {
  const auto& rules = setup->policy.rules;
  if (rules.empty()) co_return Ruled();
  const greylist::Attempt attempt{client_.address(), client_.helo, sender, recipient};
  const auto now = loop_.site.clock.now();
  auto found = greylist::first_match(rules, attempt, client_.evidence(sender), now);
  if (found) co_return Ruled{*found, {}};

  // All that any rule may need at once: one after the other, what is slow would use up the time of what isn't.
  const bool is_watched =
      greylist::may_need(rules, greylist::LookUp::conduct) && greylist::known_to_dns(client_.address());
  const auto proofs = is_watched ? wanted_by(*setup) : Wanted();
  const Wanted wanted{.spf = proofs.spf || greylist::may_need(rules, greylist::LookUp::spf),
                      .name = proofs.name || greylist::may_need(rules, greylist::LookUp::name),
                      .lists = greylist::may_need(rules, greylist::LookUp::lists)};
  co_await proofs_.look_up(setup, wanted, sender, dns_deadline);
  auto evidence = client_.evidence(sender);
  found = greylist::first_match(rules, attempt, evidence, now);
  if (found) co_return Ruled{*found, {}};

  Ruled ruled;
  ruled.identity = proofs_.known_earner(*setup, sender);
  evidence.conduct = conduct_.of(*setup, ruled.identity, count);
  ruled.rule = greylist::first_match(rules, attempt, evidence, now).value_or(nullptr);
  co_return ruled;
}

asio::awaitable<Decision> Admission::greylisted(std::shared_ptr<const Setup> setup, std::string sender,
                                                std::string recipient, const Rule* rule, Deadline dns_deadline) {
  const auto& policy = setup->policy;
  const auto limits = greylist::limits_under(policy, rule);
  // Where one address stands for all clients, what is proved of it is proved of nobody, nobody earns by it, and nobody
  // uses up what the others need.
  const auto finding = loop_.site.hidden_clients.seen(client_.address(), domain_of(sender));
  if (finding == HiddenClients::Finding::just_found) co_await forget_credit(setup, dns_deadline);
  const bool hidden = finding != HiddenClients::Finding::ordinary;
  const auto wanted = hidden ? Wanted() : wanted_by(*setup);
  const auto triplet = greylist::make_triplet(client_.address(), sender, recipient, policy.client_prefix);
  const auto question_by = [&](Wanted proofs) {
    auto asked = greylist::question_about(triplet, proofs_.identities(policy, proofs, sender), client_.address_text());
    if (hidden) asked.earner.clear();
    return asked;
  };
  const bool is_somebody = !hidden && greylist::known_to_dns(client_.address());  // and no gateway
  const bool hits_trap = is_somebody && policy.traps.matches(recipient);
  if (hits_trap) co_await proofs_.look_up(setup, wanted, sender, dns_deadline);  // whom to blame
  bool all_known = proofs_.missing(wanted, sender) == Wanted();
  if (all_known && proofs_.on_allow_list()) co_return Decision{.verdict = Verdict::dns_allow};
  auto asked = question_by(all_known ? wanted : Wanted());
  auto now = loop_.site.clock.now();
  const bool is_trapped = is_somebody && !policy.traps.empty() &&
                          loop_.site.reputations.trapped(triplet.identity, now, policy.trap_lifetime);
  if (hits_trap && !co_await conduct_.has_passed(policy.limits, greylist::identities_of(asked))) {
    // Whoever tries again and again does it once: a mail server tries for days.
    if (!is_trapped) conduct_.spring_trap(proofs_.known_earner(*setup, sender), recipient, triplet.identity);
    co_return trapped(asked);
  }

  // Of a client that is known by its address alone the DNS need not be asked.
  asked.only_known = !all_known || is_trapped;
  const auto most = hidden ? 0 : setup->settings.limits.put_off_per_client;  // 0: no end
  asked.nothing_new = conduct_.has_used_up(most, asked.triplet.identity, now);
  auto answer = co_await attempt(policy, asked, now, limits);
  if (asked.only_known && answer && !knows(answer->verdict)) {
    co_await proofs_.look_up(setup, wanted, sender, dns_deadline);
    if (proofs_.on_allow_list()) co_return Decision{.verdict = Verdict::dns_allow};
    all_known = true;
    asked = question_by(wanted);
    if (is_trapped && asked.triplet.identity == triplet.identity) co_return trapped(asked);
    now = loop_.site.clock.now();
    asked.nothing_new = conduct_.has_used_up(most, asked.triplet.identity, now);
    answer = co_await attempt(policy, asked, now, limits);
  }

  Decision decision;
  if (rule) decision.rule = rule->name;
  decision.triplet = asked.triplet;
  decision.earners = greylist::earners_of(asked);
  if (is_somebody && proofs_.sure_who(wanted, sender))
    decision.identity = all_known ? asked.earner : proofs_.known_earner(*setup, sender);
  if (answer) {
    const bool passes = answer->verdict == Verdict::retried || knows(answer->verdict);
    if (is_somebody && passes) loop_.site.reputations.note_pass(asked.triplet.identity, now);
    // It has passed before, so it mistyped, and will hear from the backend.
    if (hits_trap && answer->verdict == Verdict::first_seen) conduct_.note_trap_hit(decision.identity, recipient, true);
    take_in(decision, *answer, now, limits.delay);
    if (decision.missing || answer->verdict == Verdict::first_seen) {
      decision.kept = !asked.nothing_new;
      if (most > 0) conduct_.count_put_off(most, asked.triplet.identity);
    }
  } else {
    decision.verdict = Verdict::store_failure;
    LogEvent(LogLevel::error, "store_failure").with("reason", answer.error().what).write();
  }
  co_return decision;
}

// By now the attempt is remembered. Asking first would mean to ask for those that pass as well, whom the backend is
// about to judge anyway; and it will judge a retry.
asio::awaitable<void> Admission::verify(std::shared_ptr<const Setup> setup, std::string recipient, Decision& decision) {
  const bool waits = decision.verdict == Verdict::first_seen || decision.verdict == Verdict::too_early;
  const bool is_put_off = waits && greylist::action_of(decision.verdict, setup->policy) == Action::put_off;
  if (!is_put_off || !setup->settings.greylist.verify_recipients) co_return;
  const ReplyTime::BackendsTurn turn(time_);
  auto refused = co_await loop_.recipient_check.refusal_of(std::move(setup), std::move(recipient));
  if (!refused) co_return;
  decision.verdict = Verdict::unknown_recipient;
  decision.backends = std::move(refused);
}

void Admission::take_in(Decision& decision, const greylist::Judgement& judgement, greylist::Time now,
                        greylist::Duration delay) {
  decision.verdict = judgement.verdict;
  const auto age = now - judgement.record.first_seen;
  if (judgement.verdict == Verdict::too_early) decision.missing = delay - age;
  if (judgement.verdict != Verdict::retried) return;
  decision.waited = age;
  loop_.counters.until_passed.add(age);
}

asio::awaitable<std::expected<greylist::Judgement, greylist::StoreError>> Admission::attempt(
    const greylist::Policy& policy, greylist::Question question, greylist::Time now, greylist::Limits limits) {
  const auto asked = std::chrono::steady_clock::now();
  auto answer = co_await loop_.site.store.attempt(std::move(question), now, limits, policy.auto_allow);
  loop_.counters.store_time.add(std::chrono::steady_clock::now() - asked);
  co_return answer;
}

// What anybody has earned by this address, or by its name.
asio::awaitable<void> Admission::forget_credit(std::shared_ptr<const Setup> setup, Deadline dns_deadline) {
  LogEvent(LogLevel::warning, "client_addresses_hidden").with("client", client_.address_text()).write();
  const Wanted by_name{.name = wanted_by(*setup).name};
  if (by_name.name) co_await client_.look_up_name(dns_deadline);
  const auto identities = proofs_.identities(setup->policy, by_name, {});
  for (const auto& identity : identities) co_await loop_.site.store.forget_credit(identity.earner);
}

void Admission::note(const Decision& decision, greylist::Deed deed) {
  if (!decision.identity.empty()) loop_.site.reputations.note(decision.identity, deed, loop_.site.clock.now());
}

Decision Admission::counted(const Setup& setup, Decision decision) {
  decision.action = greylist::action_of(decision.verdict, setup.policy);
  const bool bounces = decision.triplet && decision.triplet->sender.empty();  // many only ask, and don't come back
  if (!decision.identity.empty() && decision.kept && !(bounces && decision.verdict == Verdict::first_seen))
    loop_.site.reputations.note_attempt(decision.identity, decision.verdict, decision.action, loop_.site.clock.now());
  auto& recipients = loop_.counters.recipients;
  recipients.verdicts[static_cast<std::size_t>(decision.verdict)].add();
  switch (decision.action) {
    case Action::pass: break;  // counted when it is sent on
    case Action::put_off: recipients.put_off.add(); break;
    case Action::refuse: recipients.refused.add(); break;
  }
  return decision;
}

asio::awaitable<void> Admission::delivered(std::shared_ptr<const Setup> setup, std::vector<Decision> decisions) {
  const auto finding = loop_.site.hidden_clients.seen(client_.address(), {});
  if (setup->policy.auto_allow.after == 0 || finding != HiddenClients::Finding::ordinary) co_return;
  std::map<std::vector<std::string>, std::vector<greylist::Triplet>> credited;  // by earners
  for (auto& decision : decisions) {
    // Anybody can send bounces.
    if (!decision.triplet || decision.triplet->sender.empty() || decision.earners.empty()) continue;
    credited[std::move(decision.earners)].push_back(*std::move(decision.triplet));
  }
  const auto now = loop_.site.clock.now();
  for (auto& [earners, triplets] : credited) {
    greylist::Delivery delivery{std::move(triplets), earners};
    const auto done =
        co_await loop_.site.store.delivered(std::move(delivery), now, setup->policy.limits, setup->policy.auto_allow);
    if (!done) LogEvent(LogLevel::error, "store_failure").with("reason", done.error().what).write();
  }
}

}  // namespace proxy
