// Invariant: however content is cut, BodyScanner finds the end, the faults and the size that the definitions give.
#include "smtp/body_scanner.h"
#include "test/body_by_lines.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

using smtp::BodyScanner;

namespace {

BodyFacts scan(const std::vector<std::string_view>& pieces, BodyScanner::Framing framing) {
  BodyScanner scanner(framing);
  std::size_t used = 0;
  for (const auto piece : pieces) {
    const auto taken = scanner.scan(piece);
    REQUIRE(taken == piece.size() || scanner.done());
    used += taken;
  }
  if (framing == BodyScanner::Framing::chunks) scanner.finish();
  return {used, scanner.done(), scanner.bare_line_end(), scanner.bare_ending(), scanner.content_octets()};
}

}  // namespace

// The first octet: how to cut. Then the content.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const unsigned seed = input.octet();
  const auto content = input.rest();
  for (const auto framing : {BodyScanner::Framing::data, BodyScanner::Framing::chunks}) {
    const auto facts = body_by_lines(content, framing, framing == BodyScanner::Framing::chunks);
    REQUIRE(scan({content}, framing) == facts);
    REQUIRE(scan(cut(content, seed), framing) == facts);
  }
  return 0;
}
