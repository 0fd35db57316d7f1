#include "proxy/connection_limits.h"

namespace proxy {

namespace {

greylist::IpAddress counted_as(const greylist::IpAddress& client) {
  return client.is_v4() ? client : client.masked(64);
}

}  // namespace

ConnectionLimits::Place ConnectionLimits::enter(const greylist::IpAddress& client, std::size_t total,
                                                std::size_t per_client) {
  const auto whose = counted_as(client);
  const std::lock_guard lock(mutex_);
  const auto found = by_client_.find(whose);
  if (open_ >= total || (found != by_client_.end() && found->second >= per_client)) return {};
  ++open_;
  ++by_client_[whose];
  return {*this, whose};
}

void ConnectionLimits::leave(const greylist::IpAddress& client) {
  const std::lock_guard lock(mutex_);
  --open_;
  const auto found = by_client_.find(client);
  if (--found->second == 0) by_client_.erase(found);
}

}  // namespace proxy
