#include "extensions.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "characters.h"

namespace smtp {

namespace {

// RFC 1870 §4: "SIZE" or "SIZE n"; 0 and no number at all mean that there is no fixed limit.
std::uint64_t size_limit(std::string_view number) {
  std::uint64_t limit = 0;
  const auto [_, error] = std::from_chars(number.data(), number.data() + number.size(), limit);
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return limit;
}

std::vector<std::string> attributes(std::string_view words) {
  std::vector<std::string> names;
  for (auto word = take_word(words); !word.empty(); word = take_word(words)) {
    auto& name = names.emplace_back(word);
    std::ranges::transform(name, name.begin(), to_upper);
  }
  return names;
}

void read_keyword(std::string_view line, Extensions& found) {
  const auto keyword = take_word(line);
  if (same_word(keyword, "PIPELINING")) found.pipelining = true;
  if (same_word(keyword, "ENHANCEDSTATUSCODES")) found.enhanced_status_codes = true;
  if (same_word(keyword, "STARTTLS")) found.starttls = true;
  if (same_word(keyword, "8BITMIME")) found.eight_bit_mime = true;
  if (same_word(keyword, "SMTPUTF8")) found.smtp_utf8 = true;
  if (same_word(keyword, "DSN")) found.dsn = true;
  if (same_word(keyword, "CHUNKING")) found.chunking = true;
  if (same_word(keyword, "SIZE")) found.size = size_limit(take_word(line));
  if (same_word(keyword, "XCLIENT")) found.xclient = attributes(line);
}

std::optional<std::uint64_t> smaller_limit(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
  if (!a || !b) return a ? a : b;
  if (*a == 0 || *b == 0) return std::max(*a, *b);
  return std::min(*a, *b);
}

}  // namespace

Extensions parse_ehlo(const Reply& reply) {
  Extensions found;
  std::string_view left = reply.wire();
  for (bool first = true; !left.empty(); first = false) {
    const auto end = left.find("\r\n");
    const auto line = left.substr(0, end);
    // The first line names the server (RFC 5321 §4.1.1.1), even one called "DSN".
    if (!first && line.size() > 4) read_keyword(line.substr(4), found);
    left.remove_prefix(end == left.npos ? left.size() : end + 2);
  }
  return found;
}

Extensions intersect(const Extensions& a, const Extensions& b) {
  return {.pipelining = a.pipelining && b.pipelining,
          .enhanced_status_codes = a.enhanced_status_codes && b.enhanced_status_codes,
          .starttls = a.starttls && b.starttls,
          .eight_bit_mime = a.eight_bit_mime && b.eight_bit_mime,
          .smtp_utf8 = a.smtp_utf8 && b.smtp_utf8,
          .dsn = a.dsn && b.dsn,
          .chunking = a.chunking && b.chunking,
          .size = smaller_limit(a.size, b.size),
          .xclient = {}};
}

}  // namespace smtp
