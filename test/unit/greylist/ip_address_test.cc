#include "greylist/ip_address.h"

#include <doctest/doctest.h>

#include <set>

using greylist::IpAddress;
using greylist::Network;

TEST_CASE("addresses are read and written in one spelling") {
  struct Row {
    const char* why;
    std::string_view text;
    const char* written;  // nullptr: not an address
  };
  for (const auto& [why, text, written] : {
           Row{"IPv4", "192.0.2.7", "192.0.2.7"},
           Row{"IPv6 in lower case", "2001:DB8::A", "2001:db8::a"},
           Row{"IPv6 with its zeros", "2001:0db8:0:0:0:0:0:1", "2001:db8::1"},
           Row{"unspecified", "::", "::"},
           Row{"IPv4-mapped is IPv4", "::ffff:192.0.2.7", "192.0.2.7"},
           Row{"IPv4-mapped in hexadecimal", "::FFFF:c000:207", "192.0.2.7"},
           Row{"empty", "", nullptr},
           Row{"three octets", "192.0.2", nullptr},
           Row{"octet too large", "192.0.2.256", nullptr},
           Row{"leading zero, octal to some", "192.0.2.010", nullptr},
           Row{"blank in front", " 192.0.2.7", nullptr},
           Row{"zone", "fe80::1%eth0", nullptr},
           Row{"brackets", "[::1]", nullptr},
           Row{"IPv6 too long", "1:2:3:4:5:6:7:8:9", nullptr},
           Row{"NUL inside", std::string_view("192.0.2.7\0x", 11), nullptr},
           Row{"longer than any address", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", nullptr},
           Row{"name", "example.org", nullptr},
       }) {
    CAPTURE(why);
    const auto address = IpAddress::parse(text);
    CHECK(address.has_value() == (written != nullptr));
    if (address && written) {
      CHECK(address->text() == written);
      CHECK(IpAddress::parse(address->text()) == address);
    }
  }
}

TEST_CASE("masking clears the host bits, counted from the family's first bit") {
  struct Row {
    const char* why;
    std::string_view text;
    unsigned prefix;
    const char* masked;
  };
  for (const auto& [why, text, prefix, masked] : {
           Row{"IPv4 /24", "192.0.2.255", 24, "192.0.2.0"},
           Row{"IPv4 /25, inside an octet", "192.0.2.255", 25, "192.0.2.128"},
           Row{"IPv4 /0", "192.0.2.255", 0, "0.0.0.0"},
           Row{"IPv4 /32", "192.0.2.255", 32, "192.0.2.255"},
           Row{"IPv4, more bits than it has", "192.0.2.255", 64, "192.0.2.255"},
           Row{"IPv6 /64", "2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"},
           Row{"IPv6 /33", "2001:db8:ffff::1", 33, "2001:db8:8000::"},
           Row{"IPv6 /0", "2001:db8::1", 0, "::"},
           Row{"IPv6 /128", "2001:db8::1", 128, "2001:db8::1"},
       }) {
    CAPTURE(why);
    CHECK(IpAddress::parse(text)->masked(prefix).text() == masked);
  }
}

TEST_CASE("a network is a base and a prefix") {
  struct Row {
    const char* why;
    std::string_view text;
    const char* written;  // nullptr: not a network
  };
  for (const auto& [why, text, written] : {
           Row{"IPv4", "192.0.2.0/24", "192.0.2.0/24"},
           Row{"host bits are masked off", "192.0.2.77/24", "192.0.2.0/24"},
           Row{"one IPv4 address", "192.0.2.7", "192.0.2.7/32"},
           Row{"one IPv6 address", "2001:db8::1", "2001:db8::1/128"},
           Row{"IPv6", "2001:db8::1/32", "2001:db8::/32"},
           Row{"everything", "0.0.0.0/0", "0.0.0.0/0"},
           Row{"IPv4-mapped", "::ffff:192.0.2.7/120", "192.0.2.0/24"},
           Row{"IPv4-mapped, one address", "::ffff:192.0.2.7", "192.0.2.7/32"},
           Row{"IPv4-mapped, wider than all of IPv4", "::ffff:192.0.2.7/64", nullptr},
           Row{"no prefix after the slash", "192.0.2.0/", nullptr},
           Row{"prefix too long", "192.0.2.0/33", nullptr},
           Row{"IPv6 prefix too long", "2001:db8::/129", nullptr},
           Row{"negative", "192.0.2.0/-1", nullptr},
           Row{"netmask", "192.0.2.0/255.255.255.0", nullptr},
           Row{"words after it", "192.0.2.0/24 x", nullptr},
           Row{"no octets to spare", "192.0.2/24", nullptr},
       }) {
    CAPTURE(why);
    const auto network = Network::parse(text);
    CHECK(network.has_value() == (written != nullptr));
    if (network && written) CHECK(network->text() == written);
  }
}

TEST_CASE("a network contains its addresses and no others") {
  struct Row {
    const char* why;
    std::string_view network, address;
    bool contained;
  };
  for (const auto& [why, network, address, contained] : {
           Row{"inside", "192.0.2.0/24", "192.0.2.255", true},
           Row{"just outside", "192.0.2.0/24", "192.0.3.0", false},
           Row{"the other half", "192.0.2.128/25", "192.0.2.127", false},
           Row{"IPv4-mapped client", "192.0.2.0/24", "::ffff:192.0.2.9", true},
           Row{"all of IPv4", "0.0.0.0/0", "203.0.113.1", true},
           Row{"all of IPv4 has no IPv6", "0.0.0.0/0", "::1", false},
           Row{"all of IPv6 has no IPv4", "::/0", "192.0.2.1", false},
           Row{"IPv6 inside", "2001:db8::/32", "2001:db8:ffff::1", true},
           Row{"IPv6 outside", "2001:db8::/32", "2001:db9::1", false},
       }) {
    CAPTURE(why);
    CHECK(Network::parse(network)->contains(*IpAddress::parse(address)) == contained);
  }
}

TEST_CASE("special ranges") {
  struct Row {
    std::string_view address;
    bool loopback, is_private;
  };
  for (const auto& [address, loopback, is_private] : {
           Row{"127.0.0.1", true, false},
           Row{"127.255.255.255", true, false},
           Row{"128.0.0.1", false, false},
           Row{"::1", true, false},
           Row{"::2", false, false},
           Row{"100::1", false, false},
           Row{"10.0.0.1", false, true},
           Row{"11.0.0.1", false, false},
           Row{"172.16.0.1", false, true},
           Row{"172.31.255.255", false, true},
           Row{"172.32.0.1", false, false},
           Row{"192.168.0.1", false, true},
           Row{"192.169.0.1", false, false},
           Row{"169.254.1.1", false, true},
           Row{"fc00::1", false, true},
           Row{"fdff::1", false, true},
           Row{"fe00::1", false, false},
           Row{"fe80::1", false, true},
           Row{"febf::1", false, true},
           Row{"fec0::1", false, false},
           Row{"2001:db8::1", false, false},
           Row{"::ffff:10.0.0.1", false, true},
           Row{"::ffff:127.0.0.1", true, false},
       }) {
    CAPTURE(address);
    CHECK(IpAddress::parse(address)->loopback() == loopback);
    CHECK(IpAddress::parse(address)->is_private() == is_private);
  }
}

TEST_CASE("addresses can be ordered, and families never meet") {
  CHECK(*IpAddress::parse("192.0.2.1") < *IpAddress::parse("192.0.2.2"));
  CHECK(*IpAddress::parse("1.2.3.4") != *IpAddress::parse("102:304::"));
  CHECK(IpAddress() == *IpAddress::parse("0.0.0.0"));
  CHECK(std::set{*IpAddress::parse("::ffff:1.2.3.4"), *IpAddress::parse("1.2.3.4")}.size() == 1);
}
