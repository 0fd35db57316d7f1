#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "store/redis/keys.h"
#include "store/redis/swap.h"
#include "store/steps.h"

namespace greylist::redis {

// What one step has to do with, as far as it is known: what wasn't read is taken not to be there. The step is good if
// that, and all else, is still so when it is written.
class RedisShelf final : public Shelf {
 public:
  RedisShelf(const Keys& keys, Time now, const Limits& limits) : keys_(keys), now_(now), limits_(limits) {}

  Step<std::optional<Record>> record(const std::string& key) override;
  Step<std::optional<Credit>> credit(const std::string& earner) override;
  void put(const std::string& key, const Record& record) override;
  void put(const std::string& earner, const Credit& credit) override;

  std::vector<Place>& records() { return records_; }  // that were asked for, in that order
  std::vector<Place>& credits() { return credits_; }
  void know(std::vector<Place>& places, std::vector<std::string> values);  // as read; nothing is put any more
  unsigned take_unreadable() { return std::exchange(unreadable_, 0); }     // since the last call

 private:
  Place& place(std::vector<Place>& places, std::string key);
  template <class Value>
  std::optional<Value> decoded(const Place& place, std::optional<Value> (*decode)(std::string_view));

  const Keys& keys_;
  const Time now_;
  const Limits& limits_;
  std::vector<Place> records_, credits_;
  unsigned unreadable_ = 0;
};

// It becomes that, and expires in the server when it would expire here.
void put(Place& place, const Record& record, Time now, const Limits& limits);
void put(Place& place, const Credit& credit, Time now, const Limits& limits);

}  // namespace greylist::redis
