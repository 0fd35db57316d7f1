#include "greylist/store/redis/swap.h"

#include <doctest/doctest.h>

#include "test/unit/greylist/store/redis/redis_server.h"

using namespace greylist;
using namespace greylist::redis;
using namespace greylist::test;
using namespace std::chrono_literals;
using Kind = Reply::Kind;

TEST_CASE("the script is known to the server by the sum that we know it by") {
  const RedisServers servers;
  const auto loaded = ask(servers.addresses().front(), {"SCRIPT", "LOAD", swap_script()});
  CHECK(loaded.text == swap_script_sha1());
}

TEST_CASE("a swap is done as a whole or not at all, and tells what is there instead") {
  const RedisServers servers;
  const auto& server = servers.addresses().front();
  const auto swap = [&](const std::vector<Place>& places) {
    return swapped(ask_octets(server, swap_in_full(places)), places.size()).value();
  };
  using There = std::vector<std::string>;
  CHECK(swap({{"a", "", "1", 1h}, {"b", "", {}, {}}, {"c", "", std::string("\0\n", 2), 1h}}) == std::nullopt);
  CHECK(swap({{"a", "", "2", 1h}, {"b", "", "2", 1h}}) == There{"1", ""});
  CHECK(ask(server, {"EXISTS", "b"}).number == 0);
  CHECK(swap({{"a", "1", {}, {}}, {"c", "", "2", 1h}}) == There{"1", std::string("\0\n", 2)});
  CHECK(swap({{"a", "1", "", {}}, {"c", std::string("\0\n", 2), "2", 1h}}) == std::nullopt);
  CHECK(ask(server, {"EXISTS", "a"}).number == 0);
  CHECK(ask(server, {"GET", "c"}).text == "2");
  const auto lives = ask(server, {"PTTL", "c"}).number;
  CHECK(lives > 3'500'000);
  CHECK(lives <= 3'600'000);
}

TEST_CASE("what is no answer to a swap") {
  CHECK(swapped({.kind = Kind::error, .text = "ERR no"}, 1).error() == "ERR no");
  CHECK_FALSE(swapped({}, 1));
  CHECK_FALSE(swapped({.kind = Kind::list, .items = {{}, {}}}, 1));
}
