#include "smtp/header_filter.h"

#include <doctest/doctest.h>

#include <string>

#include "test/cuttings.h"

using smtp::BodyScanner;
using smtp::HeaderFilter;

namespace {

struct Filtered {
  std::string content;
  bool past_header;
  bool operator==(const Filtered&) const = default;
};

Filtered filter(const std::vector<std::string_view>& pieces, BodyScanner::Framing framing) {
  HeaderFilter filter("X-Greylist", framing);
  std::string out;
  for (const auto piece : pieces) filter.feed(piece, out);
  filter.finish(out);
  return {out, filter.past_header()};
}

struct Row {
  std::string_view why;
  std::string_view wire, content;
  bool past_header;
};

void check(const Row& row, BodyScanner::Framing framing) {
  CAPTURE(row.why);
  for_each_cutting(row.wire, [&](const auto& pieces) {
    const auto filtered = filter(pieces, framing);
    CHECK(filtered.content == row.content);
    CHECK(filtered.past_header == row.past_header);
  });
}

}  // namespace

TEST_CASE("one header is taken out of the header section, all else passes") {
  for (const auto& row : {
           Row{"nothing", "", "", false},
           Row{"no such field", "A: b\r\nC: d\r\n\r\nbody\r\n", "A: b\r\nC: d\r\n\r\nbody\r\n", true},
           Row{"the only field", "X-Greylist: a\r\n\r\nb\r\n", "\r\nb\r\n", true},
           Row{"between others", "A: b\r\nX-Greylist: a\r\nC: d\r\n\r\n", "A: b\r\nC: d\r\n\r\n", true},
           Row{"every one of that name", "X-Greylist: a\r\nA: b\r\nX-Greylist: c\r\n\r\n", "A: b\r\n\r\n", true},
           Row{"two in a row", "X-Greylist: a\r\nX-Greylist: c\r\nA: b\r\n\r\n", "A: b\r\n\r\n", true},
           Row{"in any case", "x-gREYLIST: a\r\nA: b\r\n\r\n", "A: b\r\n\r\n", true},
           Row{"with blanks before the colon", "X-Greylist \t : a\r\nA: b\r\n\r\n", "A: b\r\n\r\n", true},
           Row{"with nothing after the colon", "X-Greylist:\r\nA: b\r\n\r\n", "A: b\r\n\r\n", true},
           Row{"with folded lines", "X-Greylist: a\r\n b: c\r\n\td\r\nA: b\r\n\r\n", "A: b\r\n\r\n", true},
           Row{"a folded line of blanks alone", "X-Greylist: a\r\n \r\nA: b\r\n\r\n", "A: b\r\n\r\n", true},
           Row{"another's folded lines stay", "A: b\r\n X-Greylist: c\r\n\r\n", "A: b\r\n X-Greylist: c\r\n\r\n", true},
           Row{"a longer name stays", "X-Greylisted: a\r\n\r\n", "X-Greylisted: a\r\n\r\n", true},
           Row{"a shorter name stays", "X-Greylis: a\r\n\r\n", "X-Greylis: a\r\n\r\n", true},
           Row{"a shorter name with a blank stays", "X-Greylis : a\r\n\r\n", "X-Greylis : a\r\n\r\n", true},
           Row{"the body is not looked at", "A: b\r\n\r\nX-Greylist: a\r\n", "A: b\r\n\r\nX-Greylist: a\r\n", true},
           Row{"no header section", "\r\nX-Greylist: a\r\n", "\r\nX-Greylist: a\r\n", true},
           Row{"LF ends a line", "A: b\nX-Greylist: a\n b\nC: d\n\nX-Greylist: e\n", "A: b\nC: d\n\nX-Greylist: e\n",
               true},
           Row{"a line without a colon ends the section", "A: b\r\nhello\r\nX-Greylist: a\r\n",
               "A: b\r\nhello\r\nX-Greylist: a\r\n", true},
           Row{"a line without a name too", ": b\r\nX-Greylist: a\r\n", ": b\r\nX-Greylist: a\r\n", true},
           Row{"a name with a blank in it too", "A b: c\r\nX-Greylist: a\r\n", "A b: c\r\nX-Greylist: a\r\n", true},
           Row{"a name with 8-bit octets too", "\xc3\xa4: c\r\nX-Greylist: a\r\n", "\xc3\xa4: c\r\nX-Greylist: a\r\n",
               true},
           Row{"a first line that begins with a blank", " A: b\r\nX-Greylist: a\r\n", " A: b\r\nX-Greylist: a\r\n",
               true},
           Row{"the name and no colon is no field", "X-Greylist\r\nA: b\r\n", "X-Greylist\r\nA: b\r\n", true},
           Row{"the name, blanks and no colon neither", "X-Greylist  x: b\r\n", "X-Greylist  x: b\r\n", true},
           Row{"a CR alone at a line start", "A: b\r\n\rX-Greylist: c\r\n", "A: b\r\n\rX-Greylist: c\r\n", true},
           Row{"stopped within the name", "A: b\r\nX-Grey", "A: b\r\nX-Grey", false},
           Row{"stopped before the colon", "A: b\r\nX-Greylist ", "A: b\r\nX-Greylist ", false},
           Row{"stopped after the colon", "A: b\r\nX-Greylist:", "A: b\r\n", false},
       }) {
    check(row, BodyScanner::Framing::data);
    check(row, BodyScanner::Framing::chunks);
  }
}

TEST_CASE("a dot of transparency hides no field") {
  for (const auto& row : {
           Row{"before the name", ".X-Greylist: a\r\nA: b\r\n\r\n", "A: b\r\n\r\n", true},
           Row{"before a folded line", "X-Greylist: a\r\n. b\r\nA: b\r\n\r\n", "A: b\r\n\r\n", true},
           Row{"before another field", ".A: b\r\nX-Greylist: a\r\n\r\n", ".A: b\r\n\r\n", true},
           Row{"a name that begins with a dot", "..X-Greylist: a\r\n\r\n", "..X-Greylist: a\r\n\r\n", true},
           Row{"the end of the message", "X-Greylist: a\r\n.\r\n", ".\r\n", true},
           Row{"a message that is all header", "A: b\r\n.\r\n", "A: b\r\n.\r\n", true},
       }) {
    check(row, BodyScanner::Framing::data);
  }
  check({"in chunks a dot is part of the name", ".X-Greylist: a\r\n\r\n", ".X-Greylist: a\r\n\r\n", true},
        BodyScanner::Framing::chunks);
}

TEST_CASE("no more than a line is ever held back") {
  HeaderFilter filter("X-Greylist");
  std::string out;
  filter.feed("X-Greylist" + std::string(5'000, ' ') + ": a\r\nA: b\r\n", out);
  CHECK(out == "A: b\r\n");
}
