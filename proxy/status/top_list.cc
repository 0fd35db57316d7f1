#include "proxy/status/top_list.h"

#include <algorithm>
#include <functional>

namespace proxy {

void TopList::add(std::string_view who) {
  const auto hash = std::hash<std::string_view>{}(who);
  const auto same = [&](const Place& place) { return place.hash == hash && place.who == who; };
  if (const auto place = std::ranges::find_if(places_, same); place != places_.end()) {
    ++place->count;
  } else if (places_.size() < most_) {
    places_.push_back({hash, std::string(who), 1, 0});
  } else {
    auto& rarest = *std::ranges::min_element(places_, {}, &Place::count);
    rarest = {hash, std::string(who), rarest.count + 1, rarest.count};
  }
}

std::vector<TopList::Row> TopList::rows() const {
  std::vector<Row> rows;
  rows.reserve(places_.size());
  for (const auto& place : places_) rows.push_back({place.who, place.count - place.inherited});
  return rows;
}

}  // namespace proxy
