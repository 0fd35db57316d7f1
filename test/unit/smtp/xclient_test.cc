#include "smtp/xclient.h"

#include <doctest/doctest.h>

#include <algorithm>

using smtp::ClientIdentity;
using smtp::xclient_commands;
using Lines = std::vector<std::string>;

namespace {

// As Postfix lists them.
const Lines all{"NAME", "ADDR", "PROTO", "HELO", "REVERSE_NAME", "PORT", "LOGIN", "DESTADDR", "DESTPORT"};

ClientIdentity known() {
  return {.client = {"192.0.2.1", 40001},
          .destination = {"198.51.100.2", 25},
          .name_state = ClientIdentity::Name::confirmed,
          .name = "mail.example.org",
          .reverse_name = "mail.example.org",
          .helo = "helo.example.org"};
}

}  // namespace

TEST_CASE("XCLIENT tells what the backend lists, as far as it is known") {
  struct Row {
    std::string_view why;
    void (*change)(ClientIdentity&);
    Lines listed;
    const char* line;
  };
  for (const auto& [why, change, listed, line] : {
           Row{"all of it", [](auto&) {}, all,
               "XCLIENT NAME=mail.example.org ADDR=192.0.2.1 REVERSE_NAME=mail.example.org PORT=40001 "
               "HELO=helo.example.org PROTO=ESMTP "
               "DESTADDR=198.51.100.2 DESTPORT=25\r\n"},
           Row{"what is listed alone",
               [](auto&) {},
               {"HELO", "ADDR"},
               "XCLIENT ADDR=192.0.2.1 HELO=helo.example.org\r\n"},
           Row{"IPv6 says so",
               [](auto& who) { who.client.address = "2001:db8::1"; },
               {"ADDR"},
               "XCLIENT ADDR=IPV6:2001:db8::1\r\n"},
           Row{"IPv6 without its zone",
               [](auto& who) { who.client.address = "fe80::1%eth0"; },
               {"ADDR"},
               "XCLIENT ADDR=IPV6:fe80::1\r\n"},
           Row{"IPv6 at our end too",
               [](auto& who) { who.destination.address = "2001:db8::2"; },
               {"DESTADDR"},
               "XCLIENT DESTADDR=IPV6:2001:db8::2\r\n"},
           Row{"a client without a name",
               [](auto& who) { who.name_state = ClientIdentity::Name::unavailable; },
               {"NAME"},
               "XCLIENT NAME=[UNAVAILABLE]\r\n"},
           Row{"a name that could not be looked up",
               [](auto& who) { who.name_state = ClientIdentity::Name::temporarily_unavailable; },
               {"NAME"},
               "XCLIENT NAME=[TEMPUNAVAIL]\r\n"},
           Row{"a name that is no host name",
               [](auto& who) { who.name = "a b.example.org"; },
               {"NAME"},
               "XCLIENT NAME=[UNAVAILABLE]\r\n"},
           Row{"a name that looks like an address",
               [](auto& who) { who.name = "192.0.2.9"; },
               {"NAME"},
               "XCLIENT NAME=[UNAVAILABLE]\r\n"},
           Row{"a name with an empty label",
               [](auto& who) { who.name = "a..example.org"; },
               {"NAME"},
               "XCLIENT NAME=[UNAVAILABLE]\r\n"},
           Row{"a name with a final dot",
               [](auto& who) { who.name = "a.example.org."; },
               {"NAME"},
               "XCLIENT NAME=[UNAVAILABLE]\r\n"},
           Row{"a name with an underscore",
               [](auto& who) { who.name = "_a.example.org"; },
               {"NAME"},
               "XCLIENT NAME=_a.example.org\r\n"},
           Row{"a reverse name, confirmed or not",
               [](auto& who) { who.reverse_name = "b.example.org"; },
               {"REVERSE_NAME"},
               "XCLIENT REVERSE_NAME=b.example.org\r\n"},
           Row{"a client without a reverse name",
               [](auto& who) {
                 who.name_state = ClientIdentity::Name::unavailable;
                 who.reverse_name.clear();
               },
               {"REVERSE_NAME"},
               "XCLIENT REVERSE_NAME=[UNAVAILABLE]\r\n"},
           Row{"a reverse name that could not be looked up",
               [](auto& who) {
                 who.name_state = ClientIdentity::Name::temporarily_unavailable;
                 who.reverse_name.clear();
               },
               {"REVERSE_NAME"},
               "XCLIENT REVERSE_NAME=[TEMPUNAVAIL]\r\n"},
           Row{"a reverse name that is known, though its addresses could not be looked up",
               [](auto& who) {
                 who.name_state = ClientIdentity::Name::temporarily_unavailable;
                 who.reverse_name = "b.example.org";
               },
               {"NAME", "REVERSE_NAME"},
               "XCLIENT NAME=[TEMPUNAVAIL] REVERSE_NAME=b.example.org\r\n"},
           Row{"a reverse name that is no host name",
               [](auto& who) { who.reverse_name = "a b.example.org"; },
               {"REVERSE_NAME"},
               "XCLIENT REVERSE_NAME=[UNAVAILABLE]\r\n"},
           Row{"no HELO", [](auto& who) { who.helo = ""; }, {"HELO"}, "XCLIENT HELO=[UNAVAILABLE]\r\n"},
           Row{"a HELO of odd octets",
               [](auto& who) { who.helo = "a=b+c d"; },
               {"HELO"},
               "XCLIENT HELO=a+3Db+2Bc+20d\r\n"},
           Row{"plain SMTP", [](auto& who) { who.esmtp = false; }, {"PROTO"}, "XCLIENT PROTO=SMTP\r\n"},
           Row{"no ports",
               [](auto& who) { who.client.port = who.destination.port = 0; },
               {"PORT", "DESTPORT"},
               "XCLIENT PORT=[UNAVAILABLE] DESTPORT=[UNAVAILABLE]\r\n"},
       }) {
    CAPTURE(why);
    auto identity = known();
    change(identity);
    CHECK(xclient_commands(identity, listed) == Lines{line});
  }
  CHECK(xclient_commands(known(), {"LOGIN"}).empty());
}

