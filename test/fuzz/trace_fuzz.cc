// Invariant: whatever stands in a line of a trace, it is an attempt that can be judged, or an error.
#include "proxy/replay/replay.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto line = Input(data, size).rest();
  const auto attempt = proxy::parse_traced_attempt(line);
  if (!attempt) {
    REQUIRE(!attempt.error().empty());
    return 0;
  }
  if (!*attempt) return 0;
  greylist::Policy policy;
  policy.domains = greylist::DomainList({"*"});
  policy.identity = {greylist::ProofKind::spf, greylist::ProofKind::rdns};
  proxy::Replay replay(std::move(policy));
  const auto replayed = replay.judge(**attempt);
  REQUIRE(replayed.word == "first_seen" || replayed.word == "unsafe_recipient" || replayed.word == "relay_denied");
  REQUIRE(replay.summary().actions().all() == 1);
  return 0;
}
