#include "store/keys.h"

#include <algorithm>
#include <array>

namespace greylist {
namespace {

constexpr char separator = '\t';
constexpr std::string_view hex = "0123456789ABCDEF";

bool must_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '%'; }

void append_escaped(std::string& key, std::string_view part) {
  for (const char c : part) {
    if (must_escape(c)) {
      const auto octet = static_cast<unsigned char>(c);
      key.append({'%', hex[octet >> 4], hex[octet & 15]});
    } else {
      key.push_back(c);
    }
  }
}

// One spelling a key: what append_escaped() would not have written is refused.
std::optional<std::string> unescape(std::string_view part) {
  std::string text;
  text.reserve(part.size());
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '%') {
      if (must_escape(part[i])) return std::nullopt;
      text.push_back(part[i]);
      continue;
    }
    if (part.size() - i < 3) return std::nullopt;
    const auto high = hex.find(part[i + 1]), low = hex.find(part[i + 2]);
    if (high == hex.npos || low == hex.npos) return std::nullopt;
    const auto c = static_cast<char>(high << 4 | low);
    if (!must_escape(c)) return std::nullopt;
    text.push_back(c);
    i += 2;
  }
  return text;
}

}  // namespace

std::string triplet_key(const Triplet& triplet) {
  std::string key;
  key.reserve(triplet.identity.size() + triplet.sender.size() + triplet.recipient.size() + 2);
  append_escaped(key, triplet.identity);
  key.push_back(separator);
  append_escaped(key, triplet.sender);
  key.push_back(separator);
  append_escaped(key, triplet.recipient);
  return key;
}

std::string identity_prefix(std::string_view identity) {
  std::string prefix = credit_key(identity);
  prefix.push_back(separator);
  return prefix;
}

std::optional<Triplet> parse_triplet_key(std::string_view key) {
  if (std::ranges::count(key, separator) != 2) return std::nullopt;
  const auto first = key.find(separator), second = key.find(separator, first + 1);
  auto identity = unescape(key.substr(0, first));
  auto sender = unescape(key.substr(first + 1, second - first - 1));
  auto recipient = unescape(key.substr(second + 1));
  if (!identity || !sender || !recipient) return std::nullopt;
  return Triplet{*std::move(identity), *std::move(sender), *std::move(recipient)};
}

std::string credit_key(std::string_view earner) {
  std::string key;
  append_escaped(key, earner);
  return key;
}

}  // namespace greylist
