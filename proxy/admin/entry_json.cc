#include "proxy/admin/entry_json.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;
using greylist::Time;
using std::chrono::floor;

// So many digits of `text`, which loses them.
std::optional<int> number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool skip(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == any_of.npos) return false;
  text.remove_prefix(1);
  return true;
}

std::chrono::milliseconds fraction(std::string_view& text) {
  int value = 0, scale = 100;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    value += (text[0] - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return std::chrono::milliseconds(value);
}

std::optional<std::chrono::minutes> offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  const bool west = !text.empty() && text[0] == '-';
  if (!skip(text, "+-")) return std::nullopt;
  const auto hours = number(text, 2);
  if (!hours || !skip(text, ":")) return std::nullopt;
  const auto minutes = number(text, 2);
  if (!minutes || !text.empty()) return std::nullopt;
  const auto whole = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return west ? -whole : whole;
}

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

std::string time_text(Time time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 48> text;
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

Json time_json(std::optional<Time> time) { return time ? Json(time_text(*time)) : Json(nullptr); }

std::optional<Time> parse_time(std::string_view text) {
  const auto year = number(text, 4);
  if (!year || !skip(text, "-")) return std::nullopt;
  const auto month = number(text, 2);
  if (!month || !skip(text, "-")) return std::nullopt;
  const auto day = number(text, 2);
  if (!day || !skip(text, "Tt ")) return std::nullopt;
  const auto hours = number(text, 2);
  if (!hours || !skip(text, ":")) return std::nullopt;
  const auto minutes = number(text, 2);
  if (!minutes || !skip(text, ":")) return std::nullopt;
  const auto seconds = number(text, 2);
  if (!seconds) return std::nullopt;
  std::chrono::milliseconds part{0};
  if (skip(text, ".")) part = fraction(text);
  const auto east = offset(text);
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!east || !date.ok() || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  return Time(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hours) +
              std::chrono::minutes(*minutes) + std::chrono::seconds(*seconds) + part - *east);
}

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
