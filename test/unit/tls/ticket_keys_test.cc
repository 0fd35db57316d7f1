#include "tls/ticket_keys.h"

#include <doctest/doctest.h>

namespace {

using namespace std::chrono_literals;
using tls::TicketKeys;

struct Turned {
  TicketKeys::Clock::time_point now{1000h};
  TicketKeys keys{[this] { return now; }};
};

}  // namespace

TEST_CASE("a ticket key seals for half a day, opens for another, and is gone") {
  Turned turned;
  const auto first = turned.keys.to_seal();
  REQUIRE(first);
  struct Row {
    const char* when;
    TicketKeys::Clock::duration later;
    bool opens, current;
  };
  for (const auto& [when, later, opens, current] :
       {Row{"at once", 0h, true, true}, Row{"just before its end", 11h + 59min, true, true},
        Row{"after it", 1min, true, false}, Row{"late", 11h + 59min, true, false}, Row{"later", 1min, false, false}}) {
    CAPTURE(when);
    turned.now += later;
    const auto found = turned.keys.to_open(first->name.data());
    CHECK(found.has_value() == opens);
    if (found) {
      CHECK(found->current == current);
      CHECK(found->key.cipher == first->cipher);
    }
  }
}

TEST_CASE("a key that nobody asked for in a day leaves nothing behind") {
  Turned turned;
  const auto first = turned.keys.to_seal();
  turned.now += 25h;
  CHECK_FALSE(turned.keys.to_open(first->name.data()));
  const auto second = turned.keys.to_seal();
  CHECK(first->name != second->name);
  CHECK(first->cipher != second->cipher);
  CHECK(first->mac != second->mac);
}

TEST_CASE("another's ticket has no key") {
  TicketKeys ours, theirs;
  CHECK_FALSE(ours.to_open(theirs.to_seal()->name.data()));
}
