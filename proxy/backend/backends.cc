#include "proxy/backend/backends.h"

#include <algorithm>

#include "proxy/log.h"

namespace proxy {

BackendAddress::Health BackendAddress::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

std::optional<smtp::Extensions> BackendAddress::extensions() const {
  const std::lock_guard lock(mutex_);
  return extensions_;
}

void BackendAddress::reached(const smtp::Extensions& offered) {
  const std::lock_guard lock(mutex_);
  heard_ = std::chrono::steady_clock::now();
  extensions_ = offered;
  if (health_.up) return;
  health_.up = true;
  if (!health_.relays_for_outsiders) health_.last_error.clear();
  LogEvent(LogLevel::info, "backend_up").with("backend", where_.text()).write();
}

void BackendAddress::failed(const std::string& why) {
  const std::lock_guard lock(mutex_);
  heard_ = std::chrono::steady_clock::now();
  const bool news = health_.up || health_.last_error != why;
  health_.up = false;
  ++health_.failures;
  health_.last_error = why;
  if (news) LogEvent(LogLevel::warning, "backend_down").with("backend", where_.text()).with("reason", why).write();
}

void BackendAddress::found_relaying(const std::string& question) {
  const std::lock_guard lock(mutex_);
  health_.relays_for_outsiders = true;
  health_.last_error = "open relay: accepted " + question + " from an outsider";
  LogEvent(LogLevel::error, "backend_open_relay").with("backend", where_.text()).with("accepted", question).write();
}

void BackendAddress::found_closed() {
  const std::lock_guard lock(mutex_);
  if (health_.relays_for_outsiders) health_.last_error.clear();
  health_.relays_for_outsiders = false;
}

bool BackendAddress::wants_probe(std::chrono::steady_clock::time_point now, std::chrono::milliseconds quiet) const {
  const std::lock_guard lock(mutex_);
  return !health_.up || now - heard_ >= quiet;
}

Backends::Backends(const std::vector<std::string>& addresses, unsigned connections) {
  for (const auto& text : addresses)
    if (const auto where = HostPort::parse(text, 25))
      addresses_.push_back(std::make_unique<BackendAddress>(*where, connections));
}

std::vector<BackendAddress*> Backends::candidates() const {
  std::vector<BackendAddress*> order, down;
  for (const auto& address : addresses_) (address->health().up ? order : down).push_back(address.get());
  order.insert(order.end(), down.begin(), down.end());
  return order;
}

smtp::Extensions Backends::offered() const {
  std::optional<smtp::Extensions> common;
  for (const auto& address : addresses_)
    if (const auto known = address->extensions()) common = common ? smtp::intersect(*common, *known) : *known;
  if (!common) {
    common.emplace();
    common->eight_bit_mime = true;
  }
  return *common;
}

bool Backends::may_be_told(std::string_view xclient_attribute) const {
  return std::ranges::any_of(addresses_, [&](const auto& address) {
    const auto known = address->extensions();
    return !known || std::ranges::find(known->xclient, xclient_attribute) != known->xclient.end();
  });
}

bool Backends::any_up() const {
  return std::ranges::any_of(addresses_, [](const auto& address) { return address->health().up; });
}

}  // namespace proxy
