#include "proxy/setup.h"

#include "proxy/config/build_policy.h"

namespace proxy {

namespace {

bool same_backends(const Settings::Backend& a, const Settings::Backend& b) {
  return a.addresses == b.addresses && a.connections == b.connections && a.client_identity == b.client_identity;
}

}  // namespace

std::expected<std::shared_ptr<const Setup>, ConfigProblems> make_setup(Settings settings, const Setup* before) {
  auto policy = build_policy(settings);
  if (!policy) return std::unexpected(std::move(policy.error()));
  auto setup = std::make_shared<Setup>();
  for (const auto& network : settings.bare_line_ends.exclude_clients)
    if (const auto parsed = greylist::Network::parse(network)) setup->bare_line_ends_excluded.push_back(*parsed);
  if (before && same_backends(before->settings.backend, settings.backend))
    setup->backends = before->backends;
  else
    setup->backends = std::make_shared<Backends>(settings.backend.addresses, settings.backend.connections);
  setup->policy = std::move(*policy);
  setup->settings = std::move(settings);
  return setup;
}

std::vector<std::string> changes_needing_restart(const Settings& before, const Settings& after) {
  std::vector<std::string> keys;
  const auto compare = [&](const char* key, const auto& a, const auto& b) {
    if (!(a == b)) keys.emplace_back(key);
  };
  compare("listen", before.listen, after.listen);
  compare("threads", before.threads, after.threads);
  compare("user", before.user, after.user);
  compare("store", before.store, after.store);
  compare("status", before.status_address, after.status_address);
  compare("admin", before.admin_socket, after.admin_socket);
  return keys;
}

}  // namespace proxy
