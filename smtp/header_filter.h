#pragma once
#include <string>
#include <string_view>

namespace smtp {

// Takes one header out of a message's header section as it streams by: every field of that name (any case) with its
// folded lines (RFC 5322 §2.2.3). All other octets pass as they are.
class HeaderFilter {
 public:
  explicit HeaderFilter(std::string name);  // "X-Greylist"

  // Appends to `out` what may go on; what can't be judged yet (less than a field name and colon) is kept until the next
  // piece or finish().
  void feed(std::string_view piece, std::string& out);
  void finish(std::string& out);
  bool past_header() const;  // the empty line (or something that is no header) has come: later octets pass unread, the
                             // filter can be left out
};

}  // namespace smtp
