#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "body_scanner.h"

namespace smtp {

// Takes one header out of a message's header section as it streams by: every field of that name (any case) with its
// folded lines (RFC 5322 §2.2.3). All other octets pass as they are.
//
// The header section ends at the first empty line, or at the first line that is no field (RFC 5322 §2.2, blanks before
// the colon allowed as in §4.5) and continues none. An LF without CR is taken as a line end too, as some backends do.
class HeaderFilter {
 public:
  // In DATA a dot of transparency (RFC 5321 §4.5.2) at a line start is none of the field's name.
  explicit HeaderFilter(std::string name, BodyScanner::Framing framing = BodyScanner::Framing::data);

  // Appends to `out` what may go on; what can't be judged yet (less than a field name, blanks and colon, and never more
  // than a line may be long) is kept until the next piece or finish().
  void feed(std::string_view piece, std::string& out);
  void finish(std::string& out);
  // The empty line (or something that is no header) has come: later octets pass unread, the filter can be left out.
  bool past_header() const { return at_ == At::past_header; }

 private:
  enum class At { line_start, after_dot, name, blanks, kept_field, dropped_field, past_header };

  void judge(char octet);
  void begin_line(char octet);
  void compare(char octet);
  void end_name(char octet);
  bool undecided() const;

  std::string name_;
  bool dots_;
  At at_ = At::line_start;
  At last_field_ = At::past_header;  // what became of the field above, for its folded lines; at first there is none
  bool alike_ = true;                // the name so far is that of name_
  std::size_t length_ = 0;           // of the name so far
  std::string held_;
};

}  // namespace smtp
