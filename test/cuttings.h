#pragma once
#include <string_view>
#include <vector>

// How a network may hand the same octets over: whole, cut in two at every place, octet by octet. Calls
// `check(pieces)` for each.
template <typename Check>
void for_each_cutting(std::string_view wire, Check check) {
  using Pieces = std::vector<std::string_view>;
  check(Pieces{wire});
  for (std::size_t at = 1; at < wire.size(); ++at) check(Pieces{wire.substr(0, at), wire.substr(at)});
  Pieces octets;
  for (std::size_t at = 0; at < wire.size(); ++at) octets.push_back(wire.substr(at, 1));
  check(octets);
}
