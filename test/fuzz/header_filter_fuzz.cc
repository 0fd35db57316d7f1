// Invariants: however a message is cut, HeaderFilter lets the same octets pass; it takes out whole lines and nothing
// else; what it let pass, it lets pass again; and it holds no more than a line.
#include "smtp/header_filter.h"

#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

using smtp::BodyScanner;
using smtp::HeaderFilter;

namespace {

constexpr std::size_t longest_held = 1'000;

std::string filter(const std::vector<std::string_view>& pieces, BodyScanner::Framing framing) {
  HeaderFilter filter("X-Greylist", framing);
  std::string out;
  for (const auto piece : pieces) {
    const bool passes = filter.past_header();
    const auto before = out.size();
    filter.feed(piece, out);
    if (passes) REQUIRE(std::string_view(out).substr(before) == piece);
  }
  const auto before = out.size();
  filter.finish(out);
  REQUIRE(out.size() - before <= longest_held);
  return out;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end == text.npos ? end : end + 1);
  text.remove_prefix(line.size());
  return line;
}

// Whether `less` is `text` with some of its lines gone.
bool lines_within(std::string_view less, std::string_view text) {
  while (!less.empty()) {
    const auto line = take_line(less);
    while (!text.empty() && take_line(text) != line) continue;
    if (text.empty() && !less.empty()) return false;
  }
  return true;
}

}  // namespace

// The first octet: how to cut. Then the message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const unsigned seed = input.octet();
  const auto message = input.rest();
  for (const auto framing : {BodyScanner::Framing::data, BodyScanner::Framing::chunks}) {
    const auto filtered = filter({message}, framing);
    REQUIRE(filter(cut(message, seed), framing) == filtered);
    REQUIRE(lines_within(filtered, message));
    REQUIRE(filter({filtered}, framing) == filtered);
  }
  return 0;
}