TEST_CASE("commands keep to 512 octets, and the last one says who the client is") {
  auto identity = known();
  identity.name =
      std::string(63, 'a') + '.' + std::string(63, 'b') + '.' + std::string(63, 'c') + '.' + std::string(61, 'd');
  identity.reverse_name = identity.name;
  identity.client.address = identity.destination.address = "2001:db8:1111:2222:3333:4444:5555:6666";
  for (std::size_t size = 1; size <= 300; ++size) {
    for (const char octet : {'h', '+'}) {
      CAPTURE(size);
      CAPTURE(octet);
      identity.helo = std::string(size, octet);
      const auto commands = xclient_commands(identity, all);
      CHECK(
          std::ranges::all_of(commands, [](const auto& line) { return line.size() <= 512 && line.ends_with("\r\n"); }));
      CHECK(commands.back().starts_with("XCLIENT NAME=" + identity.name + " ADDR=IPV6:2001:db8:"));
      std::string joined;
      for (const auto& line : commands) joined += line.substr(7, line.size() - 9);
      for (const auto& name : all) CHECK(joined.contains(' ' + name + '=') == (name != "LOGIN"));
      // One that fits no command isn't told.
      const bool told = 8 + 5 + smtp::xtext(identity.helo).size() + 2 <= 512;
      CHECK(joined.contains(" HELO=[UNAVAILABLE]") == !told);
    }
  }
}

TEST_CASE("xtext") {
  CHECK(smtp::xtext("") == "");
  CHECK(smtp::xtext("mail.example.org") == "mail.example.org");
  CHECK(smtp::xtext("a+b=c d") == "a+2Bb+3Dc+20d");
  CHECK(smtp::xtext("!~\x7f\x01\xff") == "!~+7F+01+FF");
  CHECK(smtp::xtext("[UNAVAILABLE]") == "[UNAVAILABLE]");
}
