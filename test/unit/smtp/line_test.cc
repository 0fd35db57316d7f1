#include "smtp/line.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "test/cuttings.h"

using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

constexpr std::size_t limit = 10;

// What a reader that keeps its rest between pieces sees: each line in brackets, or its fault.
std::vector<std::string> read(const std::vector<std::string_view>& pieces) {
  std::vector<std::string> seen;
  std::string buffer;
  bool skipping = false;
  const auto read_one = [&]() -> std::size_t {
    if (skipping) {
      const auto skipped = smtp::skip_line(buffer);
      skipping = !skipped.ended;
      return skipped.consumed;
    }
    const auto event = smtp::next_line(buffer, limit);
    if (const auto* line = std::get_if<smtp::Line>(&event)) {
      seen.push_back("[" + std::string(line->text) + "]");
      return line->consumed;
    }
    if (const auto* bad = std::get_if<smtp::BadLine>(&event)) {
      seen.emplace_back(bad->fault == smtp::Fault::too_long ? "too long" : "bare");
      skipping = !bad->ended;
      return bad->consumed;
    }
    return 0;
  };
  for (const auto piece : pieces) {
    buffer += piece;
    while (const auto consumed = read_one()) buffer.erase(0, consumed);
  }
  return seen;
}

}  // namespace

TEST_CASE("a command line ends at CRLF and keeps to its limit, in whatever pieces it comes") {
  struct Row {
    std::string why;
    std::string_view wire;
    std::vector<std::string> lines;
  };
  for (const auto& [why, wire, lines] : {
           Row{"nothing yet", ""sv, {}},
           Row{"a line without its end", "QUIT"sv, {}},
           Row{"a line without its LF", "QUIT\r"sv, {}},
           Row{"one line", "QUIT\r\n"sv, {"[QUIT]"}},
           Row{"an empty line", "\r\n"sv, {"[]"}},
           Row{"a batch", "RSET\r\nNOOP\r\nQUIT\r\n"sv, {"[RSET]", "[NOOP]", "[QUIT]"}},
           Row{"NUL is text here", "NO\0P\r\n"sv, {"[NO\0P]"s}},
           Row{"LF alone", "RSET\nQUIT\r\n"sv, {"bare", "[QUIT]"}},
           Row{"nothing but LF", "\n"sv, {"bare"}},
           Row{"a CR within", "RS\rET\r\nQUIT\r\n"sv, {"bare", "[QUIT]"}},
           Row{"two CRs before the LF", "RSET\r\r\nQUIT\r\n"sv, {"bare", "[QUIT]"}},
           Row{"a CR first", "\rRSET\r\n"sv, {"bare"}},
           Row{"a CR within and LF alone", "RS\rET\n"sv, {"bare"}},
           Row{"as long as may be", "12345678\r\n"sv, {"[12345678]"}},
           Row{"one octet too long", "123456789\r\nQUIT\r\n"sv, {"too long", "[QUIT]"}},
           Row{"too long with a bare LF is one fault", "1234567890\nQUIT\r\n"sv, {"too long", "[QUIT]"}},
           Row{"much too long", "12345678901234567890123\r\nQUIT\r\n"sv, {"too long", "[QUIT]"}},
           Row{"too long and never ended", "12345678901234567890123"sv, {"too long"}},
           Row{"two long ones", "12345678901\r\n12345678901\r\n"sv, {"too long", "too long"}},
       }) {
    CAPTURE(why);
    for_each_cutting(wire, [&](const auto& pieces) { CHECK(read(pieces) == lines); });
  }
}

TEST_CASE("a line that can't keep to its limit any more is not waited for") {
  CHECK(std::holds_alternative<smtp::NeedMore>(smtp::next_line("123456789", limit)));
  const auto full = std::get<smtp::BadLine>(smtp::next_line("123456789\r", limit));
  CHECK(full.fault == smtp::Fault::too_long);
  CHECK(full.consumed == 10);
  CHECK_FALSE(full.ended);

  const auto ended = std::get<smtp::BadLine>(smtp::next_line("123456789\r\nQUIT\r\n", limit));
  CHECK(ended.consumed == 11);
  CHECK(ended.ended);
}
