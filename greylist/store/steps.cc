#include "store/steps.h"

#include <algorithm>
#include <unordered_set>

#include "store/keys.h"

namespace greylist {
namespace {

// A clock that went back is worth writing down: else the entry would outlive its due.
bool moved_on(Time written, Time now, Duration grain) { return now < written || now - written > grain; }

Duration credit_grain(const Limits& limits) { return limits.lifetime / 64; }
Duration record_grain(const Limits& limits) {
  return std::min<Duration>(std::chrono::seconds(1), credit_grain(limits));
}

bool worth_writing(const std::optional<Record>& seen, const Judgement& judgement, const Limits& limits) {
  const bool repeated = judgement.verdict == Verdict::known || judgement.verdict == Verdict::too_early;
  return !repeated || seen->last_client != judgement.record.last_client ||
         moved_on(seen->last_seen, judgement.record.last_seen, record_grain(limits));
}

// The null sender earns nothing: anybody can send a bounce.
bool may_count(const Triplet& triplet, const std::optional<Record>& record, Time now, const Limits& limits) {
  return !triplet.sender.empty() && record && record->passed && !record->credited && !expired(*record, now, limits);
}

}  // namespace

Step<Judgement> attempt_step(Shelf& shelf, const Question& question, Time now, const Limits& limits,
                             const AutoAllow& rule) {
  if (!question.earner.empty() && rule.after > 0) {
    auto credit = shelf.credit(question.earner);
    if (!credit) return std::unexpected(credit.error());
    if (earned(*credit, now, limits, rule)) {
      Credit& used = **credit;
      if (moved_on(used.last_used, now, credit_grain(limits))) {
        used.last_used = now;
        shelf.put(question.earner, used);
      }
      return Judgement{Verdict::auto_allowed, {}};
    }
  }
  const auto seen = shelf.record(question.triplet);
  if (!seen) return std::unexpected(seen.error());
  auto judgement = judge(*seen, now, limits, question.client);
  if (worth_writing(*seen, judgement, limits)) shelf.put(question.triplet, judgement.record);
  return judgement;
}

Step<void> delivered_step(Shelf& shelf, const Delivery& delivery, Time now, const Limits& limits,
                          const AutoAllow& rule) {
  if (delivery.earner.empty() || rule.after == 0) return {};
  auto credit = shelf.credit(delivery.earner);
  if (!credit) return std::unexpected(credit.error());

  std::unordered_set<std::string> done;  // several recipients of a message may share a triplet
  bool counted = false;
  for (const auto& triplet : delivery.triplets) {
    const auto more = count(*credit, now, limits, rule);
    if (!more) break;  // as for most: no more than one counts in an interval
    if (!done.insert(triplet_key(triplet)).second) continue;
    auto record = shelf.record(triplet);
    if (!record) return std::unexpected(record.error());
    if (!may_count(triplet, *record, now, limits)) continue;
    *credit = more;
    counted = true;
    (*record)->credited = true;
    shelf.put(triplet, **record);
  }
  if (counted) shelf.put(delivery.earner, **credit);
  return {};
}

Step<void> take_over_step(Shelf& shelf, const std::vector<Entry>& entries, Time now, const Limits& limits) {
  for (const auto& [triplet, record] : entries) {
    const auto known = shelf.record(triplet);
    if (!known) return std::unexpected(known.error());
    shelf.put(triplet, merged(*known, record, now, limits));
  }
  return {};
}

Step<void> take_over_step(Shelf& shelf, const std::vector<Earner>& earners, Time now, const Limits& limits) {
  for (const auto& [name, credit] : earners) {
    const auto known = shelf.credit(name);
    if (!known) return std::unexpected(known.error());
    const bool better = !*known || lapsed(**known, now, limits) || (*known)->count < credit.count;
    if (better) shelf.put(name, credit);
  }
  return {};
}

}  // namespace greylist
