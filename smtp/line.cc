#include "line.h"

namespace smtp {

LineEvent next_line(std::string_view buffer, std::size_t limit) {
  const auto lf = buffer.find('\n');
  if (lf == buffer.npos) {
    // With `limit` octets and no end among them, the line with its end is longer, whatever comes.
    if (buffer.size() >= limit) return BadLine{Fault::too_long, buffer.size(), false};
    return NeedMore{};
  }
  const auto consumed = lf + 1;
  if (consumed > limit) return BadLine{Fault::too_long, consumed, true};
  // RFC 5321 §2.3.8: CR and LF occur only together; the first CR must be the one before this LF.
  if (lf == 0 || buffer.substr(0, lf).find('\r') != lf - 1) return BadLine{Fault::bare_line_end, consumed, true};
  return Line{buffer.substr(0, lf - 1), consumed};
}

Skipped skip_line(std::string_view buffer) {
  const auto lf = buffer.find('\n');
  if (lf == buffer.npos) return {buffer.size(), false};
  return {lf + 1, true};
}

}  // namespace smtp
