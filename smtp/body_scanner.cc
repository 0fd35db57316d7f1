#include "body_scanner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

#include "block_trouble.h"

namespace smtp {

namespace {

std::size_t quiet_octets(const char* block) { return static_cast<std::size_t>(std::countr_zero(block_trouble(block))); }

// How many octets from `from` on are ordinary: every line ends with CRLF, and none begins with a dot. There must be one
// before them.
std::size_t ordinary_octets(std::string_view piece, std::size_t from) {
  const char* const begin = piece.data() + from;
  const char* const end = piece.data() + piece.size();
  const char* at = begin;
  for (; end - at >= std::ptrdiff_t{block_size}; at += block_size) {
    if (const auto quiet = quiet_octets(at); quiet < block_size) return static_cast<std::size_t>(at - begin) + quiet;
  }
  // The last octets, fewer than a block, as a block that goes on with NULs.
  const auto left = static_cast<std::size_t>(end - at);
  std::array<char, 1 + block_size> padded{};
  std::memcpy(padded.data(), at - 1, 1 + left);
  return static_cast<std::size_t>(at - begin) + std::min(left, quiet_octets(padded.data() + 1));
}

}  // namespace

std::size_t BodyScanner::scan(std::string_view piece) {
  std::size_t used = 0;
  while (used < piece.size() && !done()) {
    step(piece[used++]);
    // Where all is well, the octet before says all there is to know.
    if (at_ == At::text || at_ == At::line_start || at_ == At::cr) {
      const auto ordinary = ordinary_octets(piece, used);
      used += ordinary;
      octets_ += ordinary;
      const char last = piece[used - 1];
      at_ = last == '\r' ? At::cr : last == '\n' ? At::line_start : At::text;
    }
  }
  return used;
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
