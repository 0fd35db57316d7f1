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
  std::uint64_t entries_estimate = 0, bytes = 0, errors = 0;
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
class Store {
 public:
  virtual ~Store() = default;

  // auto_allowed if the earner has earned its way (its last use is renewed), else what judge() says, and that is
  // remembered.
  virtual asio::awaitable<std::expected<Judgement, StoreError>> attempt(Question question, Time now, Limits limits,
                                                                        AutoAllow rule) = 0;
  // Credits the earner with each triplet that has passed and was not credited yet, as count() allows.
  virtual asio::awaitable<std::expected<void, StoreError>> delivered(Delivery delivery, Time now, Limits limits,
                                                                     AutoAllow rule) = 0;
  // Takes back what `earner` has earned.
  virtual asio::awaitable<std::expected<void, StoreError>> forget_credit(std::string earner) = 0;
  // Reads without changing anything.
  virtual asio::awaitable<std::expected<std::optional<Record>, StoreError>> find(Triplet triplet) = 0;

  virtual void set_limits(const Limits& limits) = 0;  // what expiry goes by from now on
  virtual StoreStatus status() const = 0;             // any thread
};

}  // namespace greylist
