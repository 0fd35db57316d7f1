#include "body_scanner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

#include "octet_masks.h"

namespace smtp {

namespace {

// A piece's last octets, fewer than a block, are judged as a block that goes on with NULs.
OctetMasks masks_of(std::string_view block) {
  if (block.size() == OctetMasks::block) return octet_masks(block.data());
  std::array<char, OctetMasks::block> padded{};
  std::memcpy(padded.data(), block.data(), block.size());
  return octet_masks(padded.data());
}

}  // namespace

std::size_t BodyScanner::scan(std::string_view piece) {
  std::size_t used = 0;
  while (used < piece.size() && !done_) {
    const std::string_view block = piece.substr(used, OctetMasks::block);
    std::size_t stepped = skip_ordinary(block);
    // The whole rest of the block, not just the octet that was no ordinary one: a message made of faults must not cost
    // a look at 64 octets for each of them.
    while (stepped < block.size() && !done_) step(block[stepped++]);
    used += stepped;
  }
  return used;
}

// Passes over octets, 64 at most, in which every line ends with CRLF and no line is a lone dot; says how many those
// are.
std::size_t BodyScanner::skip_ordinary(std::string_view block) {
  if (at_ != At::text && at_ != At::line_start && at_ != At::cr) return 0;
  const OctetMasks masks = masks_of(block);

  const std::uint64_t after_cr = masks.cr << 1 | std::uint64_t{at_ == At::cr};
  const std::uint64_t first_dots = masks.dot & (masks.lf << 1 | std::uint64_t{at_ == At::line_start});
  const std::uint64_t before_break_or_unseen = (masks.cr | masks.lf) >> 1 | std::uint64_t{1} << (block.size() - 1);
  const std::uint64_t trouble = (masks.lf ^ after_cr) | (first_dots & before_break_or_unseen);

  const auto ordinary = std::min(static_cast<std::size_t>(std::countr_zero(trouble)), block.size());
  if (ordinary == 0) return 0;
  octets_ += ordinary;
  if (first_dots != 0 && framing_ == Framing::data) {
    const std::uint64_t skipped = ~std::uint64_t{0} >> (OctetMasks::block - ordinary);
    octets_ -= static_cast<std::uint64_t>(std::popcount(first_dots & skipped));
  }
  const char last = block[ordinary - 1];
  at_ = last == '\r' ? At::cr : last == '\n' ? At::line_start : At::text;
  return ordinary;
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
      at_ = At::line_start;
      if (framing_ == Framing::chunks) return;
      done_ = true;
      octets_ -= 2;  // this CRLF; its dot was never counted
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
