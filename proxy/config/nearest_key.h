#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// How many single letters must be added, taken away, changed, or swapped with their neighbour to make one word of the
// other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Which of `known` ("greylist.delay") was most likely meant by `path` ("greylist.dellay"): one of the same object that
// is spelled much alike, else the one of any object that is spelled most alike. `known` is not empty.
std::string nearest_key(std::string_view path, const std::vector<std::string>& known);

}  // namespace proxy
