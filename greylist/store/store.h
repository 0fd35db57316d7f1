#pragma once
#include <asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "judge.h"
#include "triplet.h"

namespace greylist {

struct StoreError {
  std::string what;
};

struct StoreStatus {
  std::string engine;  // "rocksdb", "memory"
  bool ok = true;
  std::string problem;  // why not
  std::uint64_t entries_estimate = 0, bytes = 0;
  std::uint64_t errors = 0;  // since the start: calls that failed, and entries that could not be read
};

// One look at the greylist for one recipient.
struct Question {
  Triplet triplet;
  std::string earner;  // earning_identity() of the client; empty: auto-allow isn't asked
  std::string client;  // address, for the record
};
// Triplets of a message that the backend took.
struct Delivery {
  std::vector<Triplet> triplets;
  std::string earner;
};

// Where the greylist lives. Every call is one step: two calls for the same triplet at once end as if one came after the
// other. What a call answered survives `kill -9` (persistent engines). Calls may suspend (disk, network) and complete
// on the caller's executor; when the answer is in memory they don't suspend. Any thread that runs an event loop may
// call.
//
// StoreError: nothing is known and nothing was recorded, for this call; the next one may fare better. The caller then
// does as OnStoreFailure says. Stores look after themselves: there is nothing to close or to reopen.
class Store {
 public:
  virtual ~Store() = default;

  // auto_allowed with an empty record if the earner has earned its way (its last use is renewed), else what judge()
  // says, and that is remembered. Uses in quick succession are remembered as one: what find() shows as last_seen may be
  // older by a second, or 1/64 of the lifetime where that is shorter.
  virtual asio::awaitable<std::expected<Judgement, StoreError>> attempt(Question question, Time now, Limits limits,
                                                                        AutoAllow rule) = 0;
  // Credits the earner with each triplet that has passed and was not credited yet, as count() allows. Triplets of the
  // null sender earn nothing; nor does any while rule.after is 0.
  virtual asio::awaitable<std::expected<void, StoreError>> delivered(Delivery delivery, Time now, Limits limits,
                                                                     AutoAllow rule) = 0;
  // Takes back what `earner` has earned; nothing to do if it has earned nothing.
  virtual asio::awaitable<std::expected<void, StoreError>> forget_credit(std::string earner) = 0;
  // Reads without changing anything. An entry that has expired() may still be there.
  virtual asio::awaitable<std::expected<std::optional<Record>, StoreError>> find(Triplet triplet) = 0;

  virtual void set_limits(const Limits& limits) = 0;  // what expired entries are dropped by from now on; any thread
  virtual StoreStatus status() const = 0;             // any thread; doesn't touch the disk
};

}  // namespace greylist
