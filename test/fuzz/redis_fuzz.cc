// Invariants: what a server sends gives the same replies in whatever pieces it comes, none of them larger than it may
// be; no reply, map or redirection makes us ask a node that it doesn't name; and a key stands for one triplet, in one
// slot with it under every other identity.
#include <string>

#include "greylist/store/keys.h"
#include "greylist/store/redis/keys.h"
#include "greylist/store/redis/resp.h"
#include "greylist/store/redis/slot_map.h"
#include "greylist/store/redis/swap.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

using namespace greylist;
using namespace greylist::redis;

namespace {

const NodeAddress asked{"192.0.2.1", 6379};

struct Seen {
  std::vector<Reply> replies;
  bool broke = false;
  bool operator==(const Seen&) const = default;
};

Seen read(const std::vector<std::string_view>& pieces) {
  ReplyReader reader;
  Seen seen;
  for (const auto piece : pieces) {
    reader.feed(piece);
    for (;;) {
      auto reply = reader.next();
      seen.broke = !reply;
      if (!reply) return seen;
      if (!*reply) break;
      seen.replies.push_back(**std::move(reply));
    }
  }
  return seen;
}

void use(const Reply& reply) {
  if (const auto map = SlotMap::parse(reply, asked))
    for (unsigned slot = 0; slot < slot_count; slot += 61)
      if (const auto* owner = map->owner(slot)) REQUIRE(owner->port > 0 && !owner->host.empty());
  if (const auto redirect = parse_redirect(reply.text, asked))
    REQUIRE(redirect->slot < slot_count && redirect->to.port > 0);
  for (const std::size_t places : {1, 3})
    if (const auto there = swapped(reply, places); there && *there) REQUIRE((*there)->size() == places);
}

void try_wire(unsigned seed, std::string_view wire) {
  const auto seen = read({wire});
  REQUIRE(read(cut(wire, seed)) == seen);
  for (const auto& reply : seen.replies) use(reply);
}

void try_triplet(Input input) {
  const auto part = [&input] { return std::string(input.text(input.octet())); };
  Triplet triplet{part(), part(), ""};
  triplet.recipient = input.rest();
  const Keys keys("greygate:");
  const auto key = keys.triplet(triplet_key(triplet));
  REQUIRE(keys.parse_triplet(key) == triplet);
  const auto slot = slot_of(key);
  triplet.identity += "}x{";
  REQUIRE(slot_of(keys.triplet(triplet_key(triplet))) == slot);
}

}  // namespace

// Octets: what to try; how it is cut; the rest is for that.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  if (input.octet() % 4 == 0) {
    try_triplet(input);
  } else {
    const auto seed = input.octet();
    try_wire(seed, input.rest());
  }
  return 0;
}
