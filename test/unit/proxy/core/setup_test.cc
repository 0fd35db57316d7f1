#include "proxy/setup.h"

#include <doctest/doctest.h>

#include <string>

namespace {

using proxy::Settings;

Settings usual() {
  Settings settings;
  settings.hostname = "mx.example.org";
  settings.listen = {{.address = "127.0.0.1:2525"}};
  settings.backend.addresses = {"127.0.0.1:10025"};
  settings.domains = {"example.org"};
  return settings;
}

}  // namespace

TEST_CASE("what a reload can't apply") {
  struct Row {
    const char* why;
    void (*change)(Settings&);
    std::vector<std::string> keys;
  };
  const std::vector<Row> rows{
      {"nothing changed", [](Settings&) {}, {}},
      {"what a reload applies",
       [](Settings& s) {
         s.greylist.limits.delay = std::chrono::minutes(1);
         s.backend.addresses = {"127.0.0.1:10026"};
         s.hostname = "mx2.example.org";
       },
       {}},
      {"a listener's address", [](Settings& s) { s.listen[0].address = "127.0.0.1:2526"; }, {"listen"}},
      {"whom a listener believes", [](Settings& s) { s.listen[0].proxy_protocol_from = {"10.0.0.0/8"}; }, {"listen"}},
      {"one listener more", [](Settings& s) { s.listen.push_back({.address = "[::1]:25"}); }, {"listen"}},
      {"the threads", [](Settings& s) { s.threads = 7; }, {"threads"}},
      {"the user", [](Settings& s) { s.user = "nobody"; }, {"user"}},
      {"the store's cache", [](Settings& s) { s.store.cache = 1; }, {"store"}},
      {"status and admin",
       [](Settings& s) {
         s.status_address = "127.0.0.1:1";
         s.admin_socket = "/tmp/other";
       },
       {"status", "admin"}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.why);
    auto after = usual();
    row.change(after);
    CHECK(proxy::changes_needing_restart(usual(), after) == row.keys);
  }
}

TEST_CASE("what is known of the backends outlives a reload that doesn't touch them") {
  struct Row {
    const char* why;
    void (*change)(Settings&);
    bool kept;
  };
  for (const auto& row : {
           Row{"another delay", [](Settings& s) { s.greylist.limits.delay = std::chrono::minutes(1); }, true},
           Row{"another address", [](Settings& s) { s.backend.addresses = {"127.0.0.2:10025"}; }, false},
           Row{"more connections", [](Settings& s) { s.backend.connections = 91; }, false},
           Row{"another identity", [](Settings& s) { s.backend.client_identity = "xclient"; }, false},
       }) {
    CAPTURE(row.why);
    const auto before = proxy::make_setup(usual(), nullptr).value();
    auto settings = usual();
    row.change(settings);
    const auto after = proxy::make_setup(settings, before.get()).value();
    CHECK((after->backends == before->backends) == row.kept);
  }
}

TEST_CASE("lists that can't be read make no setup") {
  auto settings = usual();
  settings.allow.clients = {"300.1.2.3/99"};
  const auto setup = proxy::make_setup(settings, nullptr);
  REQUIRE_FALSE(setup);
  CHECK(setup.error().front().key == "allow.clients[0]");
}
