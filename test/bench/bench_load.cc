// Many SMTP sessions at once with a server on 127.0.0.1, and what they took: `bench_load --help`. Any reply that isn't
// the expected one makes a session a failure, and the exit status 1. In the mode "idle" it holds its sessions after
// EHLO from the first line of its output until its input ends.
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <deque>
#include <nlohmann/json.hpp>

#include "proxy/process.h"
#include "test/bench/load/session.h"

namespace {

using namespace bench;
using std::chrono::steady_clock;

class Load {
 public:
  explicit Load(const Options& options) : options_(options), run_(options) {}

  bool measure() {
    const auto began = steady_clock::now();
    all_sessions();
    const std::chrono::duration<double> taken = steady_clock::now() - began;
    std::puts(nlohmann::ordered_json{{"sessions", options_.sessions},
                                     {"seconds", taken.count()},
                                     {"failures", failures_},
                                     {"first_failure", first_failure_},
                                     {"late", late_},
                                     {"recipient_ms", quantiles()}}
                  .dump()
                  .c_str());
    return failures_ == 0;
  }

  bool hold() {
    all_sessions();
    std::printf("%zu sessions are open\n", held_.size());
    std::fflush(stdout);
    for (char end; ::read(STDIN_FILENO, &end, 1) > 0;) {
    }
    for (auto& session : held_) asio::co_spawn(run_.loop, counted(session.still_there()), asio::detached);
    run_.loop.restart();
    run_.loop.run();
    if (failures_ > 0) std::printf("%d failed; the first: %s\n", failures_, first_failure_.c_str());
    return failures_ == 0;
  }

 private:
  void all_sessions() {
    if (options_.per_second > 0) {
      asio::co_spawn(run_.loop, paced(), asio::detached);
    } else {
      for (int i = 0; i < options_.at_once; ++i) asio::co_spawn(run_.loop, one_after_the_other(), asio::detached);
    }
    run_.loop.run();
  }

  asio::awaitable<void> one_after_the_other() {
    while (next_ < options_.sessions) co_await one(next_++);
  }

  // An attempt that would be one too many at once is made when another has ended, and counted as late.
  asio::awaitable<void> paced() {
    asio::steady_timer timer(run_.loop);
    const auto began = steady_clock::now();
    while (next_ < options_.sessions) {
      timer.expires_at(began + std::chrono::nanoseconds(std::chrono::seconds(1)) * next_ / options_.per_second);
      co_await timer.async_wait(asio::use_awaitable);
      if (open_ >= options_.at_once) ++late_;
      while (open_ >= options_.at_once) {
        timer.expires_after(std::chrono::milliseconds(1));
        co_await timer.async_wait(asio::use_awaitable);
      }
      ++open_;
      asio::co_spawn(run_.loop, one(next_++), [this](const std::exception_ptr&) { --open_; });
    }
  }

  asio::awaitable<void> one(int number) {
    if (options_.mode == Options::Mode::idle) {
      held_.emplace_back(run_, number);
      co_await counted(held_.back().open());
      co_return;
    }
    Session session(run_, number);
    co_await counted(options_.mode == Options::Mode::relay ? session.relay() : session.be_put_off());
    milliseconds_.push_back(session.recipient_reply().count());
  }

  asio::awaitable<void> counted(asio::awaitable<void> conversation) {
    try {
      co_await std::move(conversation);
    } catch (const std::exception& failed) {
      if (++failures_ == 1) first_failure_ = failed.what();
    }
  }

  nlohmann::ordered_json quantiles() {
    if (milliseconds_.empty()) return nullptr;
    std::ranges::sort(milliseconds_);
    const auto at = [&](double which) {
      return milliseconds_[static_cast<std::size_t>(which * static_cast<double>(milliseconds_.size() - 1))];
    };
    return {{"p50", at(0.5)}, {"p99", at(0.99)}, {"max", milliseconds_.back()}};
  }

  const Options& options_;
  Run run_;
  std::deque<Session> held_;
  std::vector<double> milliseconds_;
  int next_ = 0, open_ = 0, failures_ = 0, late_ = 0;
  std::string first_failure_;
};

}  // namespace

int main(int count, char** arguments) {
  const auto options = parse(count, arguments);
  if (!options) return std::fprintf(stderr, "bench_load: %s\n", options.error().c_str()), 2;
  proxy::raise_descriptor_limit();
  Load load(*options);
  const bool well = options->mode == Options::Mode::idle ? load.hold() : load.measure();
  return well ? 0 : 1;
}
