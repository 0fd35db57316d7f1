#pragma once
#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "greylist/store/store.h"

namespace proxy {

// As time_text() has it; null for none.
nlohmann::ordered_json time_json(std::optional<greylist::Time> time);

// An entry of the greylist as a JSON object: identity, last_client, sender, recipient, state, first_seen, passed,
// last_seen. Octets that aren't UTF-8 are written as U+FFFD, so such an entry doesn't come back the same.
nlohmann::ordered_json entry_json(const greylist::Entry& entry);
nlohmann::ordered_json earner_json(const greylist::Earner& earner);  // earner, count, last_counted, last_used
nlohmann::ordered_json run_time_json(
    const greylist::RunTimeEntry& entry);  // list, client, sender, recipient, lapses, note, made
nlohmann::ordered_json event_json(const greylist::HistoryEvent& event);

// One JSON object on a line, with its line feed.
std::string json_line(const nlohmann::ordered_json& json);

// The errors say what is wrong with which member.
std::expected<greylist::Entry, std::string> parse_entry(const nlohmann::ordered_json& json);
std::expected<greylist::Earner, std::string> parse_earner(const nlohmann::ordered_json& json);
std::expected<greylist::RunTimeEntry, std::string> parse_run_time(const nlohmann::ordered_json& json);

}  // namespace proxy
