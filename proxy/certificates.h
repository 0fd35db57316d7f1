#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "proxy/config/build_tls.h"

namespace proxy {

std::string date_of(std::chrono::system_clock::time_point time);  // "2027-01-01T00:00:00Z", RFC 3339

// Those that have expired or will within 14 days.
std::vector<ServerTls::Shown> expiring(const ServerTls& tls, std::chrono::system_clock::time_point now);

}  // namespace proxy
