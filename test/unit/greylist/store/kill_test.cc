// What a store answered survives the death of its process at any moment, and while that lives nobody else gets in.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstring>

#include "test/unit/greylist/store/fixture.h"

using namespace greylist;
using namespace greylist::test;

namespace {

// The process that will be killed: passes triplet after triplet and says so, each as four octets on stdout.
int pass_triplets(const char* path, const char* first) {
  Rocks rocks(path);
  const auto store = rocks.open();
  int n = 0;
  std::from_chars(first, first + std::strlen(first), n);
  auto play = [&]() -> asio::awaitable<void> {
    for (;; ++n) {
      const auto begun = co_await store->attempt(question(n), start, limits, no_auto_allow);
      const auto passed = co_await store->attempt(question(n), start + limits.delay, limits, no_auto_allow);
      if (!begun || !passed || passed->verdict != Verdict::retried) co_return;
      if (::write(STDOUT_FILENO, &n, sizeof n) != sizeof n) co_return;
    }
  };
  run(play());
  return 1;
}

class Victim {
 public:
  Victim(const std::string& path, int first) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    answers_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    std::string verb = "pass", from = path, number = std::to_string(first);
    std::array<char*, 5> arguments{verb.data(), verb.data(), from.data(), number.data(), nullptr};
    REQUIRE(::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;
  ~Victim() {
    kill();
    ::close(answers_);
  }

  bool hear(int& n) { return ::read(answers_, &n, sizeof n) == sizeof n; }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }

 private:
  pid_t pid_ = 0;
  int answers_ = -1;
};

}  // namespace

TEST_CASE("what was answered is known after kill -9") {
  const TempDir dir;
  const Rocks rocks(dir.path() / "greylist");
  int next = 0;
  for (const int answers_before_death : {1, 700, 37, 2500, 260}) {
    CAPTURE(answers_before_death);
    int last = -1;
    {
      Victim victim(rocks.path(), next);
      for (int heard = 0; heard < answers_before_death; ++heard) REQUIRE(victim.hear(last));
      Rocks intruder(rocks.path());
      CHECK_FALSE(open_rocksdb_store(intruder.options()));
      CHECK(intruder.warnings() == "");
      victim.kill();
      while (victim.hear(last)) continue;  // said just before it died
    }
    Rocks heir(rocks.path());
    const auto store = heir.open();
    CHECK(heir.warnings() == "");
    int lost = 0;
    for (int n = 0; n <= last; ++n) {
      const auto record = run(store->find(triplet(n)));
      if (!record || !*record || !(*record)->passed) ++lost;
    }
    CHECK(last >= next + answers_before_death - 1);
    CHECK(lost == 0);
    next = last + 2;  // the one after the last was under way: leave it
    REQUIRE(run(store->attempt(question(last + 1), start, limits, no_auto_allow)));
    REQUIRE(run(store->attempt(question(last + 1), start + limits.delay, limits, no_auto_allow)));
  }
}

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "pass") == 0) return pass_triplets(argv[2], argv[3]);
  return doctest::Context(argc, argv).run();
}
