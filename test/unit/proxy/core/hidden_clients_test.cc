#include "proxy/hidden_clients.h"

#include <doctest/doctest.h>

#include <string>

namespace {

using proxy::HiddenClients;
using Finding = HiddenClients::Finding;

greylist::IpAddress address(const std::string& text) { return greylist::IpAddress::parse(text).value(); }

std::string domain(int number) { return "d" + std::to_string(number) + ".example"; }

}  // namespace

TEST_CASE("one private address that sends for twenty domains hides its clients") {
  HiddenClients clients;
  const auto gateway = address("172.17.0.1");
  for (int i = 1; i < 20; ++i) CHECK(clients.seen(gateway, domain(i)) == Finding::ordinary);
  CHECK(clients.addresses().empty());
  CHECK(clients.seen(gateway, domain(20)) == Finding::just_found);
  CHECK(clients.seen(gateway, domain(20)) == Finding::hidden);
  CHECK(clients.seen(gateway, {}) == Finding::hidden);
  CHECK(clients.addresses() == std::vector<std::string>{"172.17.0.1"});
  CHECK(clients.seen(address("172.17.0.2"), domain(1)) == Finding::ordinary);
}

TEST_CASE("what doesn't count as another domain") {
  HiddenClients clients;
  const auto gateway = address("10.0.0.1");
  for (int i = 0; i < 100; ++i) {
    CHECK(clients.seen(gateway, "example.org") == Finding::ordinary);
    CHECK(clients.seen(gateway, "EXAMPLE.org") == Finding::ordinary);
    CHECK(clients.seen(gateway, {}) == Finding::ordinary);  // bounces
  }
}

TEST_CASE("addresses that are never suspected") {
  struct Row {
    const char* why;
    const char* client;
  };
  for (const auto& row : {
           Row{"a public address: a large sender", "192.0.2.1"},
           Row{"a public IPv6 address", "2001:db8::1"},
           Row{"the loopback: a local program", "127.0.0.1"},
           Row{"the IPv6 loopback", "::1"},
       }) {
    CAPTURE(row.why);
    HiddenClients clients;
    for (int i = 0; i < 50; ++i) CHECK(clients.seen(address(row.client), domain(i)) == Finding::ordinary);
  }
}

TEST_CASE("so many private addresses are watched and no more") {
  HiddenClients clients;
  for (int host = 0; host < 256; ++host) clients.seen(address("10.0.0." + std::to_string(host)), domain(0));
  for (int i = 0; i < 50; ++i) CHECK(clients.seen(address("10.0.1.0"), domain(i)) == Finding::ordinary);
  for (int i = 1; i < 20; ++i) clients.seen(address("10.0.0.255"), domain(i));
  CHECK(clients.addresses() == std::vector<std::string>{"10.0.0.255"});
}
