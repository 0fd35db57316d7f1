#include "proxy/certificates.h"

#include <array>
#include <ctime>

namespace proxy {

namespace {

constexpr std::chrono::days warned_ahead{14};

}  // namespace

std::string date_of(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::vector<ServerTls::Shown> expiring(const ServerTls& tls, std::chrono::system_clock::time_point now) {
  auto soon = tls.certificates;
  std::erase_if(soon, [&](const auto& certificate) { return certificate.expires - now > warned_ahead; });
  return soon;
}

}  // namespace proxy
