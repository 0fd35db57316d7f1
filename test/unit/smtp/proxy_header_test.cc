#include "smtp/proxy_header.h"

#include <doctest/doctest.h>

#include <initializer_list>

using smtp::BadProxyHeader;
using smtp::Endpoint;
using smtp::NeedMore;
using smtp::parse_proxy_header;
using smtp::Proxied;
using smtp::Unproxied;

namespace {

std::string v2(unsigned command, unsigned transport, std::size_t length, std::string_view rest) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  for (const auto number : {std::size_t{command}, std::size_t{transport}, length >> 8, length & 255}) {
    header += static_cast<char>(number);
  }
  return header.append(rest);
}
std::string v2(unsigned command, unsigned transport, std::string_view rest) {
  return v2(command, transport, rest.size(), rest);
}

const std::string ipv4_block("\xc0\x00\x02\x01\xc6\x33\x64\x02\x9c\x41\x00\x19", 12);
const std::string ipv6_block =
    std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\xff\xff\0\0", 36);

template <typename Expected>
bool is(std::string_view buffer) {
  return std::holds_alternative<Expected>(parse_proxy_header(buffer));
}

// At every length the header is either not all there yet, or judged for good.
template <typename Expected>
void check_prefixes(std::string_view header) {
  for (std::size_t size = 0; size < header.size(); ++size) CHECK(is<NeedMore>(header.substr(0, size)));
  for (const std::string_view after : {"", "\r\n", "EHLO x\r\n", "PROXY UNKNOWN\r\n"}) {
    const auto event = parse_proxy_header(std::string(header).append(after));
    REQUIRE(std::holds_alternative<Expected>(event));
    CHECK(std::get<Expected>(event).consumed == header.size());
  }
}

}  // namespace

