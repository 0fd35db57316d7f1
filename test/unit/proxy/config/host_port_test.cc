#include "proxy/config/host_port.h"

#include <doctest/doctest.h>

using proxy::HostPort;

TEST_CASE("a host and a port") {
  struct Row {
    const char* why;
    std::string_view text;
    std::optional<HostPort> with_port, or_default;  // without and with the default port 53
  };
  const auto same = [](const char* why, std::string_view text, std::optional<HostPort> both) {
    return Row{why, text, both, both};
  };
  const Row rows[] = {
      same("IPv4", "127.0.0.1:25", HostPort{"127.0.0.1", 25}),
      same("IPv6", "[2001:db8::1]:25", HostPort{"2001:db8::1", 25}),
      same("every IPv6 address", "[::]:25", HostPort{"::", 25}),
      same("a name", "postfix:25", HostPort{"postfix", 25}),
      same("a long name", "Mail_1.example-2.org:2525", HostPort{"Mail_1.example-2.org", 2525}),
      same("a name with its final dot", "mail.example.org.:25", HostPort{"mail.example.org.", 25}),
      same("any free port", "127.0.0.1:0", HostPort{"127.0.0.1", 0}),
      same("the last port", "127.0.0.1:65535", HostPort{"127.0.0.1", 65535}),
      {"IPv4, no port", "127.0.0.1", {}, HostPort{"127.0.0.1", 53}},
      {"IPv6 in brackets, no port", "[::1]", {}, HostPort{"::1", 53}},
      {"IPv6 alone", "::1", {}, HostPort{"::1", 53}},
      {"a name, no port", "ns.example.org", {}, HostPort{"ns.example.org", 53}},
      same("a port too high", "127.0.0.1:65536", {}),
      same("a negative port", "127.0.0.1:-1", {}),
      same("a port with a sign", "127.0.0.1:+25", {}),
      same("a port by name", "127.0.0.1:smtp", {}),
      same("an empty port", "127.0.0.1:", {}),
      same("an empty port behind brackets", "[::1]:", {}),
      same("a word behind the port", "127.0.0.1:25x", {}),
      same("no host", ":25", {}),
      same("nothing", "", {}),
      same("four numbers too large", "300.1.2.3:25", {}),
      same("three numbers", "127.0.1:25", {}),
      same("no end of brackets", "[::1:25", {}),
      same("IPv4 in brackets", "[127.0.0.1]:25", {}),
      same("something between bracket and colon", "[::1]x:25", {}),
      same("a name with an empty label", "a..b:25", {}),
      same("a blank", "a b:25", {}),
      same("a URL", "smtp://mail:25", {}),
  };
  for (const auto& [why, text, with_port, or_default] : rows) {
    CAPTURE(why);
    CHECK(HostPort::parse(text) == with_port);
    CHECK(HostPort::parse(text, 53) == or_default);
    if (with_port) CHECK(with_port->text() == text);
  }
}
