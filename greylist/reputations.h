#pragma once
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bounded_map.h"
#include "identity.h"
#include "judge.h"
#include "reputation.h"

namespace greylist {

// A reputation as it is written down; nullopt: it is to be forgotten.
struct ReputationChange {
  std::string identity;
  std::optional<Reputation> reputation;
};

// The reputations of a bounded number of clients: where there are too many, those of whom least is known are forgotten.
// Deeds are put down to Identity::earner, since neighbours in a network or in a hoster's domain are strangers to each
// other; that something has passed, and that a network is in the trap, to Identity::name. Thread-safe.
class Reputations {
 public:
  static constexpr std::size_t most_by_default = 65'536;  // some 200 octets each
  explicit Reputations(std::size_t most = most_by_default);

  void note(std::string_view earner, Deed deed, Time now);
  // What became of an attempt. Who wasn't put off has no reason to come back.
  void note_attempt(std::string_view earner, Verdict verdict, Action action, Time now);
  void note_pass(std::string_view identity, Time now);
  std::optional<Reputation> find(std::string_view identity) const;  // as of its last deed

  // Whether mail of one of these has passed so lately.
  bool has_passed(std::span<const Identity> identities, Time now, Duration lifetime) const;
  void trap(std::string_view network, Time now);
  bool trapped(std::string_view network, Time now, Duration lifetime) const;

  // As they were written down.
  void recall(const std::vector<ReputationChange>& written);
  // What is new since the last call, for who writes it down; of those that have come to nothing, that they have.
  std::vector<ReputationChange> changes(Time now);
  void not_written(std::vector<ReputationChange> changes);  // they will be among the next

 private:
  struct Kept {
    Reputation reputation;
    bool changed = false, written = false;
  };
  template <class Act>
  void change(std::string_view identity, const Act& act);

  std::mutex forgotten_mutex_;
  std::vector<ReputationChange> forgotten_;  // that were written
  BoundedMap<Kept> kept_;
};

}  // namespace greylist
