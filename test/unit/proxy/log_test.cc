#include "proxy/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "test/unit/proxy/temporary_directory.h"

using namespace proxy;

namespace {

// What the process writes to stderr during `act`.
template <class Act>
std::vector<std::string> stderr_lines(Act act) {
  const TemporaryDirectory directory;
  const auto path = directory.write("stderr", "");
  const int saved = dup(STDERR_FILENO);
  const int file = open(path.c_str(), O_WRONLY | O_APPEND);
  dup2(file, STDERR_FILENO);
  act();
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(file);
  std::vector<std::string> lines;
  std::ifstream written(path);
  for (std::string line; std::getline(written, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("nothing is written before the log starts or after it stops") {
  const auto lines = stderr_lines([] {
    LogEvent(LogLevel::error, "early").write();
    start_log("debug", "json");
    stop_log();
    LogEvent(LogLevel::error, "late").write();
  });
  CHECK(lines.empty());
}

TEST_CASE("events below the level in force are not written, and level and format can change") {
  const auto lines = stderr_lines([] {
    start_log("warning", "json");
    LogEvent(LogLevel::info, "not this").with("a", "b").write();
    CHECK_FALSE(logs(LogLevel::info));
    LogEvent(LogLevel::warning, "this").with("count", 3).with("names", std::vector<std::string>{"a"}).write();
    start_log("debug", "text");
    LogEvent event(LogLevel::debug, "that");
    event.with("a", "b");
    event.write();
    event.write();
    stop_log();
  });
  REQUIRE(lines.size() == 2);
  const auto first = nlohmann::json::parse(lines[0]);
  CHECK(first["level"] == "warning");
  CHECK(first["event"] == "this");
  CHECK(first["count"] == 3);
  CHECK(first["names"] == std::vector<std::string>{"a"});
  CHECK(lines[1].ends_with("Z debug that a=b"));
}

TEST_CASE("lines of many threads stay whole") {
  constexpr int threads = 4, each = 200;
  const auto lines = stderr_lines([] {
    start_log("info", "json");
    std::vector<std::jthread> writers;
    for (int i = 0; i < threads; ++i)
      writers.emplace_back([] {
        for (unsigned n = 0; n < each; ++n) LogEvent(LogLevel::info, "x").with("n", n).write();
      });
    writers.clear();
    CHECK(dropped_log_lines() == 0);
    stop_log();
  });
  CHECK(lines.size() == threads * each);
  for (const auto& line : lines) CHECK(nlohmann::json::accept(line));
}

TEST_CASE("a reader that is stuck costs lines, which are counted, and no time") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int saved = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  start_log("info", "json");
  constexpr unsigned written = 20'000;  // more than the queue and the pipe hold
  for (unsigned n = 0; n < written; ++n) LogEvent(LogLevel::info, "x").with("filler", std::string(100, 'x')).write();
  const auto dropped = dropped_log_lines();
  CHECK(dropped > 0);
  std::size_t lines = 0;
  std::jthread reader([&] {
    char buffer[65536];
    for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
      lines += static_cast<std::size_t>(std::count(buffer, buffer + got, '\n'));
  });
  stop_log();
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(ends[1]);
  reader.join();
  close(ends[0]);
  CHECK(lines + dropped == written);
}
