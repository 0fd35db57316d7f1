#include "proxy/commands/progress.h"

#include <unistd.h>
#include <cstdio>

namespace proxy {

constexpr std::chrono::milliseconds interval{200};
constexpr const char* start_over = "\r\x1b[K";  // of the line

Progress::Progress() : watched_(::isatty(STDERR_FILENO) == 1) {}

bool Progress::due() const { return watched_ && std::chrono::steady_clock::now() - last_ >= interval; }

void Progress::say(const std::string& line) {
  last_ = std::chrono::steady_clock::now();
  said_ = true;
  std::fputs((start_over + line).c_str(), stderr);
}

void Progress::clear() {
  if (said_) std::fputs(start_over, stderr);
  said_ = false;
}

}  // namespace proxy
