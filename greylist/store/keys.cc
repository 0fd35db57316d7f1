#include "store/keys.h"

#include <algorithm>
#include <array>

namespace greylist {
namespace {

constexpr std::string_view allow_word = "allow", block_word = "block";
constexpr char separator = '\t';
constexpr std::string_view hex = "0123456789ABCDEF";

bool must_escape(char c) { return (static_cast<unsigned char>(c) < 0x20) | (c == 0x7f) | (c == '%'); }

// Looks at all of it, so that the compiler takes many octets at a time.
bool is_plain(std::string_view part) {
  bool plain = true;
  for (const char c : part) plain &= !must_escape(c);
  return plain;
}

void append_escaped(std::string& key, std::string_view part) {
  if (is_plain(part)) {
    key.append(part);
    return;
  }
  for (;;) {
    const auto plain = std::ranges::find_if(part, must_escape) - part.begin();
    key.append(part.substr(0, plain));
    if (plain == std::ssize(part)) return;
    const auto octet = static_cast<unsigned char>(part[plain]);
    key.append({'%', hex[octet >> 4], hex[octet & 15]});
    part.remove_prefix(plain + 1);
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

// A key of so many parts.
template <std::size_t count>
std::optional<std::array<std::string, count>> parse_parts(std::string_view key) {
  if (std::ranges::count(key, separator) != count - 1) return std::nullopt;
  std::array<std::string, count> parts;
  for (auto& part : parts) {
    const auto end = std::min(key.find(separator), key.size());
    auto text = unescape(key.substr(0, end));
    if (!text) return std::nullopt;
    part = *std::move(text);
    key.remove_prefix(std::min(end + 1, key.size()));
  }
  return parts;
}

// Big-endian, so that a larger number sorts before a smaller one.
template <class Number>
void append_descending(std::string& key, Number number) {
  for (int shift = 8 * sizeof(Number) - 8; shift >= 0; shift -= 8)
    key.push_back(static_cast<char>(~number >> shift & 0xFF));
}

}  // namespace

std::string triplet_key(const Triplet& triplet) {
  return triplet_key(triplet.sender, triplet.recipient, triplet.identity);
}

std::string triplet_key(std::string_view sender, std::string_view recipient, std::string_view identity) {
  std::string key;
  key.reserve(sender.size() + recipient.size() + identity.size() + 2);
  append_escaped(key, sender);
  key.push_back(separator);
  append_escaped(key, recipient);
  key.push_back(separator);
  append_escaped(key, identity);
  return key;
}

std::optional<Triplet> parse_triplet_key(std::string_view key) {
  auto parts = parse_parts<3>(key);
  if (!parts) return std::nullopt;
  auto& [sender, recipient, identity] = *parts;
  return Triplet{std::move(identity), std::move(sender), std::move(recipient)};
}

std::string credit_key(std::string_view earner) {
  std::string key;
  append_escaped(key, earner);
  return key;
}

std::optional<std::string> parse_credit_key(std::string_view key) { return unescape(key); }

std::string run_time_key(const RunTimeEntry& entry) {
  std::string key(entry.list == RunTimeEntry::List::allow ? allow_word : block_word);
  for (const auto* condition : {&entry.client, &entry.sender, &entry.recipient}) {
    key.push_back(separator);
    append_escaped(key, *condition);
  }
  return key;
}

std::optional<RunTimeEntry> parse_run_time_key(std::string_view key) {
  auto parts = parse_parts<4>(key);
  if (!parts) return std::nullopt;
  auto& [list, client, sender, recipient] = *parts;
  if (list != allow_word && list != block_word) return std::nullopt;
  RunTimeEntry entry;
  entry.list = list == allow_word ? RunTimeEntry::List::allow : RunTimeEntry::List::block;
  entry.client = std::move(client);
  entry.sender = std::move(sender);
  entry.recipient = std::move(recipient);
  return entry;
}

std::string history_prefix(std::string_view recipient) {
  std::string prefix;
  append_escaped(prefix, recipient);
  prefix.push_back(separator);
  return prefix;
}

std::string history_key(std::string_view recipient, Time time, std::uint32_t number) {
  auto key = history_prefix(recipient);
  append_descending(key, static_cast<std::uint64_t>(time.time_since_epoch().count()));
  append_descending(key, number);
  return key;
}

}  // namespace greylist
