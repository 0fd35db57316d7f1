#pragma once
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>

#include "smtp/body_scanner.h"

// What there is to know of a message's content, found the slow way: line by line, by the definitions. The reference
// that smtp::BodyScanner is held against.
struct BodyFacts {
  std::size_t used = 0;
  bool done = false, bare_line_end = false, bare_ending = false;
  std::uint64_t octets = 0;
  bool operator==(const BodyFacts&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const BodyFacts& facts) {
  return out << facts.used << " used, " << facts.octets << " octets" << (facts.done ? ", done" : "")
             << (facts.bare_line_end ? ", bare line end" : "") << (facts.bare_ending ? ", bare ending" : "");
}

// A line end: CRLF, or a CR or LF without the other. None: the content stops before it, or at a CR that could still
// get its LF.
struct LineBreak {
  std::size_t at, size;
  bool bare() const { return size == 1; }
};

inline std::optional<LineBreak> next_break(std::string_view wire, std::size_t from, bool finished) {
  const auto at = wire.find_first_of("\r\n", from);
  if (at == wire.npos) return std::nullopt;
  if (wire.substr(at).starts_with("\r\n")) return LineBreak{at, 2};
  if (wire.substr(at) == "\r" && !finished) return std::nullopt;
  return LineBreak{at, 1};
}

// `finished`: nothing follows.
inline BodyFacts body_by_lines(std::string_view wire, smtp::BodyScanner::Framing framing, bool finished) {
  const bool data = framing == smtp::BodyScanner::Framing::data;
  BodyFacts facts;
  bool after_bare = false;
  for (std::size_t start = 0; start < wire.size();) {
    const auto line_break = next_break(wire, start, finished);
    const auto line = wire.substr(start, line_break ? line_break->at - start : wire.npos);
    const auto end = line_break ? line_break->at + line_break->size : wire.size();
    const bool bare = line_break && line_break->bare();

    facts.used = end;
    facts.octets += end - start;
    if (data && line.starts_with('.') && !after_bare) --facts.octets;
    facts.bare_line_end |= bare;
    const bool ended = line_break || finished;
    if (line == "." && ended && (bare || after_bare)) facts.bare_ending = true;
    if (data && line == "." && line_break && !bare && !after_bare) {
      facts.done = true;
      facts.octets -= 2;
      break;
    }
    after_bare = bare;
    start = end;
  }
  return facts;
}
