#include "policy.h"

#include <utility>

#include "mail_address.h"

namespace greylist {
namespace {

struct Words {
  Verdict client, sender, recipient;
};
constexpr Words block_words{Verdict::block_client, Verdict::block_sender, Verdict::block_recipient};
constexpr Words allow_words{Verdict::allow_client, Verdict::allow_sender, Verdict::allow_recipient};

// Nothing: the lists have no word on it. The client's name comes last, since only it may have to be looked up.
std::optional<Screening> consult(const Lists& lists, const Words& words, const Attempt& attempt,
                                 const std::optional<std::string>& name) {
  if (lists.clients.matches_address(attempt.client)) return Listed{words.client};
  if (lists.senders.matches(attempt.sender)) return Listed{words.sender};
  if (lists.recipients.matches(attempt.recipient)) return Listed{words.recipient};
  if (!lists.clients.has_names()) return {};
  if (!name) return NeedsName{};
  if (lists.clients.matches_name(*name)) return Listed{words.client};
  return {};
}

Verdict word_of(const RunTimeEntry& entry, const Words& words) {
  if (!entry.client.empty()) return words.client;
  return entry.sender.empty() ? words.recipient : words.sender;
}

std::optional<Screening> consult(const Lists& lists, const RunTimeList& run_time, const Words& words,
                                 const Attempt& attempt, const std::optional<std::string>& name, Time now) {
  auto configured = consult(lists, words, attempt, name);
  if (configured && std::holds_alternative<Listed>(*configured)) return configured;
  if (run_time.empty()) return configured;
  const auto match = run_time.match(attempt.client, attempt.sender, attempt.recipient, name, now);
  if (match.entry) return Listed{word_of(*match.entry, words), match.entry};
  if (match.needs_name) return NeedsName{};
  return configured;
}

bool is_ours(const DomainList& domains, std::string_view recipient) {
  const auto address = split_address(recipient);
  return address.has_domain ? domains.matches(address.domain) : is_bare_postmaster(address);
}

}  // namespace

Screening screen(const Policy& policy, const RunTimeLists& run_time, const Attempt& attempt,
                 const std::optional<std::string>& name, Time now) {
  if (const auto blocked = consult(policy.block, run_time.block, block_words, attempt, name, now)) return *blocked;
  if (!is_ours(policy.domains, attempt.recipient)) return NotOurDomain{};
  if (const auto allowed = consult(policy.allow, run_time.allow, allow_words, attempt, name, now)) return *allowed;
  if (policy.mode == Mode::off) return Listed{Verdict::off};
  return Unlisted{};
}

bool goes_before(const Rule* rule, const Listed& listed) {
  return listed.verdict == Verdict::off && rule && rule->action == Rule::Action::block;
}

Limits limits_under(const Policy& policy, const Rule* rule) {
  auto limits = policy.limits;
  if (rule && rule->delay) limits.delay = *rule->delay;
  return limits;
}

Action action_of(Verdict verdict, const Policy& policy) {
  const auto put_off = policy.mode == Mode::observe ? Action::pass : Action::put_off;
  switch (verdict) {
    case Verdict::first_seen:
    case Verdict::too_early:
    case Verdict::rule_put_off:
    case Verdict::trap: return put_off;
    case Verdict::store_failure: return policy.on_store_failure == OnStoreFailure::defer ? put_off : Action::pass;
    case Verdict::block_client:
    case Verdict::block_sender:
    case Verdict::block_recipient:
    case Verdict::rule_block:
    case Verdict::unknown_recipient: return Action::refuse;
    case Verdict::retried:
    case Verdict::known:
    case Verdict::auto_allowed:
    case Verdict::allow_client:
    case Verdict::allow_sender:
    case Verdict::allow_recipient:
    case Verdict::off:
    case Verdict::rule_allow:
    case Verdict::dns_allow: return Action::pass;
  }
  std::unreachable();
}

}  // namespace greylist
