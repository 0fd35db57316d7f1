#include "proxy/status/recent_document.h"

#include <nlohmann/json.hpp>

#include "proxy/rfc3339.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

Json tallies_json(const std::vector<Tally>& tallies, std::chrono::seconds step, greylist::Time now) {
  const auto end = greylist::Time((now.time_since_epoch() / step + 1) * step);
  Json json{{"end", time_text(end)}, {"step_seconds", step.count()}};
  for (std::size_t event = 0; event < event_count; ++event) {
    auto& counts = json[std::string(word(static_cast<Event>(event)))] = Json::array();
    for (const auto& tally : tallies) counts.push_back(tally[event]);
  }
  return json;
}

Json rows_json(const std::vector<TopList::Row>& rows, const char* who) {
  Json json = Json::array();
  for (const auto& row : rows) json.push_back({{who, row.who}, {"times", row.times}});
  return json;
}

Json decisions_json(const std::vector<Recent::Decision>& decisions) {
  Json json = Json::array();
  for (const auto& decision : decisions)
    json.push_back({{"time", time_text(decision.time)},
                    {"client", decision.client},
                    {"helo", decision.helo},
                    {"sender", decision.sender},
                    {"recipient", decision.recipient},
                    {"verdict", decision.verdict},
                    {"reply", decision.reply}});
  return json;
}

}  // namespace

std::string recent_document(const Recent::Report& report, greylist::Time now) {
  const Json json{{"minutes", tallies_json(report.minutes, std::chrono::minutes(1), now)},
                  {"hours", tallies_json(report.hours, std::chrono::hours(1), now)},
                  {"put_off",
                   {{"since", time_text(report.since)},
                    {"clients", rows_json(report.clients, "client")},
                    {"senders", rows_json(report.senders, "sender")}}},
                  {"decisions", decisions_json(report.decisions)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace proxy
