#include "proxy/backend/backends.h"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace std::chrono_literals;
using proxy::Backends;

std::string order(const Backends& backends) {
  std::string hosts;
  for (const auto* address : backends.candidates()) hosts += address->where().host + " ";
  return hosts;
}

Backends three() { return Backends({"a:25", "b:25", "c:25"}, 1); }

}  // namespace

TEST_CASE("addresses are tried in order, those that were down last") {
  const auto backends = three();
  const auto& all = backends.addresses();
  CHECK(order(backends) == "a b c ");  // nothing is known yet
  CHECK_FALSE(backends.any_up());
  all[2]->reached({});
  CHECK(order(backends) == "c a b ");
  CHECK(backends.any_up());
  all[0]->reached({});
  CHECK(order(backends) == "a c b ");
  all[0]->failed("connect: refused");
  CHECK(order(backends) == "c a b ");
}

TEST_CASE("an address without a port means 25") {
  const Backends backends({"mail.example", "[2001:db8::1]:26"}, 1);
  CHECK(backends.addresses()[0]->where().text() == "mail.example:25");
  CHECK(backends.addresses()[1]->where().text() == "[2001:db8::1]:26");
}

TEST_CASE("what is offered is what all that are known offer") {
  const auto backends = three();
  const auto& all = backends.addresses();
  CHECK(backends.offered().eight_bit_mime);  // nothing known
  CHECK_FALSE(backends.offered().dsn);

  all[1]->reached({.eight_bit_mime = false, .dsn = true, .chunking = true, .size = 1000});
  CHECK_FALSE(backends.offered().eight_bit_mime);
  CHECK(backends.offered().dsn);
  CHECK(backends.offered().size == 1000);

  all[2]->reached({.eight_bit_mime = true, .dsn = true, .size = 500});
  CHECK_FALSE(backends.offered().eight_bit_mime);
  CHECK(backends.offered().dsn);
  CHECK_FALSE(backends.offered().chunking);
  CHECK(backends.offered().size == 500);

  all[2]->failed("down");  // it will be back
  CHECK_FALSE(backends.offered().chunking);
}

TEST_CASE("what is told of an address that fails and comes back") {
  const auto backends = three();
  auto& address = *backends.addresses()[0];
  address.failed("connect: refused");
  address.failed("greeting: timed out");
  CHECK_FALSE(address.health().up);
  CHECK(address.health().failures == 2);
  CHECK(address.health().last_error == "greeting: timed out");
  address.reached({});
  CHECK(address.health().up);
  CHECK(address.health().last_error.empty());
  CHECK(address.health().failures == 2);
}

TEST_CASE("an open relay stays one until it is found closed") {
  const auto backends = three();
  auto& address = *backends.addresses()[0];
  address.reached({});
  address.found_relaying("RCPT TO:<probe@greygate.invalid>");
  CHECK(address.health().relays_for_outsiders);
  CHECK(address.health().last_error.find("probe@greygate.invalid") != std::string::npos);
  address.failed("connect: refused");
  address.reached({});
  CHECK(address.health().relays_for_outsiders);
  address.found_closed();
  CHECK_FALSE(address.health().relays_for_outsiders);
  CHECK(address.health().last_error.empty());
}

TEST_CASE("when it is time to ask an address how it is") {
  const auto backends = three();
  auto& address = *backends.addresses()[0];
  const auto now = std::chrono::steady_clock::now();
  CHECK(address.wants_probe(now, 30s));
  address.reached({});
  CHECK_FALSE(address.wants_probe(now, 30s));
  CHECK(address.wants_probe(now + 31s, 30s));
  address.failed("connect: refused");
  CHECK(address.wants_probe(now, 30s));
}
