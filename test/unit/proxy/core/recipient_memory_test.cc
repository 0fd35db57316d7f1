#include "proxy/backend/recipient_memory.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using proxy::RecipientMemory;
using smtp::Reply;

namespace {

const RecipientMemory::Time start{};
const Reply taken(250, "2.1.5", "Ok"), unknown(550, "5.1.1", "No such user");

bool knows(const RecipientMemory& memory, const char* recipient, RecipientMemory::Time now) {
  return memory.find(recipient, now) != nullptr;
}

}  // namespace

TEST_CASE("what was said is remembered for as long as it is likely to hold") {
  RecipientMemory memory;
  memory.keep("bob@example.org", taken, start);
  memory.keep("eve@example.org", unknown, start);
  CHECK_FALSE(knows(memory, "carol@example.org", start));
  REQUIRE(knows(memory, "eve@example.org", start + 10min - 1s));
  CHECK(memory.find("eve@example.org", start)->wire() == unknown.wire());
  CHECK_FALSE(knows(memory, "eve@example.org", start + 10min));
  CHECK(knows(memory, "bob@example.org", start + 1h - 1s));
  CHECK_FALSE(knows(memory, "bob@example.org", start + 1h));

  memory.keep("eve@example.org", taken, start + 20min);  // made in the meantime
  CHECK(memory.find("eve@example.org", start + 31min)->positive());
}

TEST_CASE("what doesn't tell is not remembered, nor what is long") {
  RecipientMemory memory;
  memory.keep("bob@example.org", Reply(450, "4.2.0", "Greylisted"), start);
  memory.keep("bob@example.org", Reply(554, "5.7.1", "Access denied"), start);
  std::string wire;
  for (int line = 0; line < 100; ++line) wire += "550-5.1.1 No such user\r\n";
  memory.keep("bob@example.org", Reply::verbatim(550, wire + "550 5.1.1 No such user\r\n"), start);
  CHECK_FALSE(knows(memory, "bob@example.org", start));
}

TEST_CASE("the memory is bounded") {
  RecipientMemory memory(2);
  for (const char* recipient : {"a@example.org", "b@example.org", "c@example.org"})
    memory.keep(recipient, taken, start);
  CHECK(knows(memory, "c@example.org", start));
  CHECK(knows(memory, "a@example.org", start) + knows(memory, "b@example.org", start) < 2);
}
