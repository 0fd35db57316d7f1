#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "triplet.h"

namespace greylist::redis {

// How the keys of one greylist are named, behind a prefix that keeps them apart from others' in the same database:
//
//   {t:SENDER TAB RECIPIENT} TAB IDENTITY   a triplet, as triplet_key() writes it: its Record. In one hash slot with
//                                           the same sender and recipient under all other identities.
//   c:EARNER                                a Credit
//   lists                                   hash: run_time_key() → the rest of a RunTimeEntry
//   r:HOST                                  hash: identity → Reputation, as seen by that host
//   h:RECIPIENT                             sorted set by time: a number of 4 octets, and a HistoryEvent
//
// Values are as record_codec.h has them.
class Keys {
 public:
  explicit Keys(std::string prefix) : prefix_(std::move(prefix)) {}

  std::string triplet(std::string_view triplet_key) const;
  std::string credit(std::string_view earner) const;
  std::string run_time_lists() const { return prefix_ + "lists"; }
  std::string reputations(std::string_view host) const { return prefix_ + "r:" + std::string(host); }
  std::string history(std::string_view recipient) const;

  std::string all_triplets() const { return pattern("{t:*"); }  // for SCAN
  std::string all_credits() const { return pattern("c:*"); }
  std::optional<Triplet> parse_triplet(std::string_view key) const;  // nullopt: triplet() makes no such key
  std::optional<std::string> parse_credit(std::string_view key) const;

 private:
  std::string pattern(std::string_view rest) const;

  std::string prefix_;
};

}  // namespace greylist::redis
