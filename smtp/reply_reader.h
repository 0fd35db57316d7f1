#pragma once
#include <cstddef>
#include <string_view>
#include <variant>

#include "line.h"
#include "reply.h"

namespace smtp {

struct Answer {
  Reply reply;
  std::size_t consumed;
};
struct Garbage {};  // not a reply: no code, codes that differ from line to line, 1yz or above 5yz, over the limits

// What the front of a buffer that a backend fills holds (RFC 5321 §4.2). LF without CR is taken as a line end; the
// reply's wire form has CRLF. Limits: 4,096 octets a line, 64 KiB in all.
std::variant<NeedMore, Answer, Garbage> next_reply(std::string_view buffer);

}  // namespace smtp
