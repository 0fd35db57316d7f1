#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "string_set.h"

namespace greylist {

// Values by name, no more than `most`: where there is no room, a newcomer takes the place of the lightest of a few that
// happen to be looked at. Thread-safe; the functions given are called with the value to themselves and must be short.
template <class Value>
class BoundedMap {
 public:
  using Weight = std::function<double(const Value&)>;
  using Gone = std::function<void(const std::string& name, const Value& value)>;  // who had to make room

  BoundedMap(std::size_t most, Weight weight, Gone gone = {})
      : most_in_part_(std::max<std::size_t>(most / parts, 1)), weight_(std::move(weight)), gone_(std::move(gone)) {}

  // What `act` makes of the value, which begins as Value() if there was none.
  template <class Act>
  auto change(std::string_view name, const Act& act) {
    auto& part = part_of(name);
    const std::lock_guard lock(part.mutex);
    auto found = part.values.find(name);
    if (found == part.values.end()) {
      if (part.values.size() >= most_in_part_) make_room(part);
      found = part.values.emplace(std::string(name), Value()).first;
    }
    return act(found->second);
  }

  std::optional<Value> find(std::string_view name) const {
    const auto& part = part_of(name);
    const std::lock_guard lock(part.mutex);
    const auto found = part.values.find(name);
    return found == part.values.end() ? std::nullopt : std::optional(found->second);
  }

  // One after the other, in no order; those for which `act` is false are forgotten.
  template <class Act>
  void keep_if(const Act& act) {
    for (auto& part : parts_) {
      const std::lock_guard lock(part.mutex);
      for (auto one = part.values.begin(); one != part.values.end();)
        one = act(one->first, one->second) ? std::next(one) : part.values.erase(one);
    }
  }

 private:
  static constexpr std::size_t parts = 16, looked_at = 8;
  using Values = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;
  struct alignas(64) Part {
    mutable std::mutex mutex;
    Values values;
    std::size_t hand = 0;  // the bucket where room is looked for next
  };

  static std::size_t part_number(std::string_view name) { return (StringHash()(name) >> 7) % parts; }
  Part& part_of(std::string_view name) { return parts_[part_number(name)]; }
  const Part& part_of(std::string_view name) const { return parts_[part_number(name)]; }

  void make_room(Part& part) {
    auto& values = part.values;
    const std::string* lightest = nullptr;
    double least = 0;
    for (std::size_t seen = 0; seen < looked_at && seen < values.size();) {
      part.hand = (part.hand + 1) % values.bucket_count();
      for (auto one = values.begin(part.hand); one != values.end(part.hand); ++one, ++seen)
        if (const double its = weight_(one->second); !lightest || its < least) lightest = &one->first, least = its;
    }
    const auto found = values.find(*lightest);
    if (gone_) gone_(found->first, found->second);
    values.erase(found);
  }

  const std::size_t most_in_part_;
  const Weight weight_;
  const Gone gone_;
  std::array<Part, parts> parts_;
};

}  // namespace greylist
