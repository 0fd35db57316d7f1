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

bool worth_writing(const std::optional<Record>& seen, const Record& record, const Limits& limits) {
  return !seen || seen->first_seen != record.first_seen || seen->passed != record.passed ||
         seen->last_client != record.last_client || moved_on(seen->last_seen, record.last_seen, record_grain(limits));
}

// The null sender earns nothing: anybody can send a bounce.
bool may_count(const Triplet& triplet, const std::optional<Record>& record, Time now, const Limits& limits) {
  return !triplet.sender.empty() && record && record->passed && !record->credited && !expired(*record, now, limits);
}

// Whether it has earned its way; its last use is renewed then.
Step<bool> let_through(Shelf& shelf, const std::string& earner, Time now, const Limits& limits, const AutoAllow& rule) {
  if (earner.empty() || rule.after == 0) return false;
  auto credit = shelf.credit(earner);
  if (!credit) return std::unexpected(credit.error());
  if (!earned(*credit, now, limits, rule)) return false;
  Credit& used = **credit;
  if (moved_on(used.last_used, now, credit_grain(limits))) {
    used.last_used = now;
    shelf.put(earner, used);
  }
  return true;
}

// What is remembered under each of the keys.
Step<std::vector<std::optional<Record>>> records(Shelf& shelf, const std::vector<std::string>& keys) {
  std::vector<std::optional<Record>> all;
  all.reserve(keys.size());
  for (const auto& key : keys) {
    auto record = shelf.record(key);
    if (!record) return std::unexpected(record.error());
    all.push_back(*std::move(record));
  }
  return all;
}

// Under the best identity, the first, and a first attempt under all that don't know of it yet. In the order of the
// keys: a store that goes on from where it put the last one has the next place at hand.
void remember(Shelf& shelf, const std::vector<std::string>& keys, const std::vector<std::optional<Record>>& seen,
              const Record& record, const Limits& limits) {
  std::vector<const std::string*> places;
  if (worth_writing(seen.front(), record, limits)) places.push_back(&keys.front());
  for (std::size_t i = 1; !record.passed && i < keys.size(); ++i)
    if (!seen[i] || seen[i]->first_seen != record.first_seen) places.push_back(&keys[i]);
  std::ranges::sort(places, {}, [](const std::string* key) -> const std::string& { return *key; });
  for (const auto* place : places) shelf.put(*place, record);
}

struct Earning {
  const std::string* name;
  std::optional<Credit> credit;
  bool counted = false;
};

Step<std::vector<Earning>> earners_of(Shelf& shelf, const Delivery& delivery) {
  std::vector<Earning> all;
  all.reserve(delivery.earners.size());
  for (const auto& name : delivery.earners) {
    auto credit = shelf.credit(name);
    if (!credit) return std::unexpected(credit.error());
    all.push_back({&name, *std::move(credit)});
  }
  return all;
}

}  // namespace

Step<Judgement> attempt_step(Shelf& shelf, const Question& question, Time now, const Limits& limits,
                             const AutoAllow& rule) {
  auto through = let_through(shelf, question.earner, now, limits, rule);
  for (auto other = question.also.begin(); through && !*through && other != question.also.end(); ++other)
    through = let_through(shelf, other->earner, now, limits, rule);
  if (!through) return std::unexpected(through.error());
  if (*through) return Judgement{Verdict::auto_allowed, {}};

  const auto keys = keys_of(question);
  const auto seen = records(shelf, keys);
  if (!seen) return std::unexpected(seen.error());
  auto judgement = judge(merged(*seen, now, limits), now, limits, question.client);
  if (question.only_known && judgement.verdict != Verdict::known) return judgement;
  if (question.nothing_new && judgement.verdict == Verdict::first_seen) return judgement;
  remember(shelf, keys, *seen, judgement.record, limits);
  return judgement;
}

Step<void> delivered_step(Shelf& shelf, const Delivery& delivery, Time now, const Limits& limits,
                          const AutoAllow& rule) {
  if (rule.after == 0) return {};
  auto earners = earners_of(shelf, delivery);
  if (!earners) return std::unexpected(earners.error());

  std::unordered_set<std::string> done;  // several recipients of a message may share a triplet
  for (const auto& triplet : delivery.triplets) {
    const auto counts = [&](const Earning& earner) { return count(earner.credit, now, limits, rule).has_value(); };
    if (std::ranges::none_of(*earners, counts)) break;  // as for most: no more than one counts in an interval
    const auto [key, is_new] = done.insert(triplet_key(triplet));
    if (!is_new) continue;
    auto record = shelf.record(*key);
    if (!record) return std::unexpected(record.error());
    if (!may_count(triplet, *record, now, limits)) continue;
    for (auto& earner : *earners)
      if (const auto more = count(earner.credit, now, limits, rule)) earner.credit = more, earner.counted = true;
    (*record)->credited = true;
    shelf.put(*key, **record);
  }
  for (const auto& earner : *earners)
    if (earner.counted) shelf.put(*earner.name, *earner.credit);
  return {};
}

Step<void> take_over_step(Shelf& shelf, const std::vector<Entry>& entries, Time now, const Limits& limits) {
  for (const auto& [triplet, record] : entries) {
    const auto key = triplet_key(triplet);
    const auto known = shelf.record(key);
    if (!known) return std::unexpected(known.error());
    shelf.put(key, merged(*known, record, now, limits));
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
