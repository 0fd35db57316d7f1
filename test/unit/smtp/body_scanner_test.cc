#include "smtp/body_scanner.h"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>

#include "smtp/block_trouble.h"
#include "test/body_by_lines.h"
#include "test/cuttings.h"

using smtp::BodyScanner;
using enum BodyScanner::Framing;

namespace {

BodyFacts scan(const std::vector<std::string_view>& pieces, BodyScanner::Framing framing) {
  BodyScanner scanner(framing);
  std::size_t used = 0;
  for (const auto piece : pieces) {
    used += scanner.scan(piece);
    if (scanner.done()) break;
  }
  if (framing == chunks) scanner.finish();
  return {used, scanner.done(), scanner.bare_line_end(), scanner.bare_ending(), scanner.content_octets()};
}

std::string repeat(std::string_view text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

}  // namespace

TEST_CASE("DATA ends at CR LF . CR LF and nowhere else") {
  struct Row {
    std::string_view why;
    std::string_view wire;
    std::size_t used;
    bool done, bare, ending;
    std::uint64_t octets;
  };
  for (const auto& [why, wire, used, done, bare, ending, octets] : {
           Row{"nothing yet", "", 0, false, false, false, 0},
           Row{"an empty message", ".\r\n", 3, true, false, false, 0},
           Row{"one line", "a\r\n.\r\n", 6, true, false, false, 3},
           Row{"what follows is not ours", "a\r\n.\r\nMAIL", 6, true, false, false, 3},
           Row{"an end right after another is not ours", ".\r\n.\r\n", 3, true, false, false, 0},
           Row{"a dot of transparency", "..\r\n.\r\n", 7, true, false, false, 3},
           Row{"a dot of transparency before text", ".a\r\n..b\r\n.\r\n", 12, true, false, false, 7},
           Row{"a dot within a line", "a.\r\n.\r\n", 7, true, false, false, 4},
           Row{"empty lines", "\r\n\r\n.\r\n", 7, true, false, false, 4},
           Row{"no end yet", "a\r\n.\r", 5, false, false, false, 4},
           Row{"a CR at the end isn't judged yet", "a\r", 2, false, false, false, 2},
           Row{"an LF alone", "a\nb\r\n.\r\n", 8, true, true, false, 5},
           Row{"a CR alone", "a\rb\r\n.\r\n", 8, true, true, false, 5},
           Row{"a CR before a CRLF", "a\r\r\n.\r\n", 7, true, true, false, 4},
           Row{"an LF before a CRLF", "a\n\r\n.\r\n", 7, true, true, false, 4},
           Row{"NUL is text", std::string_view("\0\r\n.\r\n", 6), 6, true, false, false, 3},
           Row{"LF . LF", "a\n.\nMAIL\r\n", 10, false, true, true, 10},
           Row{"LF . CRLF", "a\n.\r\nMAIL\r\n", 11, false, true, true, 11},
           Row{"LF . CRLF, then the end", "a\n.\r\nb\r\n.\r\n", 11, true, true, true, 8},
           Row{"CRLF . LF", "a\r\n.\nMAIL\r\n", 11, false, true, true, 10},
           Row{"CRLF . CR, then text", "a\r\n.\rMAIL\r\n", 11, false, true, true, 10},
           Row{"CRLF . CR CRLF", "a\r\n.\r\r\n", 7, false, true, true, 6},
           Row{"CR . CR", "a\r.\rMAIL\r\n", 10, false, true, true, 10},
           Row{"CR . CRLF", "a\r.\r\nMAIL\r\n", 11, false, true, true, 11},
           Row{"CR . LF", "a\r.\nMAIL\r\n", 10, false, true, true, 10},
           Row{"LF . CR", "a\n.\rMAIL\r\n", 10, false, true, true, 10},
           Row{"a message beginning with . LF", ".\nMAIL\r\n", 8, false, true, true, 7},
           Row{"a message beginning with . CR", ".\rMAIL\r\n", 8, false, true, true, 7},
           Row{"CRLF . CR LF with one LF more is the end", "a\r\n.\r\n\n", 6, true, false, false, 3},
           Row{"an LF, then a line that only begins with a dot", "a\n.b\r\n.\r\n", 9, true, true, false, 6},
           Row{"an LF after two dots", "a\r\n..\n.\r\n", 9, false, true, true, 8},
       }) {
    CAPTURE(why);
    CHECK(body_by_lines(wire, data, false) == BodyFacts{used, done, bare, ending, octets});
    for_each_cutting(
        wire, [&](const auto& pieces) { CHECK(scan(pieces, data) == BodyFacts{used, done, bare, ending, octets}); });
  }
}

TEST_CASE("chunks are counted and never end by themselves") {
  struct Row {
    std::string_view why;
    std::string_view wire;
    bool bare, ending;
  };
  for (const auto& [why, wire, bare, ending] : {
           Row{"nothing", "", false, false},
           Row{"CRLF . CRLF is ordinary content", "a\r\n.\r\nMAIL\r\n", false, false},
           Row{". CRLF at the start too", ".\r\n", false, false},
           Row{"no line end at the end", "a\r\nb", false, false},
           Row{"a lone dot at the end", "a\r\n.", false, false},
           Row{"an LF alone", "a\nb", true, false},
           Row{"a CR at the very end", "a\r", true, false},
           Row{"a CR at the very end, after a lone dot", "a\r\n.\r", true, true},
           Row{"an LF, then a lone dot at the end", "a\n.", true, true},
           Row{"a CR, then a lone dot at the end", "a\r.", true, true},
           Row{"an LF, then a line that only begins with a dot", "a\n.b", true, false},
           Row{"LF . LF", "a\n.\n", true, true},
           Row{"CRLF . LF", "a\r\n.\n", true, true},
           Row{"LF . CRLF", "a\n.\r\n", true, true},
           Row{"CR . CRLF", "a\r.\r\n", true, true},
           Row{"beginning with . LF", ".\nb", true, true},
       }) {
    CAPTURE(why);
    const BodyFacts expected{wire.size(), false, bare, ending, wire.size()};
    CHECK(body_by_lines(wire, chunks, true) == expected);
    for_each_cutting(wire, [&](const auto& pieces) { CHECK(scan(pieces, chunks) == expected); });
  }
}

TEST_CASE("what the blocks pass over is what the definitions say") {
  // Long runs of ordinary lines put each fault at every place of a block and on its borders.
  const std::string line = repeat("x", 69) + "\r\n", dotted = ".." + repeat("y", 40) + "\r\n";
  for (const std::string_view fault :
       {"", "\r", "\n", ".", "\r\n.", "\n.\r\n", "\r\n.\n", "\r\n.\r\n", "\r\n.\rx", "\r\n..\r\n"}) {
    for (std::size_t offset = 0; offset <= 2 * smtp::block_size + 1; ++offset) {
      std::string wire = repeat(line, 2) + dotted + repeat("z", static_cast<int>(offset));
      wire += fault;
      wire += "after\r\n" + dotted + line + repeat(".\r\r\n\n", 3) + line;
      CAPTURE(fault);
      CAPTURE(offset);
      CHECK(scan({wire}, data) == body_by_lines(wire, data, false));
      CHECK(scan({wire}, chunks) == body_by_lines(wire, chunks, true));
    }
  }
}

TEST_CASE("random content in random pieces") {
  std::mt19937 random(5321);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  // Content of ever longer texts between words that matter.
  constexpr std::array<std::string_view, 6> words{"\r\n", ".", "\r", "\n", "\r\n.", "\r\n.."};
  for (int round = 0; round < 4'000; ++round) {
    std::string wire;
    const std::size_t text = 1 + below(100), faults = 2 + below(words.size() - 1);
    for (std::size_t word = 0; word < 40; ++word) {
      wire += std::string(below(text), 'a');
      wire += below(8) < 6 ? words[0] : words[below(faults)];
    }
    std::vector<std::string_view> pieces;
    for (std::string_view rest = wire; !rest.empty(); rest.remove_prefix(pieces.back().size())) {
      pieces.push_back(rest.substr(0, 1 + below(300)));
    }
    CHECK(scan(pieces, data) == body_by_lines(wire, data, false));
    CHECK(scan(pieces, chunks) == body_by_lines(wire, chunks, true));
  }
}

TEST_CASE("every way of looking for trouble in a block finds the same") {
  std::mt19937 random(1870);
  // The octets that matter, and those that differ from them in one bit.
  constexpr std::string_view octets("\r\n\r\n\r\n..a\0\x8d\x8a\xae\x0c\x0e\x0b/\xff", 18);
  for (int round = 0; round < 10'000; ++round) {
    std::string text(1 + smtp::block_size, '\0');
    for (auto& octet : text) octet = octets[random() % octets.size()];
    std::uint64_t expected = 0;
    for (std::size_t at = 0; at < smtp::block_size; ++at) {
      const char before = text[at], octet = text[at + 1];
      const bool trouble = (octet == '\n') != (before == '\r') || (octet == '.' && before == '\n');
      expected |= std::uint64_t{trouble} << at;
    }
    CHECK(smtp::block_trouble(text.data() + 1) == expected);
    CHECK(smtp::block_trouble_portable(text.data() + 1) == expected);
  }
}
