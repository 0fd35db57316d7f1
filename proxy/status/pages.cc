#include "proxy/status/pages.h"

#include "proxy/certificates.h"
#include "proxy/log.h"
#include "proxy/status/metrics.h"
#include "proxy/status/page.h"
#include "proxy/status/recent_document.h"
#include "proxy/status/status_document.h"
#include "proxy/version.h"

namespace proxy {

namespace {

void add_counters(StatusReport& report, const Counters& counters) {
  report.connections.open += counters.connections.open.value();
  report.connections.accepted += counters.connections.accepted.value();
  report.connections.refused += counters.connections.refused.value();
  report.connections.tls += counters.connections.tls.value();
  report.recipients.put_off += counters.recipients.put_off.value();
  report.recipients.passed += counters.recipients.passed.value();
  report.recipients.refused += counters.recipients.refused.value();
  for (std::size_t i = 0; i < greylist::verdict_count; ++i)
    report.recipients.verdicts[i] += counters.recipients.verdicts[i].value();
  report.recipients.relay_denied += counters.recipients.relay_denied.value();
  report.recipients.unsafe += counters.recipients.unsafe.value();
  report.recipients.needs_smtputf8 += counters.recipients.needs_smtputf8.value();
  report.messages.relayed += counters.messages.relayed.value();
  report.messages.refused += counters.messages.refused.value();
  report.messages.unknown += counters.messages.unknown.value();
  report.messages.bytes += counters.messages.bytes.value();
  for (int code = ReplyCounters::first; code <= ReplyCounters::last; ++code)
    if (const auto count = counters.replies.value(code)) report.replies[code] += count;
  counters.reply_time.add_to(report.times.reply);
  counters.added_time.add_to(report.times.added);
  counters.store_time.add_to(report.times.store);
  counters.until_passed.add_to(report.times.until_passed);
}

// Why no mail should be sent here now.
std::vector<std::string> reasons_against(const StatusSources& sources) {
  std::vector<std::string> reasons;
  if (sources.draining) reasons.emplace_back("draining");
  const auto store = sources.site.store.status();
  if (!store.ok && store.stand_in.empty()) reasons.push_back("store: " + store.problem);
  const bool any_up = sources.setup->backends->any_up();
  const bool takes_any_domain = sources.setup->policy.domains.everything();
  for (const auto& address : sources.setup->backends->addresses()) {
    const auto health = address->health();
    const auto why = health.last_error.empty() ? "not asked yet" : health.last_error;
    if (!any_up || (health.relays_for_outsiders && takes_any_domain))
      reasons.push_back("backend " + address->where().text() + ": " + why);
  }
  return reasons;
}

StatusReport gather(const StatusSources& sources) {
  const auto& settings = sources.setup->settings;
  StatusReport report;
  report.version = version();
  report.hostname = settings.hostname;
  report.uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - sources.started);
  report.started = sources.start_time;
  report.draining = sources.draining;
  report.not_ready = reasons_against(sources);
  report.dropped_log_lines = dropped_log_lines();
  for (const auto& address : sources.site.hidden_clients.addresses())
    report.warnings.push_back("client addresses seem to be hidden behind " + address +
                              ": many senders' mail comes from this private address");
  for (const auto& loop : sources.loops) add_counters(report, loop->counters);
  for (const auto& address : sources.setup->backends->addresses()) {
    const auto health = address->health();
    report.backends.push_back({.address = address->where().text(),
                               .up = health.up,
                               .open = address->slots.taken(),
                               .failures = health.failures,
                               .pooled = address->pooled,
                               .reused = address->reused,
                               .last_error = health.last_error});
  }
  report.greylist = {settings.greylist.mode, settings.greylist.limits};
  const auto store = sources.site.store.status();
  report.store = {store.engine, store.ok,      store.entries_estimate, store.bytes,
                  store.errors, store.problem, store.stand_in};
  const auto handshakes = sources.site.tls_counts.counts();
  report.tls = {handshakes.clients, handshakes.backends, handshakes.failed, handshakes.backend_failed, {}};
  for (const auto& [file, names, expires] : sources.setup->tls.certificates)
    report.tls.certificates.push_back({file, names, expires});
  for (const auto& [file, names, expires] : expiring(sources.setup->tls, std::chrono::system_clock::now()))
    report.warnings.push_back("certificate " + file + " expires on " + date_of(expires));
  const auto recent = sources.site.recent.report(sources.site.clock.now());
  for (const auto& row : recent.clients) report.put_off_most.clients.emplace_back(row.who, row.times);
  for (const auto& row : recent.senders) report.put_off_most.senders.emplace_back(row.who, row.times);
  return report;
}

}  // namespace

HttpAnswer status_page(std::string_view path, const StatusSources& sources) {
  if (path == "/healthz") return health();
  if (path == "/readyz") return readiness(reasons_against(sources));
  if (path == "/status") return HttpAnswer{.body = status_document(gather(sources))};
  if (path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(gather(sources))};
  if (path == "/status/recent") {
    const auto now = sources.site.clock.now();
    return {.body = recent_document(sources.site.recent.report(now), now)};
  }
  if (path == "/") {
    const auto now = sources.site.clock.now();
    return page_for_people({gather(sources), reasons_against(sources), sources.site.recent.report(now), now});
  }
  return {404, "text/plain", "There is no such page.\n"};
}

}  // namespace proxy
