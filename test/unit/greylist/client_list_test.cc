#include "greylist/lists/client_list.h"

#include <doctest/doctest.h>

using greylist::ClientList;
using greylist::IpAddress;

namespace {

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

ClientList configured(std::string_view entry) {
  ClientList list;
  REQUIRE(list.add(entry).has_value());
  return list;
}

ClientList from_postgrey(std::string_view line) {
  ClientList list;
  REQUIRE(list.add_postgrey(line).has_value());
  return list;
}

}  // namespace

TEST_CASE("a configured client is an address, a network or a name") {
  struct Row {
    const char* why;
    std::string_view entry, address, name;
    bool by_address, by_name;
  };
  for (const auto& [why, entry, address, name, by_address, by_name] : {
           Row{"address", "192.0.2.7", "192.0.2.7", "mail.example.com", true, false},
           Row{"another address", "192.0.2.7", "192.0.2.8", "192.0.2.7", false, false},
           Row{"network", "192.0.2.0/24", "192.0.2.8", "", true, false},
           Row{"network with host bits", "192.0.2.9/24", "192.0.2.8", "", true, false},
           Row{"IPv6 network", "2001:db8::/32", "2001:db8:1::1", "", true, false},
           Row{"IPv4-mapped client", "192.0.2.0/24", "::ffff:192.0.2.8", "", true, false},
           Row{"everybody in IPv4", "0.0.0.0/0", "203.0.113.1", "", true, false},
           Row{"name", "mail.example.com", "192.0.2.7", "mail.example.com", false, true},
           Row{"name in another case, with its dot", "Mail.Example.COM", "192.0.2.7", "mail.exAMPLE.com.", false, true},
           Row{"no subdomain of a name", "mail.example.com", "192.0.2.7", "a.mail.example.com", false, false},
           Row{"subdomains", ".example.com", "192.0.2.7", "mail.example.com", false, true},
           Row{"subdomains with a star", "*.example.com", "192.0.2.7", "a.mail.example.com", false, true},
           Row{"subdomains leave the domain itself", ".example.com", "192.0.2.7", "example.com", false, false},
           Row{"no whole label", ".example.com", "192.0.2.7", "badexample.com", false, false},
           Row{"no name", ".example.com", "192.0.2.7", "", false, false},
           Row{"U-label", "bücher.example", "192.0.2.7", "xn--bcher-kva.example", false, true},
       }) {
    CAPTURE(why);
    const auto list = configured(entry);
    CHECK_FALSE(list.empty());
    CHECK(list.matches_address(ip(address)) == by_address);
    CHECK(list.matches_name(name) == by_name);
  }
}

TEST_CASE("only names and expressions need the client's name") {
  CHECK_FALSE(ClientList().has_names());
  CHECK_FALSE(configured("192.0.2.0/24").has_names());
  CHECK(configured("mail.example.com").has_names());
  CHECK_FALSE(from_postgrey("192.168.1").has_names());
  CHECK(from_postgrey("example.com").has_names());
  CHECK(from_postgrey("/^mail/").has_names());
}

TEST_CASE("an error says what would be right") {
  struct Row {
    const char* why;
    std::string_view entry, right;
  };
  for (const auto& [why, entry, right] : {
           Row{"three octets", "192.168.1", "\"192.168.1.0/24\""},
           Row{"two octets", "192.168", "\"192.168.0.0/16\""},
           Row{"one octet", "10", "\"10.0.0.0/8\""},
           Row{"octets with a dot", "192.168.1.", "\"192.168.1.0/24\""},
           Row{"octets with a prefix", "192.168/16", "\"192.168.0.0/16\""},
           Row{"prefix too long", "192.0.2.0/33", "\"192.0.2.0/24\""},
           Row{"octet too large", "192.0.2.256", "\"192.0.2.7\""},
           Row{"IPv6 prefix too long", "2001:db8::/129", "\"2001:db8::/32\""},
           Row{"IPv6 in brackets", "[::1]", "\"2001:db8::1\""},
           Row{"empty", "", "\"mail.example.com\""},
           Row{"blank in a name", "mail example.com", "\"mail.example.com\""},
           Row{"an address of mail", "bob@example.com", "\"mail.example.com\""},
           Row{"expression", "/^mail/", "\"mail.example.com\""},
           Row{"everybody", "*", "\"0.0.0.0/0\""},
       }) {
    CAPTURE(why);
    ClientList list;
    const auto added = list.add(entry);
    REQUIRE_FALSE(added.has_value());
    CAPTURE(added.error());
    CHECK(added.error().contains(right));
    CHECK(added.error().contains(entry));
    CHECK(list.empty());
  }
}

