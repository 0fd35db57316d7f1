#include "lists/network_set.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace greylist {

std::size_t NetworkSet::Hash::operator()(const IpAddress& address) const {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(address.data()), address.bits() / 8});
}

void NetworkSet::add(const Network& network) {
  const bool v4 = network.base.is_v4();
  auto level = std::ranges::find_if(levels_, [&](const Level& l) { return l.v4 == v4 && l.prefix == network.prefix; });
  if (level == levels_.end()) level = levels_.insert(level, Level{v4, network.prefix, {}});
  level->bases.insert(network.base);
}

bool NetworkSet::contains(const IpAddress& address) const {
  return std::ranges::any_of(levels_, [&](const Level& level) {
    return level.v4 == address.is_v4() && level.bases.contains(address.masked(level.prefix));
  });
}

}  // namespace greylist
