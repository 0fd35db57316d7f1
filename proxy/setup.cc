#include "proxy/setup.h"

#include "proxy/certificates.h"
#include "proxy/config/build_policy.h"
#include "proxy/log.h"

namespace proxy {

namespace {

bool same_backends(const Settings::Backend& a, const Settings::Backend& b) {
  return a.addresses == b.addresses && a.connections == b.connections && a.client_identity == b.client_identity &&
         a.tls == b.tls && a.ca_file == b.ca_file && a.server_name == b.server_name;
}

std::vector<DnsList> dns_lists(const std::vector<Settings::DnsList>& from) {
  std::vector<DnsList> lists;
  for (const auto& [name, zone, returns, weight] : from) {
    auto& list = lists.emplace_back(name, zone, std::vector<greylist::Network>(), weight);
    for (const auto& network : returns)
      if (const auto parsed = greylist::Network::parse(network)) list.returns.push_back(*parsed);
  }
  return lists;
}

}  // namespace

std::expected<std::shared_ptr<Setup>, ConfigProblems> make_setup(Settings settings, const Setup* before) {
  auto policy = build_policy(settings);
  if (!policy) return std::unexpected(std::move(policy.error()));
  auto setup = std::make_shared<Setup>();
  setup->ticket_keys = before ? before->ticket_keys : std::make_shared<tls::TicketKeys>();
  if (!settings.tls.certificates.empty()) {
    auto tls = build_server_tls(settings, setup->ticket_keys);
    if (!tls) return std::unexpected(std::move(tls.error()));
    setup->tls = std::move(*tls);
  }
  auto backend_tls = build_backend_tls(settings);
  if (!backend_tls) return std::unexpected(std::move(backend_tls.error()));
  setup->backend_tls = std::move(*backend_tls);
  auto store_access = build_store_access(settings);
  if (!store_access) return std::unexpected(std::move(store_access.error()));
  setup->store_access = std::move(*store_access);
  for (const auto& network : settings.bare_line_ends.exclude_clients)
    if (const auto parsed = greylist::Network::parse(network)) setup->bare_line_ends_excluded.push_back(*parsed);
  setup->dns_lists = {dns_lists(settings.dns.allow_lists), dns_lists(settings.dns.block_lists),
                      settings.dns.block_threshold};
  if (before && same_backends(before->settings.backend, settings.backend))
    setup->backends = before->backends;
  else
    setup->backends = std::make_shared<Backends>(settings.backend.addresses, settings.backend.connections);
  setup->policy = std::move(*policy);
  setup->settings = std::move(settings);
  return setup;
}

void add_own_certificate(Setup& setup, const std::string& store_path, const Setup* before) {
  if (!setup.settings.tls.certificates.empty()) return;
  auto own = build_own_tls(setup.settings, store_path, setup.ticket_keys);
  if (!own) {
    LogEvent(LogLevel::error, "no_certificate").with("reason", own.error()).write();
    if (before) setup.tls = before->tls;
    return;
  }
  const auto& certificate = own->tls.certificates.front();
  const auto level = own->not_kept.empty() ? LogLevel::info : LogLevel::warning;
  LogEvent event(level, "self_signed_certificate");
  event.with("certificate", certificate.file).with("expires", date_of(certificate.expires));
  event.with("made", own->made ? "now" : "before");
  if (!own->not_kept.empty()) event.with("not_kept", own->not_kept);
  event.write();
  setup.tls = std::move(own->tls);
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
