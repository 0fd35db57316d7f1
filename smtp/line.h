#pragma once
#include <cstddef>
#include <string_view>
#include <variant>

namespace smtp {

// What the front of a receive buffer holds. Views point into the buffer.
struct NeedMore {};  // no line end yet, and not too long yet
struct Line {
  std::string_view text;
  std::size_t consumed;
};  // text without CRLF; consumed with it
enum class Fault { bare_line_end, too_long };
// A line that is no command. `consumed` octets are done with. too_long with `ended` false: its end has not come yet;
// throw the octets away and go on with skip_line().
struct BadLine {
  Fault fault;
  std::size_t consumed;
  bool ended;
};

using LineEvent = std::variant<NeedMore, Line, BadLine>;

// A line ends at CRLF. LF without CR ends it too, as bare_line_end, so that a client which only knows LF gets its 500
// at once; a CR within makes it bare_line_end as well. `limit`: octets, CRLF included.
LineEvent next_line(std::string_view buffer, std::size_t limit);

// For the rest of a line that was too long: octets up to and including its LF, or all of the buffer and `ended` false.
struct Skipped {
  std::size_t consumed;
  bool ended;
};
Skipped skip_line(std::string_view buffer);

}  // namespace smtp
