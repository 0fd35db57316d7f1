#pragma once
#include <expected>
#include <optional>
#include <string>
#include <variant>

#include "store/store.h"

namespace greylist {

// Why a step could not be taken: it would have to wait for the disk, or the store failed.
struct NeedsDisk {};
using Obstacle = std::variant<NeedsDisk, StoreError>;
template <class T>
using Step = std::expected<T, Obstacle>;

// What one step reads and writes: records by triplet_key(), credits by earner. Every store offers its entries this way
// and takes the steps below, so all of them behave alike. Whoever calls a step sees to it that nobody else touches
// these entries meanwhile, and makes all that was put lasting at once, or nothing of it, before the answer is given.
// Reads don't show what was put.
class Shelf {
 public:
  virtual ~Shelf() = default;
  virtual Step<std::optional<Record>> record(const std::string& key) = 0;
  virtual Step<std::optional<Credit>> credit(const std::string& earner) = 0;
  virtual void put(const std::string& key, const Record& record) = 0;
  virtual void put(const std::string& earner, const Credit& credit) = 0;
};

// Store::attempt() and Store::delivered(). A use that follows another so closely that nobody can tell the difference is
// not written again: last_seen may lag behind by a second (or 1/64 of the lifetime, where that is shorter), the last
// use of a credit by 1/64 of the lifetime.
Step<Judgement> attempt_step(Shelf& shelf, const Question& question, Time now, const Limits& limits,
                             const AutoAllow& rule);
Step<void> delivered_step(Shelf& shelf, const Delivery& delivery, Time now, const Limits& limits,
                          const AutoAllow& rule);
// Store::take_over() and take_over_earners(). The triplets, or the earners, must differ from each other.
Step<void> take_over_step(Shelf& shelf, const std::vector<Entry>& entries, Time now, const Limits& limits);
Step<void> take_over_step(Shelf& shelf, const std::vector<Earner>& earners, Time now, const Limits& limits);

}  // namespace greylist