TEST_CASE("postgrey's whitelist_clients is read as postgrey reads it") {
  struct Row {
    const char* why;
    std::string_view line, address, name;
    bool by_address, by_name;
  };
  for (const auto& [why, line, address, name, by_address, by_name] : {
           Row{"host itself", "example.com", "192.0.2.7", "example.com", false, true},
           Row{"its subdomains", "example.com", "192.0.2.7", "mail.Example.com", false, true},
           Row{"no whole label", "example.com", "192.0.2.7", "badexample.com", false, false},
           Row{"trailing comment", "example.com  # since 2005", "192.0.2.7", "example.com", false, true},
           Row{"blanks and CR at the ends", "\t example.com \r\n", "192.0.2.7", "example.com", false, true},
           Row{"address", "66.216.126.174", "66.216.126.174", "", true, false},
           Row{"network", "64.12.136.0/24", "64.12.136.9", "", true, false},
           Row{"three octets", "192.168.1", "192.168.1.255", "", true, false},
           Row{"three octets end at an octet", "192.168.1", "192.168.10.1", "", false, false},
           Row{"two octets", "192.168", "192.168.77.1", "", true, false},
           Row{"one octet", "10", "10.1.2.3", "", true, false},
           Row{"one octet ends at an octet", "10", "100.1.2.3", "", false, false},
           Row{"IPv6 address", "2001:db8::1", "2001:db8::1", "", true, false},
           Row{"IPv6 network", "2001:db8::/32", "2001:db8:5::1", "", true, false},
           Row{"expression on the name", "/^mail\\d+\\.example\\.com$/", "192.0.2.7", "MAIL12.example.com", false,
               true},
           Row{"expression on the address", "/^192\\.0\\.2\\./", "192.0.2.7", "", true, false},
           Row{"expression that fits neither", "/^smtp/", "192.0.2.7", "mail.example.com", false, false},
           Row{"an expression never sees an empty name", "/^$/", "192.0.2.7", "", false, false},
       }) {
    CAPTURE(why);
    const auto list = from_postgrey(line);
    CHECK(list.matches_address(ip(address)) == by_address);
    CHECK(list.matches_name(name) == by_name);
  }
}

TEST_CASE("comments and blank lines of a postgrey file are nothing") {
  for (const auto* line : {"", "   ", "# example.com", " \t# x", "\r\n"}) {
    CAPTURE(line);
    CHECK(from_postgrey(line).empty());
  }
}

TEST_CASE("a line of a postgrey file that means nothing is an error") {
  for (const auto* line : {"a b", "/a b/", "/a", "//", "/a(/", "192.0.2.0/33", "192.168/16", "a@b", "a:b"}) {
    CAPTURE(line);
    ClientList list;
    const auto added = list.add_postgrey(line);
    REQUIRE_FALSE(added.has_value());
    CHECK(added.error().contains(line[0] == '/' ? "/" : line));
    CHECK(list.empty());
  }
}

TEST_CASE("networks of several lengths live side by side") {
  ClientList list;
  for (const auto* entry :
       {"192.0.2.0/24", "192.0.2.128/25", "10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "2001:db8::1"}) {
    REQUIRE(list.add(entry).has_value());
  }
  CHECK(list.matches_address(ip("192.0.2.1")));
  CHECK(list.matches_address(ip("192.0.2.200")));
  CHECK(list.matches_address(ip("10.255.0.1")));
  CHECK(list.matches_address(ip("2001:db8:ffff::")));
  CHECK_FALSE(list.matches_address(ip("192.0.3.1")));
  CHECK_FALSE(list.matches_address(ip("11.0.0.1")));
  CHECK_FALSE(list.matches_address(ip("2001:db9::1")));
}
