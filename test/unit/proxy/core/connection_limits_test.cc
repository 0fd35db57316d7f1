#include "proxy/connection_limits.h"

#include <doctest/doctest.h>

#include <vector>

namespace {

using proxy::ConnectionLimits;

greylist::IpAddress address(const char* text) { return greylist::IpAddress::parse(text).value(); }

}  // namespace

TEST_CASE("whose connections count as one client's") {
  struct Row {
    const char* why;
    const char* first;
    const char* second;
    bool same;
  };
  for (const auto& row : {
           Row{"the same IPv4 address", "192.0.2.1", "192.0.2.1", true},
           Row{"its neighbour", "192.0.2.1", "192.0.2.2", false},
           Row{"an IPv4-mapped address", "192.0.2.1", "::ffff:192.0.2.1", true},
           Row{"the same /64", "2001:db8::1", "2001:db8::ffff:0:0:2", true},
           Row{"the next /64", "2001:db8::1", "2001:db8:0:1::1", false},
       }) {
    CAPTURE(row.why);
    ConnectionLimits limits;
    const auto first = limits.enter(address(row.first), 100, 1);
    const auto second = limits.enter(address(row.second), 100, 1);
    CHECK(first);
    CHECK(static_cast<bool>(second) != row.same);
  }
}

TEST_CASE("no more connections than allowed, over all clients") {
  ConnectionLimits limits;
  auto first = limits.enter(address("192.0.2.1"), 2, 100);
  const auto second = limits.enter(address("192.0.2.2"), 2, 100);
  CHECK(second);
  CHECK_FALSE(limits.enter(address("192.0.2.3"), 2, 100));
  first = {};
  CHECK(limits.enter(address("192.0.2.3"), 2, 100));
}

TEST_CASE("a place is given back once, wherever it was moved to") {
  ConnectionLimits limits;
  const auto client = address("2001:db8::1");
  std::vector<ConnectionLimits::Place> places;
  for (int i = 0; i < 3; ++i) places.push_back(limits.enter(client, 100, 3));
  CHECK_FALSE(limits.enter(client, 100, 3));
  places.erase(places.begin());
  CHECK(limits.enter(client, 100, 3));
  places.clear();
  const auto again = limits.enter(client, 1, 1);  // none is left behind
  CHECK(again);
}
