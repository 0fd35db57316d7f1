#include "reputations.h"

#include <algorithm>
#include <array>
#include <utility>

namespace greylist {
namespace {

bool within(const std::optional<Time>& when, Time now, Duration lifetime) { return when && now - *when <= lifetime; }

}  // namespace

Reputations::Reputations(std::size_t most)
    : kept_(
          most, [](const Kept& kept) { return weight(kept.reputation); },
          [this](const std::string& identity, const Kept& kept) {
            if (!kept.written) return;
            const std::lock_guard lock(forgotten_mutex_);
            forgotten_.push_back({identity, std::nullopt});
          }) {}

template <class Act>
void Reputations::change(std::string_view identity, const Act& act) {
  kept_.change(identity, [&](Kept& kept) {
    act(kept.reputation);
    kept.changed = true;
  });
}

void Reputations::note(std::string_view identity, Deed deed, Time now) {
  change(identity, [&](Reputation& reputation) { reputation = after(reputation, deed, now); });
}

void Reputations::note_attempt(std::string_view earner, Verdict verdict, Action action, Time now) {
  switch (verdict) {
    case Verdict::first_seen:
      if (action == Action::put_off) note(earner, Deed::first_attempt, now);
      return;
    case Verdict::retried: return note(earner, Deed::retry, now);
    case Verdict::unknown_recipient: return note(earner, Deed::unknown_recipient, now);
    case Verdict::rule_allow: note_pass(earner, now); [[fallthrough]];
    case Verdict::auto_allowed: return note(earner, Deed::let_through, now);
    default: return;
  }
}

void Reputations::note_pass(std::string_view identity, Time now) {
  change(identity, [&](Reputation& reputation) {
    reputation = aged(reputation, now);
    reputation.passed = now;
  });
}

std::optional<Reputation> Reputations::find(std::string_view identity) const {
  const auto kept = kept_.find(identity);
  return kept ? std::optional(kept->reputation) : std::nullopt;
}

bool Reputations::has_passed(std::span<const Identity> identities, Time now, Duration lifetime) const {
  return std::ranges::any_of(identities, [&](const Identity& identity) {
    return std::ranges::any_of(std::array{&identity.name, &identity.earner}, [&](const std::string* name) {
      const auto reputation = find(*name);
      return reputation && within(reputation->passed, now, lifetime);
    });
  });
}

void Reputations::trap(std::string_view network, Time now) {
  change(network, [&](Reputation& reputation) {
    reputation = aged(reputation, now);
    reputation.trapped = now;
  });
}

bool Reputations::trapped(std::string_view network, Time now, Duration lifetime) const {
  const auto reputation = find(network);
  return reputation && within(reputation->trapped, now, lifetime);
}

void Reputations::recall(const std::vector<ReputationChange>& written) {
  for (const auto& [identity, reputation] : written)
    if (reputation && !kept_.find(identity))  // what was seen since is news, and little
      kept_.change(identity, [&](Kept& kept) { kept = {*reputation, false, true}; });
}

void Reputations::not_written(std::vector<ReputationChange> changes) {
  for (auto& each : changes)
    if (!each.reputation) {
      const std::lock_guard lock(forgotten_mutex_);
      forgotten_.push_back(std::move(each));
    } else if (kept_.find(each.identity)) {
      change(each.identity, [](Reputation&) {});
    }
}

std::vector<ReputationChange> Reputations::changes(Time now) {
  std::vector<ReputationChange> all;
  {
    const std::lock_guard lock(forgotten_mutex_);
    all = std::exchange(forgotten_, {});
  }
  kept_.keep_if([&](const std::string& identity, Kept& kept) {
    if (worth_keeping(kept.reputation, now)) {
      if (std::exchange(kept.changed, false)) {
        all.push_back({identity, kept.reputation});
        kept.written = true;
      }
      return true;
    }
    if (kept.written) all.push_back({identity, std::nullopt});
    return false;
  });
  return all;
}

}  // namespace greylist
