// Invariants: a judged header stays so, whatever follows; every shorter front of it needs more; and what it tells can
// be told again in both versions.
#include "smtp/proxy_header.h"

#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

using namespace smtp;

namespace {

using Event = decltype(parse_proxy_header({}));

constexpr std::size_t longest = 16 + 4'096;

std::size_t consumed(const Event& event) {
  if (const auto* proxied = std::get_if<Proxied>(&event)) return proxied->consumed;
  if (const auto* unproxied = std::get_if<Unproxied>(&event)) return unproxied->consumed;
  return 0;
}

void check_told_again(const Proxied& proxied, const std::string& header) {
  const auto again = parse_proxy_header(header);
  REQUIRE(std::holds_alternative<Proxied>(again));
  REQUIRE(std::get<Proxied>(again).source == proxied.source);
  REQUIRE(std::get<Proxied>(again).destination == proxied.destination);
  REQUIRE(consumed(again) == header.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto buffer = Input(data, size).rest();
  const auto event = parse_proxy_header(buffer);
  if (std::holds_alternative<NeedMore>(event)) REQUIRE(size < longest);

  bool judged = false;
  for (std::size_t front = 0; front <= std::min(size, longest); ++front) {
    const auto early = parse_proxy_header(buffer.substr(0, front));
    judged = judged || !std::holds_alternative<NeedMore>(early);
    REQUIRE(judged == !std::holds_alternative<NeedMore>(early));
    if (judged) REQUIRE(early.index() == event.index() && consumed(early) == consumed(event));
    if (consumed(early) > 0) REQUIRE(consumed(early) <= front);
  }

  if (const auto* proxied = std::get_if<Proxied>(&event)) {
    check_told_again(*proxied, proxy_header_v1(proxied->source, proxied->destination));
    check_told_again(*proxied, proxy_header_v2(proxied->source, proxied->destination));
  }
  return 0;
}
