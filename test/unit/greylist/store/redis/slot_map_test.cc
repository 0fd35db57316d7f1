#include "greylist/store/redis/slot_map.h"

#include <doctest/doctest.h>

using namespace greylist::redis;
using Kind = Reply::Kind;

namespace {

Reply number(std::int64_t value) { return {.kind = Kind::number, .number = value}; }
Reply node(std::string host, std::int64_t port) {
  return {.kind = Kind::list, .items = {{.kind = Kind::text, .text = std::move(host)}, number(port)}};
}
Reply range(std::int64_t first, std::int64_t last, Reply master) {
  return {.kind = Kind::list, .items = {number(first), number(last), std::move(master), node("10.0.0.9", 9)}};
}
Reply slots(std::vector<Reply> ranges) { return {.kind = Kind::list, .items = std::move(ranges)}; }

const NodeAddress asked{"192.0.2.1", 7000};

}  // namespace

// As CLUSTER KEYSLOT of Redis 7.0.15 has them.
TEST_CASE("the slot of a key") {
  for (const auto& [key, slot] : {std::pair{"123456789", 12739u},
                                  {"", 0u},
                                  {"foo", 12182u},
                                  {"{foo}bar", 12182u},
                                  {"x{foo}", 12182u},
                                  {"foo{}{bar}", 8363u},
                                  {"foo{{bar}}zap", 4015u},
                                  {"foo{bar}{zap}", 5061u},
                                  {"bar", 5061u},
                                  {"{bar", 4015u}}) {
    CAPTURE(key);
    CHECK(slot_of(key) == slot);
  }
}

TEST_CASE("a map of a cluster knows each slot's master, and what has moved since") {
  auto map =
      SlotMap::parse(slots({range(0, 5460, node("10.0.0.1", 1)), range(5461, 16383, node("10.0.0.2", 2))}), asked);
  REQUIRE(map);
  CHECK(*map->owner(0) == NodeAddress{"10.0.0.1", 1});
  CHECK(*map->owner(5460) == NodeAddress{"10.0.0.1", 1});
  CHECK(*map->owner(5461) == NodeAddress{"10.0.0.2", 2});
  CHECK(*map->owner(16383) == NodeAddress{"10.0.0.2", 2});
  CHECK(map->masters().size() == 2);
  map->moved(5460, {"10.0.0.3", 3});
  CHECK(*map->owner(5460) == NodeAddress{"10.0.0.3", 3});
  CHECK(*map->owner(5459) == NodeAddress{"10.0.0.1", 1});
}

TEST_CASE("slots without a master, and a node that doesn't know its name") {
  const auto map = SlotMap::parse(slots({range(1, 1, node("", 7001))}), asked);
  REQUIRE(map);
  CHECK(map->owner(0) == nullptr);
  CHECK(*map->owner(1) == NodeAddress{"192.0.2.1", 7001});
}

TEST_CASE("what is no map") {
  for (const auto& reply :
       {Reply{}, slots({}), slots({number(1)}), slots({range(0, 16384, node("a", 1))}),
        slots({range(-1, 1, node("a", 1))}), slots({range(2, 1, node("a", 1))}), slots({range(0, 1, node("a", 0))}),
        slots({range(0, 1, node("a", 65'536))}), slots({range(0, 1, number(1))})})
    CHECK_FALSE(SlotMap::parse(reply, asked));
}

TEST_CASE("a redirection") {
  const auto to = [](std::string_view error) {
    const auto redirect = parse_redirect(error, asked);
    return redirect ? std::to_string(redirect->slot) + " " + redirect->to.text() : "none";
  };
  CHECK(to("MOVED 3999 127.0.0.1:6381") == "3999 127.0.0.1:6381");
  CHECK(to("ASK 16383 ::1:6381") == "16383 [::1]:6381");
  CHECK(to("MOVED 1 :6381") == "1 192.0.2.1:6381");
  CHECK(to("MOVED 1 redis-2.example.org:6381") == "1 redis-2.example.org:6381");
  for (const auto* error : {"MOVED", "MOVED 1", "MOVED x a:1", "MOVED 16384 a:1", "MOVED 1 a", "MOVED 1 a:0",
                            "MOVED 1 a:65536", "MOVED 1 a:1x"}) {
    CAPTURE(error);
    CHECK(to(error) == "none");
  }
}
