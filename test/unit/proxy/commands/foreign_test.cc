#include "proxy/commands/foreign.h"

#include <doctest/doctest.h>

using namespace proxy;
using namespace std::chrono_literals;

TEST_CASE("lines of what others knew") {
  const greylist::Time then(1'700'000'000s);
  struct Row {
    const char* why;
    Imported imported;
    std::string_view line;
  };
  const Row rows[] = {
      {"a triplet that waits", ImportedTriplet{"192.0.2.0", "", "bob@example.org", then, std::nullopt, then + 1s},
       R"({"client":"192.0.2.0","sender":"","recipient":"bob@example.org","first_seen":"2023-11-14T22:13:20.000Z",)"
       R"("passed":null,"last_seen":"2023-11-14T22:13:21.000Z"})"},
      {"a triplet that passed",
       ImportedTriplet{"2001:db8::", "a@b.example", "c@example.org", then, then + 1s, then + 2s},
       R"({"client":"2001:db8::","sender":"a@b.example","recipient":"c@example.org",)"
       R"("first_seen":"2023-11-14T22:13:20.000Z","passed":"2023-11-14T22:13:21.000Z",)"
       R"("last_seen":"2023-11-14T22:13:22.000Z"})"},
      {"who was let in while he came", ImportedAllow{"192.0.2.7", "@b.example", "", then, "SQLgrey"},
       R"({"list":"allow","client":"192.0.2.7","sender":"@b.example","recipient":"",)"
       R"("lapses":"2023-11-16T22:13:20.000Z","note":"SQLgrey"})"},
      {"who was let in for good", ImportedAllow{"192.0.2.0/24", "", "", std::nullopt, ""},
       R"({"list":"allow","client":"192.0.2.0/24","sender":"","recipient":"","lapses":null,"note":""})"},
      {"who was kept out", ImportedBlock{"192.0.2.7", "", "", then, "trapped"},
       R"({"list":"block","client":"192.0.2.7","sender":"","recipient":"","lapses":"2023-11-14T22:13:20.000Z",)"
       R"("note":"trapped"})"},
      {"who was earning his way", ImportedEarner{"2001:db8:1:2::7", 3, then},
       R"({"earner":"2001:db8:1:2::/64","count":3,"last_counted":"2023-11-14T22:13:20.000Z",)"
       R"("last_used":"2023-11-14T22:13:20.000Z"})"},
  };
  for (const auto& [why, imported, line] : rows) {
    CAPTURE(why);
    CHECK(import_line(imported, 48h) == std::string(line) + "\n");
  }
}

TEST_CASE("whose files are read") {
  const auto known = [](const char* program) { return foreign_reader(program) != nullptr; };
  for (const auto* program : {"postgrey", "spamd", "sqlgrey"}) CHECK(known(program));
  for (const auto* program : {"greygate", "sendmail", ""}) CHECK_FALSE(known(program));
}
