#pragma once
#include <chrono>

namespace proxy {

// When to go on without an answer.
using DnsDeadline = std::chrono::steady_clock::time_point;
constexpr DnsDeadline at_once = DnsDeadline::min();  // with what is remembered; the rest is asked, and not waited for

}  // namespace proxy
