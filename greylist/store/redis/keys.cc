#include "store/redis/keys.h"

#include "store/keys.h"

namespace greylist::redis {
namespace {

constexpr std::string_view triplet_begin = "{t:", credit_begin = "c:";

}  // namespace

// What a sender may contain, a '}', only makes the part shorter that is hashed, and it is the same under all
// identities.
std::string Keys::triplet(std::string_view triplet_key) const {
  const auto identity = triplet_key.rfind('\t');
  std::string key;
  key.reserve(prefix_.size() + triplet_key.size() + 4);
  key.append(prefix_).append(triplet_begin).append(triplet_key.substr(0, identity));
  return key.append("}").append(triplet_key.substr(identity));
}

std::string Keys::credit(std::string_view earner) const {
  return prefix_ + std::string(credit_begin) + credit_key(earner);
}

std::string Keys::history(std::string_view recipient) const { return prefix_ + "h:" + credit_key(recipient); }

// A pattern of SCAN means some characters as no key does.
std::string Keys::pattern(std::string_view rest) const {
  std::string text;
  for (const char c : prefix_) {
    if (std::string_view("*?[]^\\").contains(c)) text.push_back('\\');
    text.push_back(c);
  }
  return text.append(rest);
}

std::optional<Triplet> Keys::parse_triplet(std::string_view key) const {
  if (!key.starts_with(prefix_)) return std::nullopt;
  key.remove_prefix(prefix_.size());
  const auto end = key.rfind("}\t");
  if (!key.starts_with(triplet_begin) || end == key.npos) return std::nullopt;
  std::string plain(key.substr(triplet_begin.size(), end - triplet_begin.size()));
  return parse_triplet_key(plain.append(key.substr(end + 1)));
}

std::optional<std::string> Keys::parse_credit(std::string_view key) const {
  if (!key.starts_with(prefix_)) return std::nullopt;
  key.remove_prefix(prefix_.size());
  if (!key.starts_with(credit_begin)) return std::nullopt;
  return parse_credit_key(key.substr(credit_begin.size()));
}

}  // namespace greylist::redis
