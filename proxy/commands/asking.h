#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "proxy/commands/admin_client.h"
#include "proxy/commands/commands.h"
#include "proxy/commands/output.h"
#include "proxy/commands/table.h"

// What the commands for a running proxy have in common.
namespace proxy {

// Calls with a client for the proxy that uses this configuration; failed if there can't be one, with the reason on
// stderr.
int ask_proxy_of(const std::string& config, const std::function<int(const AdminClient& proxy)>& ask);

// Says why on stderr: wrong_usage if the question made no sense, else failed.
int refused(const AdminFailure& failure);

int print_json(const nlohmann::ordered_json& json);  // on a line

// The lines of an answer: with --json as they are, else `row` makes each into one of a table, or into "none" where
// there is no line.
int print_lines(const AdminClient& proxy, const std::string& path, const AdminQuestion& question,
                std::vector<std::string> titles,
                const std::function<std::vector<std::string>(const nlohmann::ordered_json&)>& row);

// Members of an answer: empty where there is none.
std::string text_of(const nlohmann::ordered_json& json, const char* key);
std::string address_of(const nlohmann::ordered_json& json, const char* key);  // "<>" for the empty one
std::string ago_of(const nlohmann::ordered_json& json, const char* key);      // a time: "3m ago"

}  // namespace proxy
