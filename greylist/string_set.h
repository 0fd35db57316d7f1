#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace greylist {

// A set of strings that can be asked with a string_view, without building a string.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using StringSet = std::unordered_set<std::string, StringHash, std::equal_to<>>;

}  // namespace greylist
