#include "test/bench/sink/content_end.h"

#include <algorithm>

namespace bench {

std::optional<std::size_t> ContentEnd::find(std::string_view octets) {
  constexpr std::string_view end = "\r\n.\r\n";
  const auto seam = tail_ + std::string(octets.substr(0, end.size() - 1));
  if (const auto at = seam.find(end); at != std::string::npos) return at + end.size() - tail_.size();
  if (const auto at = octets.find(end); at != std::string_view::npos) return at + end.size();
  tail_ += octets.substr(octets.size() - std::min(octets.size(), end.size() - 1));
  if (tail_.size() >= end.size()) tail_.erase(0, tail_.size() - (end.size() - 1));
  return std::nullopt;
}

}  // namespace bench
