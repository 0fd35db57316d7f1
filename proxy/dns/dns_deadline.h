#pragma once
#include <chrono>

namespace proxy {

using DnsDeadline = std::chrono::steady_clock::time_point;  // when to go on without an answer

}  // namespace proxy
