#pragma once
#include <chrono>

namespace greylist {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;  // always an argument: nothing in greylist/ reads a clock

}  // namespace greylist
