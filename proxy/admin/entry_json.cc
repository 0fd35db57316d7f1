#include "proxy/admin/entry_json.h"

#include <nlohmann/json.hpp>

#include "proxy/rfc3339.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;
using greylist::Time;

std::unexpected<std::string> wrong(std::string_view key, std::string_view expected) {
  return std::unexpected(std::string(key).append(": expected ").append(expected));
}

std::expected<std::string, std::string> text_member(const Json& json, const char* key, bool required) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) {
    if (required) return wrong(key, "a text");
    return std::string();
  }
  if (!found->is_string()) return wrong(key, "a text");
  return found->get<std::string>();
}

std::expected<std::optional<Time>, std::string> time_member(const Json& json, const char* key, bool required) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) {
    if (required) return wrong(key, "a time like \"2026-11-22T10:00:02Z\"");
    return std::nullopt;
  }
  const auto time = found->is_string() ? parse_time(found->get_ref<const std::string&>()) : std::nullopt;
  if (!time) return wrong(key, "a time like \"2026-11-22T10:00:02Z\"");
  return time;
}

}  // namespace

Json time_json(std::optional<Time> time) { return time ? Json(time_text(*time)) : Json(nullptr); }

Json entry_json(const greylist::Entry& entry) {
  const auto& [triplet, record] = entry;
  return {{"identity", triplet.identity},
          {"last_client", record.last_client},
          {"sender", triplet.sender},
          {"recipient", triplet.recipient},
          {"state", record.passed ? "passed" : "waiting"},
          {"first_seen", time_text(record.first_seen)},
          {"passed", time_json(record.passed)},
          {"last_seen", time_text(record.last_seen)}};
}

Json earner_json(const greylist::Earner& earner) {
  return {{"earner", earner.name},
          {"count", earner.credit.count},
          {"last_counted", time_text(earner.credit.last_counted)},
          {"last_used", time_text(earner.credit.last_used)}};
}

Json run_time_json(const greylist::RunTimeEntry& entry) {
  return {{"list", entry.list == greylist::RunTimeEntry::List::allow ? "allow" : "block"},
          {"client", entry.client},
          {"sender", entry.sender},
          {"recipient", entry.recipient},
          {"lapses", time_json(entry.lapses)},
          {"note", entry.note},
          {"made", time_text(entry.made)}};
}

Json event_json(const greylist::HistoryEvent& event) {
  return {{"time", time_text(event.time)}, {"what", event.what},
          {"client", event.client},        {"helo", event.helo},
          {"sender", event.sender},        {"recipient", event.recipient},
          {"identity", event.identity},    {"reply", event.reply}};
}

std::string json_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n'; }

std::expected<greylist::Entry, std::string> parse_entry(const Json& json) {
  greylist::Entry entry;
  auto& [triplet, record] = entry;
  for (auto [key, member, required] :
       {std::tuple("identity", &triplet.identity, true), std::tuple("sender", &triplet.sender, true),
        std::tuple("recipient", &triplet.recipient, true), std::tuple("last_client", &record.last_client, false)}) {
    auto text = text_member(json, key, required);
    if (!text) return std::unexpected(text.error());
    *member = *std::move(text);
  }
  if (triplet.identity.empty()) return wrong("identity", "one that isn't empty");
  if (triplet.recipient.empty()) return wrong("recipient", "one that isn't empty");
  const auto first = time_member(json, "first_seen", true), passed = time_member(json, "passed", false),
             last = time_member(json, "last_seen", true);
  for (const auto* time : {&first, &passed, &last})
    if (!*time) return std::unexpected(time->error());
  record.first_seen = **first;
  record.passed = *passed;
  record.last_seen = **last;
  return entry;
}

std::expected<greylist::Earner, std::string> parse_earner(const Json& json) {
  auto name = text_member(json, "earner", true);
  if (!name) return std::unexpected(name.error());
  const auto counted = time_member(json, "last_counted", true), used = time_member(json, "last_used", true);
  for (const auto* time : {&counted, &used})
    if (!*time) return std::unexpected(time->error());
  const auto count = json.find("count");
  if (count == json.end() || !count->is_number_unsigned()) return wrong("count", "a number");
  return greylist::Earner{*std::move(name), {count->get<unsigned>(), **counted, **used}};
}

std::expected<greylist::RunTimeEntry, std::string> parse_run_time(const Json& json) {
  greylist::RunTimeEntry entry;
  const auto list = text_member(json, "list", true);
  if (!list || (*list != "allow" && *list != "block")) return wrong("list", "\"allow\" or \"block\"");
  entry.list = *list == "allow" ? greylist::RunTimeEntry::List::allow : greylist::RunTimeEntry::List::block;
  for (auto [key, member] : {std::pair("client", &entry.client), std::pair("sender", &entry.sender),
                             std::pair("recipient", &entry.recipient), std::pair("note", &entry.note)}) {
    auto text = text_member(json, key, false);
    if (!text) return std::unexpected(text.error());
    *member = *std::move(text);
  }
  const auto lapses = time_member(json, "lapses", false), made = time_member(json, "made", false);
  for (const auto* time : {&lapses, &made})
    if (!*time) return std::unexpected(time->error());
  entry.lapses = *lapses;
  entry.made = made->value_or(Time());
  return entry;
}

}  // namespace proxy
