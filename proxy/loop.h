#pragma once
#include <asio/io_context.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <vector>

#include "greylist/reputations.h"
#include "greylist/rules/rate.h"
#include "greylist/store/store.h"
#include "proxy/backend/pool.h"
#include "proxy/backend/recipient_check.h"
#include "proxy/buffers.h"
#include "proxy/clock.h"
#include "proxy/connection_limits.h"
#include "proxy/counters.h"
#include "proxy/deadlines.h"
#include "proxy/dns/resolver.h"
#include "proxy/hidden_clients.h"
#include "proxy/put_off_counts.h"
#include "proxy/setup.h"
#include "proxy/status/recent.h"
#include "proxy/tarpit.h"
#include "proxy/tls_counts.h"
#include "tls/turnstile.h"

namespace proxy {

class Session;
struct Loop;

// What all event loops share; each part is thread-safe.
struct Site {
  Site(const Clock& time, greylist::Store& records, std::uint64_t first_session)
      : clock(time), store(records), next_session(first_session) {}

  const Clock& clock;
  greylist::Store& store;
  ConnectionLimits connections;
  HiddenClients hidden_clients;
  PutOffCounts put_off_counts;
  greylist::Reputations reputations;
  greylist::RateCounts rates;
  TlsCounts tls_counts;
  Tarpit tarpit;
  Recent recent;
  std::atomic<std::uint64_t> next_session;
  std::vector<Loop*> loops;  // complete before any of them runs
};

// One event loop and what lives on it. Used on its own thread alone, but for `counters` and posting to `io`.
struct Loop {
  Loop(Site& shared, std::shared_ptr<const Setup> initial)
      : site(shared),
        setup(std::move(initial)),
        resolver(io, {setup->settings.dns.servers, setup->settings.dns.timeout}) {}

  Site& site;
  std::shared_ptr<const Setup> setup;  // replaced by a reload
  // Replaced by whoever changes them.
  std::shared_ptr<const greylist::RunTimeLists> run_time_lists = std::make_shared<greylist::RunTimeLists>();
  std::unordered_set<Session*> sessions;
  std::unordered_set<BackendConnection*> backend_connections;
  asio::io_context io{1};
  Deadlines deadlines{io};
  tls::Turnstile handshakes{io};
  Resolver resolver;
  Buffers buffers;
  Counters counters;
  unsigned turned_away_in_tls = 0;  // under way
  bool draining = false;
  bool cut = false;  // the time to drain is up: nothing new is begun with backends
  BackendPool backend_pool{*this};
  RecipientCheck recipient_check{*this};
};

}  // namespace proxy
