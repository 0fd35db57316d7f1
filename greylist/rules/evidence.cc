#include "rules/evidence.h"

#include <algorithm>
#include <utility>

namespace greylist {
namespace {

template <class Value>
std::optional<Value> parse(const auto& words, std::string_view word) {
  const auto found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return static_cast<Value>(found - words.begin());
}

}  // namespace

std::string_view word(Spf result) { return spf_words[std::to_underlying(result)]; }
std::string_view word(Fcrdns outcome) { return fcrdns_words[std::to_underlying(outcome)]; }
std::optional<Spf> parse_spf(std::string_view word) { return parse<Spf>(spf_words, word); }
std::optional<Fcrdns> parse_fcrdns(std::string_view word) { return parse<Fcrdns>(fcrdns_words, word); }

bool known_to_dns(const IpAddress& client) { return !client.is_private() || client.loopback(); }

}  // namespace greylist
