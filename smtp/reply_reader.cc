#include "reply_reader.h"

#include <string>
#include <utility>

#include "characters.h"

namespace smtp {

namespace {

constexpr std::size_t longest_line = 4096;
constexpr std::size_t max_reply = 64 * 1024;

// The code a line begins with, or 0. RFC 5321 §4.2.1: 2yz to 5yz; 1yz is for protocols that have it.
int code_of(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2])) return 0;
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return 0;
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

// A CR within a line would let a client see two lines where we see one.
bool carries(std::string_view line) { return line.find_first_of(std::string_view("\r\0", 2)) == line.npos; }

}  // namespace

std::variant<NeedMore, Answer, Garbage> next_reply(std::string_view buffer) {
  std::string wire;
  int code = 0;
  for (std::size_t begin = 0;;) {
    const auto lf = buffer.find('\n', begin);
    const auto end = lf == buffer.npos ? buffer.size() : lf + 1;
    if (end - begin > longest_line || end > max_reply) return Garbage{};
    if (lf == buffer.npos) return NeedMore{};

    auto line = buffer.substr(begin, lf - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const int line_code = code_of(line);
    if (line_code == 0 || (code != 0 && line_code != code) || !carries(line)) return Garbage{};
    code = line_code;
    wire.append(line).append("\r\n");

    if (line.size() == 3 || line[3] == ' ') return Answer{Reply::verbatim(code, std::move(wire)), end};
    begin = end;
  }
}

}  // namespace smtp
