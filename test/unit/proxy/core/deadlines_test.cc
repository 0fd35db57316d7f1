#include "proxy/deadlines.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using proxy::Deadline;
using proxy::Deadlines;
using Steady = std::chrono::steady_clock;

// A loop that runs until no deadline is left, with a bound for when one is lost.
struct Wheel {
  asio::io_context io{1};
  Deadlines deadlines{io};
  Steady::time_point began = Steady::now();

  void run() {
    io.run_for(10s);
    CHECK(io.stopped());
  }
  auto elapsed() const { return Steady::now() - began; }
};

}  // namespace

TEST_CASE("deadlines come in their order, each once and none early") {
  Wheel wheel;
  std::string order;
  bool early = false;
  Deadline third(wheel.deadlines, [&] { order += 'c', early |= wheel.elapsed() < 240ms; });
  Deadline first(wheel.deadlines, [&] { order += 'a', early |= wheel.elapsed() < 60ms; });
  Deadline second(wheel.deadlines, [&] { order += 'b', early |= wheel.elapsed() < 150ms; });
  third.after(240ms);
  first.after(60ms);
  second.after(150ms);
  wheel.run();
  CHECK(order == "abc");
  CHECK_FALSE(early);
}

TEST_CASE("a deadline of no time comes too") {
  Wheel wheel;
  int calls = 0;
  Deadline deadline(wheel.deadlines, [&] { ++calls; });
  deadline.after(0ms);
  CHECK(calls == 0);
  wheel.run();
  CHECK(calls == 1);
}

TEST_CASE("a deadline that is moved comes at its last moment alone") {
  Wheel wheel;
  int calls = 0;
  Steady::duration at{};
  Deadline deadline(wheel.deadlines, [&] { ++calls, at = wheel.elapsed(); });

  SUBCASE("later") {
    deadline.after(40ms);
    deadline.after(200ms);
    wheel.run();
    CHECK(at >= 200ms);
  }
  SUBCASE("earlier") {
    deadline.after(30s);
    deadline.after(60ms);
    wheel.run();
    CHECK(at >= 60ms);
    CHECK(at < 9s);
  }
  SUBCASE("earlier than one round of the wheel, from beyond it") {
    deadline.after(1h);
    deadline.after(60ms);
    wheel.run();
    CHECK(at >= 60ms);
    CHECK(at < 9s);
  }
  SUBCASE("to never, and back") {
    deadline.after(60ms);
    deadline.never();
    deadline.after(60ms);
    wheel.run();
    CHECK(at >= 60ms);
  }
  CHECK(calls == 1);
}

TEST_CASE("a deadline that is called off or gone doesn't come, and those beside it do") {
  Wheel wheel;
  std::string order;
  Deadline off(wheel.deadlines, [&] { order += '!'; });
  Deadline a(wheel.deadlines, [&] { order += 'a'; });
  std::optional<Deadline> gone(std::in_place, wheel.deadlines, [&] { order += '!'; });
  Deadline b(wheel.deadlines, [&] { order += 'b'; });
  for (auto* deadline : {&off, &a, &*gone, &b}) deadline->after(60ms);
  off.never();

  SUBCASE("from the middle") { gone.reset(); }
  SUBCASE("after its neighbour") {
    b.never();
    gone.reset();
    b.after(60ms);
  }
  wheel.run();
  CHECK(order.size() == 2);
  CHECK(order.find('a') != order.npos);
  CHECK(order.find('b') != order.npos);
}

TEST_CASE("what is called may set the deadline again, or end it") {
  Wheel wheel;
  int calls = 0;
  Deadline again(wheel.deadlines, [&] {
    if (++calls < 3) again.after(1ms);
  });
  std::unique_ptr<Deadline> own = std::make_unique<Deadline>(wheel.deadlines, [&] { own.reset(); });
  again.after(1ms);
  own->after(1ms);
  wheel.run();
  CHECK(calls == 3);
  CHECK(!own);
}

TEST_CASE("a wheel that has stood still starts again at the right time") {
  Wheel wheel;
  int calls = 0;
  Deadline deadline(wheel.deadlines, [&] { ++calls; });
  deadline.after(1ms);
  wheel.run();
  wheel.io.restart();
  asio::steady_timer pause(wheel.io, 120ms);
  pause.async_wait([](const std::error_code&) {});
  wheel.run();

  wheel.io.restart();
  wheel.began = Steady::now();
  deadline.after(100ms);
  wheel.run();
  CHECK(wheel.elapsed() >= 100ms);
  CHECK(calls == 2);
}
