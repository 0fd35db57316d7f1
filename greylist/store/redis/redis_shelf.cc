#include "store/redis/redis_shelf.h"

#include <algorithm>

#include "store/record_codec.h"

namespace greylist::redis {

namespace {

Duration until(Time last, Time now) { return std::max(last - now + Duration(1), Duration(1)); }

}  // namespace

void put(Place& place, const Record& record, Time now, const Limits& limits) {
  place.becomes = encode(record);
  const auto last = record.passed ? record.last_seen + limits.lifetime : record.first_seen + limits.retry_window;
  place.time_to_live = until(last, now);
}

void put(Place& place, const Credit& credit, Time now, const Limits& limits) {
  place.becomes = encode(credit);
  place.time_to_live = until(credit.last_used + limits.lifetime, now);
}

Step<std::optional<Record>> RedisShelf::record(const std::string& key) {
  return decoded<Record>(place(records_, keys_.triplet(key)), decode_record);
}

Step<std::optional<Credit>> RedisShelf::credit(const std::string& earner) {
  return decoded<Credit>(place(credits_, keys_.credit(earner)), decode_credit);
}

void RedisShelf::put(const std::string& key, const Record& record) {
  redis::put(place(records_, keys_.triplet(key)), record, now_, limits_);
}

void RedisShelf::put(const std::string& earner, const Credit& credit) {
  redis::put(place(credits_, keys_.credit(earner)), credit, now_, limits_);
}

void RedisShelf::know(std::vector<Place>& places, std::vector<std::string> values) {
  for (std::size_t i = 0; i < places.size(); ++i) places[i].expected = std::move(values[i]);
  for (auto* all : {&records_, &credits_})
    for (auto& place : *all) place.becomes.reset();
}

Place& RedisShelf::place(std::vector<Place>& places, std::string key) {
  const auto found = std::ranges::find(places, key, &Place::key);
  return found != places.end() ? *found : places.emplace_back(Place{std::move(key), {}, {}, {}});
}

template <class Value>
std::optional<Value> RedisShelf::decoded(const Place& place, std::optional<Value> (*decode)(std::string_view)) {
  if (place.expected.empty()) return std::nullopt;
  auto value = decode(place.expected);
  if (!value) ++unreadable_;
  return value;
}

}  // namespace greylist::redis
