#include "proxy/config/system_name.h"

#include <netdb.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

namespace proxy {
namespace {

std::string canonical_name(const std::string& name) {
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return name;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  return found->ai_canonname ? found->ai_canonname : name;
}

}  // namespace

std::string short_host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

// getaddrinfo takes no deadline and may wait half a minute for name servers that are gone, so it gets a thread that can
// be left behind; the state it writes to is the future's own.
std::string full_host_name() {
  std::string name = short_host_name();
  if (name.find('.') != std::string::npos) return name;
  std::packaged_task<std::string()> ask([name] { return canonical_name(name); });
  auto answer = ask.get_future();
  std::thread(std::move(ask)).detach();
  if (answer.wait_for(std::chrono::seconds(1)) != std::future_status::ready) return name;
  return answer.get();
}

}  // namespace proxy
