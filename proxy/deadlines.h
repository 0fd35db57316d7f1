#pragma once
#include <array>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>

namespace proxy {

class Deadlines;

// A moment after which something is called, once. Moving it is a store of a number: no timer of its own, no system
// call.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  Deadline(Deadlines& loop, std::function<void()> expired) : deadlines_(loop), expired_(std::move(expired)) {}
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void after(std::chrono::milliseconds time);
  void never() { at_ = Clock::time_point::max(); }

 private:
  friend class Deadlines;
  Deadlines& deadlines_;
  std::function<void()> expired_;
  Clock::time_point at_ = Clock::time_point::max();
  Deadline* previous_ = nullptr;  // neighbours in a slot of the wheel
  Deadline* next_ = nullptr;
  std::size_t slot_ = none;
  Clock::time_point visit_{};  // when that slot comes up
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
};

// All deadlines of one event loop on one coarse timer: a wheel of slots. A deadline moved to a later moment stays where
// it is and is moved on when its slot comes up, so the many moves of a busy connection cost nothing. A call comes up to
// one tick late, never early.
class Deadlines {
 public:
  static constexpr std::chrono::milliseconds tick{50};

  explicit Deadlines(asio::io_context& loop) : timer_(loop) {}

 private:
  friend class Deadline;
  static constexpr std::size_t slots = 1200;  // one minute; what is later goes round again

  void link(Deadline& deadline);
  void unlink(Deadline& deadline);
  void wait();
  void turn();

  asio::steady_timer timer_;
  std::array<Deadline*, slots> wheel_{};
  std::size_t hand_ = 0;
  Deadline::Clock::time_point hand_at_;
  std::size_t linked_ = 0;
  bool running_ = false;
};

}  // namespace proxy
