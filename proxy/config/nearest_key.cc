#include "proxy/config/nearest_key.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace proxy {
namespace {

// "greylist.reply.code" is the object "greylist.reply" and the name "code".
std::pair<std::string_view, std::string_view> split(std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos) return {"", path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

}  // namespace

// The restricted Damerau-Levenshtein distance, with three rows of its table kept.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string nearest_key(std::string_view path, const std::vector<std::string>& known) {
  assert(!known.empty());
  const auto [object, name] = split(path);
  const auto much_alike = std::max<std::size_t>(1, name.size() / 3);
  const auto rank = [&, in = object, word = name](const std::string& candidate) {
    const auto [its_object, its_name] = split(candidate);
    const auto distance = edit_distance(word, its_name);
    const bool sibling = its_object == in;
    return std::tuple(!(sibling && distance <= much_alike), distance, !sibling);
  };
  return *std::ranges::min_element(known, {}, rank);
}

}  // namespace proxy
