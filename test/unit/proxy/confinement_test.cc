#include "proxy/confinement.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "test/unit/proxy/temporary_directory.h"

namespace proxy {
namespace {

namespace fs = std::filesystem;

constexpr int no_landlock = 255, not_confined = 254;

// What comes of an attempt, as errno or 0, in a process of its own that may write below `inside` alone.
int confined(const fs::path& inside, const std::function<int()>& attempt) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto done = confine({inside.string()});
    if (!done) ::_exit(done.error().starts_with("Landlock: ") ? no_landlock : not_confined);
    ::_exit(attempt());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int outcome(int result) { return result < 0 ? errno : 0; }
int opened(const fs::path& path, int flags) { return outcome(::open(path.c_str(), flags | O_CLOEXEC, 0600)); }

TEST_CASE("a confined process changes nothing but what is its own, and executes nothing") {
  const TemporaryDirectory directory;
  const fs::path inside = directory.path("inside"), outside = directory.path("outside");
  fs::create_directories(inside);
  fs::create_directories(outside);
  std::ofstream(outside / "file") << "text";
  const int first = confined(inside, [] { return 0; });
  if (first == no_landlock) {
    MESSAGE("this kernel has no Landlock");
    return;
  }
  REQUIRE(first == 0);
  struct Row {
    const char* what;
    int expected;
    std::function<int()> attempt;
  };
  for (const auto& [what, expected, attempt] : {
           Row{"makes a file inside", 0, [&] { return opened(inside / "new", O_CREAT | O_WRONLY); }},
           Row{"makes a directory inside", 0, [&] { return outcome(::mkdir((inside / "d").c_str(), 0700)); }},
           Row{"renames inside", 0, [&] { return outcome(::rename((inside / "d").c_str(), (inside / "e").c_str())); }},
           Row{"removes inside", 0, [&] { return outcome(::unlink((inside / "new").c_str())); }},
           Row{"reads outside", 0, [&] { return opened(outside / "file", O_RDONLY); }},
           Row{"writes outside", EACCES, [&] { return opened(outside / "file", O_WRONLY); }},
           Row{"truncates outside", EACCES, [&] { return outcome(::truncate((outside / "file").c_str(), 0)); }},
           Row{"makes a file outside", EACCES, [&] { return opened(outside / "new", O_CREAT | O_WRONLY); }},
           Row{"makes a directory outside", EACCES, [&] { return outcome(::mkdir((outside / "d").c_str(), 0700)); }},
           Row{"removes outside", EACCES, [&] { return outcome(::unlink((outside / "file").c_str())); }},
           Row{"takes a file out", EACCES,
               [&] { return outcome(::rename((outside / "file").c_str(), (outside / "moved").c_str())); }},
           Row{"gains privileges", 1, [] { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); }},
       }) {
    CAPTURE(what);
    CHECK(confined(inside, attempt) == expected);
  }
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // their reports run a program
  CHECK(confined(inside, [] { return outcome(::execl("/bin/true", "true", nullptr)); }) == EACCES);
#endif
  CHECK(fs::file_size(outside / "file") == 4);
}

TEST_CASE("what isn't there yet may be made, with all that leads to it") {
  const TemporaryDirectory directory;
  const auto made = confined(directory.path("a/b/store"), [&] {
    std::error_code error;
    fs::create_directories(directory.path("a/b/store"), error);
    return error.value();
  });
  CHECK((made == no_landlock || (made == 0 && fs::is_directory(directory.path("a/b/store")))));
}

}  // namespace
}  // namespace proxy
