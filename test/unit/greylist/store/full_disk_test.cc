// On a full disk writes fail and are said to fail, reads go on, and within 20 s of there being space all works again.
// Needs a file system of its own, mounted in a mount namespace of its own; skipped where that is not permitted.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>

#include "test/unit/greylist/store/fixture.h"

using namespace greylist;
using namespace greylist::test;
using namespace std::chrono_literals;

namespace {

std::filesystem::path disk;

void fill_up(const std::filesystem::path& ballast, std::uintmax_t leave) {
  const auto available = std::filesystem::space(disk).available;
  REQUIRE(available > leave);
  std::ofstream(ballast) << std::string(available - leave, '\0');
}

bool attempt(Store& store, int n) { return run(store.attempt(question(n), start, limits, no_auto_allow)).has_value(); }

int lost(Store& store, int recorded) {
  int missing = 0;
  for (int n = 0; n < recorded; ++n) {
    const auto record = run(store.find(triplet(n)));
    if (!record || !*record) ++missing;
  }
  return missing;
}

}  // namespace

TEST_CASE("a full disk is outlived") {
  Rocks rocks(disk / "greylist");
  const auto store = rocks.open();
  const auto ballast = disk / "ballast";
  int recorded = 0;
  // Little room: the log meets the end of the disk. More: a table does.
  for (const std::uintmax_t room : {256u << 10, 1216u << 10}) {
    CAPTURE(room);
    for (int i = 0; i < 500; ++i) REQUIRE(attempt(*store, recorded++));
    fill_up(ballast, room);
    {
      std::jthread other([&store] {
        for (int n = 1'000'000; attempt(*store, n); ++n) continue;
      });
      while (attempt(*store, recorded)) ++recorded;
    }
    CHECK_FALSE(attempt(*store, recorded));
    CHECK_FALSE(store->status().ok);
    CHECK(store->status().errors > 0);
    CHECK(lost(*store, recorded) == 0);

    // Long enough full for whatever tries again.
    std::this_thread::sleep_for(2s);
    CHECK_FALSE(attempt(*store, recorded));

    std::filesystem::remove(ballast);
    const auto freed = std::chrono::steady_clock::now();
    while (!attempt(*store, recorded) && std::chrono::steady_clock::now() - freed < 20s) {
      std::this_thread::sleep_for(100ms);
    }
    MESSAGE("worked again after ",
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - freed).count(),
            " ms");
    CHECK(attempt(*store, recorded++));
    CHECK(lost(*store, recorded) == 0);
    for (int tries = 0; tries < 50 && !store->status().ok; ++tries) std::this_thread::sleep_for(100ms);
    CHECK(store->status().ok);
    CHECK(rocks.warnings().contains("works again"));
  }
  CHECK_FALSE(rocks.warnings().contains("repair"));
}

int main(int argc, char** argv) {
  const TempDir dir;
  disk = dir.path();
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", disk.c_str(), "tmpfs", 0, "size=16m") != 0) {
    std::printf("skipped: can't mount a small file system here (%s)\n", std::strerror(errno));
    return 77;
  }
  const int result = doctest::Context(argc, argv).run();
  ::umount2(disk.c_str(), MNT_DETACH);
  return result;
}