TEST_CASE("a header that tells both ends") {
  struct Row {
    std::string_view why;
    std::string header;
    Endpoint source, destination;
  };
  const Endpoint client4{"192.0.2.1", 40001}, server4{"198.51.100.2", 25};
  const Endpoint client6{"2001:db8::1", 65535}, server6{"2001:db8::2", 0};
  for (const auto& [why, header, source, destination] : {
           Row{"version 1, IPv4", "PROXY TCP4 192.0.2.1 198.51.100.2 40001 25\r\n", client4, server4},
           Row{"version 1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n", client6, server6},
           Row{"version 1, IPv6 in full", "PROXY TCP6 2001:0DB8:0000:0000:0000:0000:0000:0001 2001:db8::2 65535 0\r\n",
               client6, server6},
           Row{"version 2, IPv4", v2(0x21, 0x11, ipv4_block), client4, server4},
           Row{"version 2, IPv6", v2(0x21, 0x21, ipv6_block), client6, server6},
           Row{"version 2 with more behind", v2(0x21, 0x11, ipv4_block + std::string(4'084, 'x')), client4, server4},
       }) {
    CAPTURE(why);
    check_prefixes<Proxied>(header);
    const auto proxied = std::get<Proxied>(parse_proxy_header(header));
    CHECK(proxied.source == source);
    CHECK(proxied.destination == destination);
  }
}

TEST_CASE("a header that leaves the peer's own address") {
  struct Row {
    std::string_view why;
    std::string header;
  };
  for (const auto& [why, header] : {
           Row{"version 1, unknown", "PROXY UNKNOWN\r\n"},
           Row{"version 1, unknown with addresses", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"},
           Row{"version 1, unknown with anything", "PROXY UNKNOWN \n what\r ever\r\n"},
           Row{"version 1, unknown of 107 octets", "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"},
           Row{"version 2, local", v2(0x20, 0x00, "")},
           Row{"version 2, local, whatever it says of families", v2(0x20, 0xff, "abc")},
           Row{"version 2, no family", v2(0x21, 0x00, "")},
           Row{"version 2, UDP", v2(0x21, 0x12, ipv4_block)},
           Row{"version 2, no protocol", v2(0x21, 0x10, ipv4_block)},
           Row{"version 2, a Unix socket", v2(0x21, 0x31, std::string(216, 'x'))},
           Row{"version 2, the longest", v2(0x20, 0x00, std::string(4'096, 'x'))},
       }) {
    CAPTURE(why);
    check_prefixes<Unproxied>(header);
  }
}

TEST_CASE("a bad header is bad from the octet on that makes it so") {
  struct Row {
    std::string_view why;
    std::string good, bad;  // all of `good` may still become a header; with `bad` behind none
  };
  for (const auto& [why, good, bad] : {
           Row{"none at all", "", "E"},
           Row{"lower case", "", "p"},
           Row{"another word", "PROX", "I"},
           Row{"no blank", "PROXY", "\r"},
           Row{"two blanks", "PROXY ", " "},
           Row{"another family", "PROXY TCP", "5"},
           Row{"UDP", "PROXY ", "UDP4"},
           Row{"no family", "PROXY ", "\r\n"},
           Row{"half a family", "PROXY UNKNOW", "\r"},
           Row{"nothing after the family", "PROXY TCP4", "\r"},
           Row{"an empty address", "PROXY TCP4 ", " "},
           Row{"no IPv4 address", "PROXY TCP4 192.0.2.256", " "},
           Row{"a short IPv4 address", "PROXY TCP4 192.0.2", " "},
           Row{"an IPv4 address with a leading zero", "PROXY TCP4 192.0.2.01", " "},
           Row{"IPv6 in TCP4", "PROXY TCP4 2001", ":"},
           Row{"IPv4 in TCP6", "PROXY TCP6 192.0.2.1", " "},
           Row{"a zone", "PROXY TCP6 fe80::1", "%"},
           Row{"a NUL after an address", "PROXY TCP4 192.0.2.1", std::string(1, '\0')},
           Row{"another family's second address", "PROXY TCP6 ::1 192.0.2.1", " "},
           Row{"two blanks between", "PROXY TCP4 192.0.2.1 ", " "},
           Row{"no ports", "PROXY TCP4 192.0.2.1 192.0.2.2", "\r"},
           Row{"one port", "PROXY TCP4 192.0.2.1 192.0.2.2 1", "\r"},
           Row{"three ports", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2", " "},
           Row{"an empty port", "PROXY TCP4 192.0.2.1 192.0.2.2 1 ", "\r"},
           Row{"a port above 65535", "PROXY TCP4 192.0.2.1 192.0.2.2 65536", " "},
           Row{"a port of six digits", "PROXY TCP4 192.0.2.1 192.0.2.2 12345", "6"},
           Row{"a port with a leading zero", "PROXY TCP4 192.0.2.1 192.0.2.2 01", " "},
           Row{"a port with a sign", "PROXY TCP4 192.0.2.1 192.0.2.2 ", "+"},
           Row{"an LF without CR", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2", "\n"},
           Row{"a CR without LF", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r", "x"},
           Row{"no end within 107 octets", "PROXY UNKNOWN " + std::string(92, 'x'), "\r"},
           Row{"another signature", std::string("\r\n\r\n\0\r\nQUIT", 11), "\r"},
           Row{"an empty line alone", "\r\n", "E"},
           Row{"version 1 in binary", v2(0, 0, 0, "").substr(0, 12), "\x11"},
           Row{"another command", v2(0, 0, 0, "").substr(0, 12), "\x22"},
           Row{"another family in binary", v2(0x21, 0, 0, "").substr(0, 13), "\x41"},
           Row{"another protocol in binary", v2(0x21, 0, 0, "").substr(0, 13), "\x13"},
           Row{"far too long", v2(0x21, 0x11, 0, "").substr(0, 14), "\x11"},
           Row{"an octet too long", v2(0x21, 0x11, 4'097, "").substr(0, 15), "\x01"},
           Row{"too short for IPv4", v2(0x21, 0x11, 11, "").substr(0, 15), "\x0b"},
           Row{"too short for IPv6", v2(0x21, 0x21, 35, "").substr(0, 15), "\x23"},
       }) {
    CAPTURE(why);
    for (std::size_t size = 0; size <= good.size(); ++size) CHECK(is<NeedMore>(good.substr(0, size)));
    CHECK(is<BadProxyHeader>(good + bad));
    CHECK(is<BadProxyHeader>(good + bad + std::string(5'000, 'x') + "\r\n"));
  }
}

TEST_CASE("what we tell is what we would read") {
  struct Row {
    std::string_view why;
    Endpoint source, destination, told_source, told_destination;
  };
  const Endpoint v4a{"192.0.2.1", 40001}, v4b{"198.51.100.2", 25}, v6a{"2001:db8::1", 65535}, v6b{"2001:db8::2", 25};
  for (const auto& [why, source, destination, told_source, told_destination] : {
           Row{"IPv4", v4a, v4b, v4a, v4b},
           Row{"IPv6", v6a, v6b, v6a, v6b},
           Row{"IPv6 to IPv4", v6a, v4b, v6a, {"::", 25}},
           Row{"IPv4 to IPv6", v4a, v6b, v4a, {"0.0.0.0", 25}},
           Row{"a destination that is not known", v4a, {}, v4a, {"0.0.0.0", 0}},
           Row{"a link-local client", {"fe80::1%eth0", 7}, {"fe80::2%eth0", 25}, {"fe80::1", 7}, {"fe80::2", 25}},
       }) {
    CAPTURE(why);
    for (const auto& header : {proxy_header_v1(source, destination), proxy_header_v2(source, destination)}) {
      check_prefixes<Proxied>(header);
      const auto proxied = std::get<Proxied>(parse_proxy_header(header));
      CHECK(proxied.source == told_source);
      CHECK(proxied.destination == told_destination);
    }
  }
  CHECK(proxy_header_v1(v4a, v4b) == "PROXY TCP4 192.0.2.1 198.51.100.2 40001 25\r\n");
  CHECK(proxy_header_v2(v4a, v4b) == v2(0x21, 0x11, ipv4_block));
}
