#pragma once
#include <chrono>
#include <string>

namespace proxy {

// A line on stderr that says how far a long command has come, if somebody is watching: if stderr is a terminal.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool due() const;  // watched, and the line is old
  void say(const std::string& line);
  void clear();  // before something else is printed

 private:
  const bool watched_;
  bool said_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace proxy
