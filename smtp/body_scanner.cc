#include "body_scanner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

#include "block_trouble.h"

namespace smtp {

namespace {

bool is_break(char octet) { return octet == '\r' || octet == '\n'; }

// Octets in which every line ends with CRLF and none is a lone dot.
struct Ordinary {
  std::size_t octets = 0;
  std::size_t first_dots = 0;  // lines that begin with a dot
};

// The front of a block of which `size` octets are there. The octet before it is readable, and was ordinary.
Ordinary ordinary_front(const char* block, std::size_t size) {
  Ordinary front{size};
  for (auto trouble = block_trouble(block); trouble != 0; trouble &= trouble - 1) {
    const auto at = static_cast<std::size_t>(std::countr_zero(trouble));
    if (at >= size) break;
    const char* const here = block + at;
    const bool first_dot = here[0] == '.' && here[-1] == '\n';
    if (!first_dot || at + 1 == size || is_break(here[1])) {
      front.octets = at;
      break;
    }
    ++front.first_dots;
  }
  return front;
}

}  // namespace

std::size_t BodyScanner::scan(std::string_view piece) {
  std::size_t used = 0;
  while (used < piece.size() && !done()) {
    step(piece[used++]);
    // Where all is well, the octet before says all there is to know.
    if (at_ == At::text || at_ == At::line_start || at_ == At::cr) used += skip_ordinary(piece.substr(used - 1));
  }
  return used;
}

// Passes over the ordinary octets behind the first of `text` and says how many they are.
std::size_t BodyScanner::skip_ordinary(std::string_view text) {
  std::size_t skipped = 0, first_dots = 0;
  const auto skip = [&](const char* block, std::size_t size) {
    const auto front = ordinary_front(block, size);
    skipped += front.octets;
    first_dots += front.first_dots;
    return front.octets == size;
  };
  bool ordinary = true;
  while (ordinary && text.size() - 1 - skipped >= block_size) ordinary = skip(text.data() + 1 + skipped, block_size);
  if (ordinary) {
    // The last octets, fewer than a block, as a block that goes on with NULs.
    const auto last = text.substr(skipped);
    std::array<char, 1 + block_size> padded{};
    std::ranges::copy(last, padded.begin());
    skip(padded.data() + 1, last.size() - 1);
  }

  octets_ += framing_ == Framing::data ? skipped - first_dots : skipped;
  const char before = text[skipped];
  at_ = before == '\r' ? At::cr : before == '\n' ? At::line_start : At::text;
  return skipped;
}

void BodyScanner::step(char octet) {
  ++octets_;
  if (octet == '\n') return line_feed();
  if (at_ == At::cr || at_ == At::dot_cr || at_ == At::bare_dot_cr) lone_cr();
  if (octet == '\r') {
    at_ = at_ == At::dot ? At::dot_cr : at_ == At::bare_dot ? At::bare_dot_cr : At::cr;
  } else if (octet == '.' && at_ == At::line_start) {
    at_ = At::dot;
    if (framing_ == Framing::data) --octets_;  // RFC 5321 §4.5.2: the receiver takes it away
  } else {
    at_ = octet == '.' && at_ == At::bare_line_start ? At::bare_dot : At::text;
  }
}

void BodyScanner::line_feed() {
  switch (at_) {
    case At::cr: at_ = At::line_start; return;
    case At::dot_cr:
      at_ = framing_ == Framing::data ? At::end : At::line_start;
      if (done()) octets_ -= 2;  // this CRLF; its dot was never counted
      return;
    case At::bare_dot_cr:
      bare_ending_ = true;
      at_ = At::line_start;
      return;
    default:
      bare_ = true;
      bare_ending_ |= at_ == At::dot || at_ == At::bare_dot;
      at_ = At::bare_line_start;
  }
}

// The CR that came last has no LF. Some receivers take it for a line break all the same, so it counts as one here.
void BodyScanner::lone_cr() {
  bare_ = true;
  bare_ending_ |= at_ != At::cr;
  at_ = At::bare_line_start;
}

void BodyScanner::finish() {
  assert(framing_ == Framing::chunks);
  // The end of the content ends its last line too.
  bare_ending_ |= at_ == At::bare_dot;
  if (at_ == At::cr || at_ == At::dot_cr || at_ == At::bare_dot_cr) lone_cr();
}

}  // namespace smtp
