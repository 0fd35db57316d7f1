#include "smtp/reply.h"

#include <doctest/doctest.h>

#include <string>

using smtp::Reply;

TEST_CASE("a reply stands on one printable line of at most 512 octets") {
  struct Row {
    std::string why;
    Reply reply;
    std::string wire;
  };
  for (const auto& [why, reply, wire] : {
           Row{"code, enhanced code, text", Reply(250, "2.1.0", "Sender OK"), "250 2.1.0 Sender OK\r\n"},
           Row{"no enhanced code", Reply(220, "", "mx.example.org ESMTP"), "220 mx.example.org ESMTP\r\n"},
           Row{"no text", Reply(250, "2.0.0", ""), "250 2.0.0 \r\n"},
           Row{"line ends, control and 8-bit octets", Reply(450, "4.2.0", "a\r\nb\tc\x7f\xc3\xa9"),
               "450 4.2.0 a??b?c???\r\n"},
           Row{"as long as may be", Reply(250, "2.0.0", std::string(500, 'x')),
               "250 2.0.0 " + std::string(500, 'x') + "\r\n"},
           Row{"one octet too long", Reply(250, "2.0.0", std::string(501, 'x')),
               "250 2.0.0 " + std::string(500, 'x') + "\r\n"},
           Row{"much too long", Reply(250, "", std::string(9000, 'x')), "250 " + std::string(506, 'x') + "\r\n"},
       }) {
    CAPTURE(why);
    CHECK(reply.wire() == wire);
    CHECK(reply.wire().size() <= 512);
  }
}

TEST_CASE("a reply knows its class") {
  const auto classes = [](int code) {
    const Reply reply(code, "", "x");
    return std::string() + (reply.positive() ? "2" : "") + (reply.intermediate() ? "3" : "") +
           (reply.transient() ? "4" : "") + (reply.permanent() ? "5" : "");
  };
  CHECK(classes(250) == "2");
  CHECK(classes(354) == "3");
  CHECK(classes(451) == "4");
  CHECK(classes(554) == "5");
}

TEST_CASE("the enhanced code is that of the first line") {
  struct Row {
    std::string why;
    std::string wire;
    std::string_view enhanced;
  };
  for (const auto& [why, wire, enhanced] : {
           Row{"before a text", "450 4.2.0 Greylisted\r\n", "4.2.0"},
           Row{"alone", "250 2.0.0\r\n", "2.0.0"},
           Row{"three digits", "550 5.100.999 no\r\n", "5.100.999"},
           Row{"of several lines", "550-5.7.1 no\r\n550 5.7.2 really\r\n", "5.7.1"},
           Row{"only on the second line", "550-no\r\n550 5.7.2 really\r\n", ""},
           Row{"none", "250 OK\r\n", ""},
           Row{"an address", "250 5.1.2.3 is bad\r\n", ""},
           Row{"four digits", "550 5.1234.1 no\r\n", ""},
           Row{"a class that is none", "550 3.1.1 no\r\n", ""},
           Row{"a half", "550 5.1\r\n", ""},
           Row{"no detail", "550 5.1. no\r\n", ""},
           Row{"no subject", "550 5..1 no\r\n", ""},
           Row{"glued to its text", "550 5.1.1no\r\n", ""},
           Row{"the code alone", "550\r\n", ""},
       }) {
    CAPTURE(why);
    CHECK(Reply::verbatim(550, wire).enhanced() == enhanced);
  }
}

TEST_CASE("a log shows all lines as one") {
  CHECK(Reply(250, "2.0.0", "OK").one_line() == "250 2.0.0 OK");
  CHECK(Reply::verbatim(550, "550-no\r\n550-never\r\n550 go\r\n").one_line() == "550-no / 550-never / 550 go");
  CHECK(Reply::verbatim(250, "250\r\n").one_line() == "250");
}

TEST_CASE("which refusals are about the mailbox, whoever asks") {
  struct Row {
    const char* why;
    Reply reply;
    bool about_mailbox;
  };
  for (const auto& [why, reply, about_mailbox] : {
           Row{"no such mailbox", {550, "5.1.1", "No such user"}, true},
           Row{"whatever the code", {554, "5.1.1", "No such user"}, true},
           Row{"no such domain", {550, "5.1.2", "Unknown domain"}, true},
           Row{"moved away", {551, "5.1.6", "Moved"}, true},
           Row{"a domain without mail", {556, "5.1.10", "Null MX"}, true},
           Row{"disabled", {550, "5.2.1", "Disabled"}, true},
           Row{"the sender's syntax", {550, "5.1.7", "Bad sender"}, false},
           Row{"the sender's domain", {550, "5.1.8", "Unknown sender domain"}, false},
           Row{"full", {552, "5.2.2", "Full"}, false},
           Row{"policy", {554, "5.7.1", "Access denied"}, false},
           Row{"policy with a mailbox' code", {550, "5.7.1", "Access denied"}, false},
           Row{"the code alone", {550, "", "No such user"}, false},
           Row{"another code alone", {554, "", "No"}, false},
           Row{"a word that only looks like an enhanced code", {550, "", "5.1 No"}, false},
           Row{"something about an address", {550, "5.1.0", "No"}, false},
           Row{"for now", {450, "4.1.1", "Unverified"}, false},
           Row{"taken", {250, "2.1.5", "Ok"}, false},
       }) {
    CAPTURE(why);
    CHECK(reply.says_unknown_recipient() == about_mailbox);
  }
}
