#pragma once
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "greylist/ip_address.h"
#include "greylist/policy.h"
#include "proxy/backend/backends.h"
#include "proxy/config/build_store.h"
#include "proxy/config/build_tls.h"
#include "proxy/config/load.h"
#include "proxy/config/settings.h"
#include "proxy/dns/dns_list.h"

namespace proxy {

// A configuration made ready for use. Immutable: a reload makes a new one, and what began under the old one may end
// under it.
struct Setup {
  Settings settings;
  greylist::Policy policy;
  std::vector<greylist::Network> bare_line_ends_excluded;
  DnsLists dns_lists;
  // Shared with the setup before, if its addresses stayed the same: what is known of them stays known.
  std::shared_ptr<Backends> backends;
  std::shared_ptr<tls::TicketKeys> ticket_keys;           // shared with the setup before
  ServerTls tls;                                          // its context is null where TLS isn't to be had
  std::shared_ptr<const tls::ClientContext> backend_tls;  // null: plain
  StoreAccess store_access;
};

// `before`: the setup that this one follows, or null. Without tls.certificates it has no TLS yet.
std::expected<std::shared_ptr<Setup>, ConfigProblems> make_setup(Settings settings, const Setup* before);

// Without tls.certificates: puts our own self-signed one in, made if it isn't there, and logs so. To be called once the
// process is the user whose files it may write.
// `before`: the setup in force, or null: its certificate stays if the kept one can't be read just now.
void add_own_certificate(Setup& setup, const std::string& store_path, const Setup* before);

// The keys whose change a reload can't apply: "listen", "threads", "store", "status", "admin", "user".
std::vector<std::string> changes_needing_restart(const Settings& before, const Settings& after);

}  // namespace proxy
