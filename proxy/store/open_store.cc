#include "proxy/store/open_store.h"

#include "greylist/store/fallback_store.h"
#include "greylist/store/redis_store.h"
#include "greylist/store/rocksdb_store.h"
#include "proxy/config/host_port.h"
#include "proxy/log.h"
#include "proxy/store/redis_wire.h"

namespace proxy {
namespace {

using Opened = std::expected<std::unique_ptr<greylist::Store>, std::string>;

void warn(std::string_view what) { LogEvent(LogLevel::warning, "store").with("reason", what).write(); }

Opened open_rocksdb(const std::string& key, const std::string& path, const Settings& settings, Clock& clock) {
  auto opened = greylist::open_rocksdb_store({.path = path,
                                              .cache_bytes = settings.store.cache,
                                              .limits = settings.greylist.limits,
                                              .clock = [&clock] { return clock.now(); },
                                              .warn = warn});
  if (!opened) return std::unexpected(key + ": " + opened.error().what);
  return *std::move(opened);
}

std::unique_ptr<greylist::Store> open_redis(const Settings& settings, StoreAccess access) {
  greylist::RedisOptions options{.cluster = settings.store.cluster,
                                 .prefix = settings.store.prefix,
                                 .username = settings.store.username,
                                 .password = std::move(access.password),
                                 .timeout = settings.store.timeout,
                                 .host = settings.hostname,
                                 .limits = settings.greylist.limits,
                                 .dial = redis_dial(std::move(access.tls)),
                                 .warn = warn};
  for (const auto& node : settings.store.nodes)
    if (const auto address = HostPort::parse(node)) options.nodes.push_back({address->host, address->port});
  return greylist::open_redis_store(std::move(options));
}

}  // namespace

Opened open_store(const Settings& settings, StoreAccess access, Clock& clock) {
  const auto& store = settings.store;
  if (store.engine != "redis") return open_rocksdb("store.path", store.path, settings, clock);
  auto redis = open_redis(settings, std::move(access));
  if (store.fallback.empty()) return redis;
  auto local = open_rocksdb("store.fallback", store.fallback, settings, clock);
  if (!local) return local;
  return greylist::make_fallback_store(std::move(redis), *std::move(local), [&clock] { return clock.now(); });
}

}  // namespace proxy
