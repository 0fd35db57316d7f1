#include "proxy/status/status_document.h"

#include <nlohmann/json.hpp>

#include "proxy/certificates.h"
#include "proxy/config/duration.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

// A backend's words may stand in the text: whatever their octets, the document is to be JSON.
std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

Json verdicts_of(const StatusReport::Recipients& recipients) {
  Json verdicts = Json::object();
  for (std::size_t i = 0; i < recipients.verdicts.size(); ++i)
    verdicts[std::string(word(static_cast<greylist::Verdict>(i)))] = recipients.verdicts[i];
  return verdicts;
}

Json backends_of(const StatusReport& report) {
  Json backends = Json::array();
  for (const auto& backend : report.backends)
    backends.push_back({{"address", backend.address},
                        {"up", backend.up},
                        {"open", backend.open},
                        {"pooled", backend.pooled},
                        {"reused", backend.reused},
                        {"failures", backend.failures},
                        {"last_error", backend.last_error}});
  return backends;
}

Json greylist_of(const StatusReport::Greylist& greylist) {
  return {{"mode", greylist.mode},
          {"delay", duration_text(greylist.limits.delay)},
          {"retry_window", duration_text(greylist.limits.retry_window)},
          {"lifetime", duration_text(greylist.limits.lifetime)}};
}

Json tls_of(const StatusReport::Tls& tls) {
  Json certificates = Json::array();
  for (const auto& [file, names, expires] : tls.certificates)
    certificates.push_back({{"certificate", file}, {"names", names}, {"expires", date_of(expires)}});
  return {{"clients", tls.clients},
          {"backends", tls.backends},
          {"handshakes_failed", tls.handshakes_failed},
          {"certificates", certificates}};
}

Json put_off(const std::vector<std::pair<std::string, StatusReport::Count>>& rows) {
  Json list = Json::array();
  for (const auto& [name, times] : rows) list.push_back({{"name", name}, {"times", times}});
  return list;
}

}  // namespace

std::string status_document(const StatusReport& report) {
  const auto& [open, accepted, refused, tls] = report.connections;
  const auto& recipients = report.recipients;
  const auto& messages = report.messages;
  const auto& store = report.store;
  return text_of(
      {{"program", "greygate"},
       {"version", report.version},
       {"hostname", report.hostname},
       {"uptime_seconds", report.uptime.count()},
       {"state", report.draining ? "draining" : "running"},
       {"ready", report.not_ready.empty()},
       {"not_ready", report.not_ready},
       {"warnings", report.warnings},
       {"connections", {{"open", open}, {"accepted", accepted}, {"refused", refused}, {"tls", tls}}},
       {"recipients",
        {{"put_off", recipients.put_off},
         {"passed", recipients.passed},
         {"refused", recipients.refused},
         {"verdicts", verdicts_of(recipients)}}},
       {"messages",
        {{"relayed", messages.relayed},
         {"refused", messages.refused},
         {"unknown", messages.unknown},
         {"bytes", messages.bytes}}},
       {"backends", backends_of(report)},
       {"greylist", greylist_of(report.greylist)},
       {"store",
        {{"engine", store.engine},
         {"ok", store.ok},
         {"entries_estimate", store.entries_estimate},
         {"bytes", store.bytes},
         {"errors", store.errors},
         {"problem", store.problem},
         {"stand_in", store.stand_in}}},
       {"tls", tls_of(report.tls)},
       {"put_off_most",
        {{"clients", put_off(report.put_off_most.clients)}, {"senders", put_off(report.put_off_most.senders)}}}},
      2);
}

HttpAnswer health() { return {.body = text_of({{"alive", true}}, -1)}; }

HttpAnswer readiness(const std::vector<std::string>& reasons_against) {
  if (reasons_against.empty()) return {.body = text_of({{"ready", true}}, -1)};
  return {.code = 503, .body = text_of({{"ready", false}, {"reasons", reasons_against}}, -1)};
}

}  // namespace proxy
