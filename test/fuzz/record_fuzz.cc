// Invariants: octets from the disk are refused or mean one thing alone, which is written back as it was read; no record
// that can be read makes judging it overflow; and a key stands for one triplet.
#include "greylist/store/keys.h"
#include "greylist/store/record_codec.h"

#include <string>

#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

using namespace greylist;

namespace {

const Time now{std::chrono::hours(500'000)};

void try_record(std::string_view value) {
  const auto record = decode_record(value);
  if (!record) return;
  REQUIRE(encode(*record) == value);
  const auto judgement = judge(record, now, Limits{}, "192.0.2.1");
  REQUIRE(decode_record(encode(judgement.record)) == judgement.record);
}

void try_credit(std::string_view value) {
  const auto credit = decode_credit(value);
  if (!credit) return;
  REQUIRE(encode(*credit) == value);
  if (const auto more = count(credit, now, Limits{}, AutoAllow{})) {
    REQUIRE(decode_credit(encode(*more)) == more);
  }
}

void try_reputation(std::string_view value) {
  const auto reputation = decode_reputation(value);
  if (!reputation) return;
  REQUIRE(encode(*reputation) == value);
  const auto more = after(*reputation, Deed::retry, now);
  REQUIRE(standing(more, now) == standing(more, now));
}

void try_key(std::string_view key) {
  if (const auto triplet = parse_triplet_key(key)) REQUIRE(triplet_key(*triplet) == key);
}

// Any octets as the parts of a triplet.
void try_triplet(Input input) {
  const auto part = [&input] { return std::string(input.text(input.octet())); };
  Triplet triplet{part(), part(), ""};
  triplet.recipient = input.rest();
  REQUIRE(parse_triplet_key(triplet_key(triplet)) == triplet);
}

}  // namespace

// Octets: what to try; the rest is for that.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  switch (input.octet() % 5) {
    case 0: try_record(input.rest()); break;
    case 1: try_credit(input.rest()); break;
    case 2: try_reputation(input.rest()); break;
    case 3: try_key(input.rest()); break;
    default: try_triplet(input);
  }
  return 0;
}
