#pragma once
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "greylist/ip_address.h"
#include "greylist/policy.h"
#include "proxy/backend/backends.h"
#include "proxy/config/load.h"
#include "proxy/config/settings.h"

namespace proxy {

// A configuration made ready for use. Immutable: a reload makes a new one, and what began under the old one may end
// under it.
struct Setup {
  Settings settings;
  greylist::Policy policy;
  std::vector<greylist::Network> bare_line_ends_excluded;
  std::shared_ptr<Backends>
      backends;  // shared with the setup before, if its addresses stayed the same: what is known of them stays known
};

// `before`: the setup that this one follows, or null.
std::expected<std::shared_ptr<const Setup>, ConfigProblems> make_setup(Settings settings, const Setup* before);

// The keys whose change a reload can't apply: "listen", "threads", "store", "status", "admin", "user".
std::vector<std::string> changes_needing_restart(const Settings& before, const Settings& after);

}  // namespace proxy
