#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "proxy/commands/table.h"

namespace proxy {

// What happened at one event of the history, in words: "first attempt from 192.0.2.1: put off".
std::string told(const nlohmann::ordered_json& event);

// Events as lines, in the order given: of one triplet as a story; of several, with whose mail it was.
void print_story(const nlohmann::ordered_json& events, Table::Print print);
void print_events(const nlohmann::ordered_json& events, Table::Print print);

}  // namespace proxy
