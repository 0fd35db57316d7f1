#include "proxy/status/top_list.h"

#include <algorithm>

namespace proxy {

void TopList::add(std::string_view who) {
  if (const auto place = std::ranges::find(places_, who, &Place::who); place != places_.end()) {
    ++place->count;
  } else if (places_.size() < most_) {
    places_.push_back({std::string(who), 1, 0});
  } else {
    auto& rarest = *std::ranges::min_element(places_, {}, &Place::count);
    rarest = {std::string(who), rarest.count + 1, rarest.count};
  }
}

std::vector<TopList::Row> TopList::rows() const {
  std::vector<Row> rows;
  rows.reserve(places_.size());
  for (const auto& place : places_) rows.push_back({place.who, place.count - place.inherited});
  return rows;
}

}  // namespace proxy
