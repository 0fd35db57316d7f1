#include "proxy/backend/slots.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <optional>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using proxy::Slots;
using Steady = std::chrono::steady_clock;

// One who waits for a slot and keeps it.
struct Waiter {
  std::optional<Slots::Slot> slot;  // nothing: still waiting
  bool has_slot() const { return slot && *slot; }
  bool turned_away() const { return slot && !*slot; }
};

asio::awaitable<void> wait(Slots& slots, Waiter& waiter, Steady::time_point until) {
  waiter.slot = co_await slots.take(until);
}

void begin_to_wait(asio::io_context& io, Slots& slots, Waiter& waiter, Steady::time_point until = Steady::now() + 10s) {
  asio::co_spawn(io, wait(slots, waiter, until), asio::detached);
  io.restart();
  io.poll();
}

void run(asio::io_context& io) {
  io.restart();
  io.poll();
}

}  // namespace

TEST_CASE("no more slots than there are, and what is given back can be taken again") {
  Slots slots(2);
  auto first = slots.try_take();
  {
    const auto second = slots.try_take();
    CHECK(first);
    CHECK(second);
    CHECK(slots.taken() == 2);
    CHECK_FALSE(slots.try_take());
  }
  CHECK(slots.taken() == 1);
  CHECK(slots.try_take());
  first = Slots::Slot();
  CHECK(slots.taken() == 0);
}

TEST_CASE("a slot that is free is taken at once") {
  asio::io_context io;
  Slots slots(1);
  Waiter waiter;
  begin_to_wait(io, slots, waiter);
  CHECK(waiter.has_slot());
}

TEST_CASE("those who wait are served in the order they came") {
  asio::io_context io;
  Slots slots(1);
  std::optional<Slots::Slot> held = slots.try_take();
  Waiter first, second;
  begin_to_wait(io, slots, first);
  begin_to_wait(io, slots, second);
  CHECK_FALSE(first.slot);

  held.reset();
  CHECK_FALSE(slots.try_take());  // it is promised already
  run(io);
  CHECK(first.has_slot());
  CHECK_FALSE(second.slot);

  first.slot.reset();
  run(io);
  CHECK(second.has_slot());
  CHECK(slots.taken() == 1);
  second.slot.reset();
  CHECK(slots.taken() == 0);
}

TEST_CASE("a slot goes from one event loop to another") {
  asio::io_context io;
  Slots slots(1);
  std::optional<Slots::Slot> held = slots.try_take();
  Waiter waiter;
  begin_to_wait(io, slots, waiter);
  io.restart();
  std::jthread other([&] { io.run_for(10s); });
  held.reset();
  other.join();
  CHECK(waiter.has_slot());
  CHECK(slots.taken() == 1);
}

TEST_CASE("who waits for too long gets none, and stands in nobody's way") {
  asio::io_context io;
  Slots slots(1);
  std::optional<Slots::Slot> held = slots.try_take();
  Waiter hasty, patient;
  begin_to_wait(io, slots, hasty, Steady::now() + 1ms);
  begin_to_wait(io, slots, patient);
  io.restart();
  while (!hasty.slot) REQUIRE(io.run_one_for(10s) > 0);
  CHECK(hasty.turned_away());
  CHECK(slots.taken() == 1);

  held.reset();
  run(io);
  CHECK(patient.has_slot());
}

TEST_CASE("a slot granted at the moment when the time is up isn't lost") {
  asio::io_context io;
  Slots slots(1);
  std::optional<Slots::Slot> held = slots.try_take();
  Waiter waiter;
  const auto until = Steady::now() + 2ms;
  begin_to_wait(io, slots, waiter, until);
  std::this_thread::sleep_until(until);
  if (!waiter.slot) {
    held.reset();
    run(io);
    CHECK(waiter.has_slot());
  }
  waiter.slot.reset();
  held.reset();
  CHECK(slots.taken() == 0);
}

TEST_CASE("those who are turned away get none; who comes later may wait again") {
  asio::io_context io;
  Slots slots(1);
  std::optional<Slots::Slot> held = slots.try_take();
  Waiter first, second, later;
  begin_to_wait(io, slots, first);
  begin_to_wait(io, slots, second);
  slots.turn_away();
  begin_to_wait(io, slots, later);
  CHECK(first.turned_away());
  CHECK(second.turned_away());
  CHECK_FALSE(later.slot);
  CHECK(slots.taken() == 1);
  held.reset();
  run(io);
  CHECK(later.has_slot());
}
