#include "proxy/config/load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "proxy/config/build_policy.h"
#include "proxy/config/build_store.h"
#include "proxy/config/build_tls.h"
#include "proxy/config/json_text.h"
#include "proxy/config/loader.h"
#include "proxy/config/system_name.h"
#include "proxy/config/validate.h"

namespace proxy {
namespace {

std::expected<std::string, ConfigProblem> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // Opening a directory succeeds, reading it doesn't. A file without content is no failure.
  if (!file || (file.peek(), file.bad())) return std::unexpected(ConfigProblem{"", path + ": " + std::strerror(errno)});
  text << file.rdbuf();
  return std::move(text).str();
}

void fill_in_defaults(Settings& settings) {
  if (settings.hostname.empty()) settings.hostname = full_host_name();
  if (settings.listen.empty()) {
    settings.listen.push_back({.address = "0.0.0.0:25", .tls = "none", .proxy_protocol_from = {}, .optional = true});
    settings.listen.push_back({.address = "[::]:25", .tls = "none", .proxy_protocol_from = {}, .optional = true});
  }
}

// "listen[1].address" concerns "listen[1]", "listen" and itself.
bool concerns(std::string_view key, std::string_view wider) {
  return key.starts_with(wider) && (key.size() == wider.size() || key[wider.size()] == '.' || key[wider.size()] == '[');
}

// What follows from a problem that is known already isn't worth a line.
void add_new(ConfigProblems& problems, ConfigProblems more) {
  std::erase_if(more, [&](const ConfigProblem& problem) {
    return std::ranges::any_of(problems, [&](const ConfigProblem& known) {
      return concerns(problem.key, known.key) || concerns(known.key, problem.key);
    });
  });
  std::ranges::move(more, std::back_inserter(problems));
}

}  // namespace

std::string ConfigProblem::line() const {
  std::string text = key.empty() ? what : key + ": " + what;
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return text;
}

std::expected<Settings, ConfigProblems> load_settings(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(ConfigProblems{text.error()});
  auto json = parse_json_text(*text);
  if (!json) {
    for (auto& problem : json.error())
      if (problem.key.empty()) problem.what = path + ": " + problem.what;
    return std::unexpected(json.error());
  }
  if (!json->is_object()) return std::unexpected(ConfigProblems{{"", path + ": expected an object: { … }"}});

  Settings settings;
  auto problems = load_members(*json, std::filesystem::absolute(path).parent_path(), settings);
  fill_in_defaults(settings);
  add_new(problems, contradictions(settings));
  if (auto policy = build_policy(settings); !policy) add_new(problems, std::move(policy.error()));
  if (!settings.tls.certificates.empty())
    if (auto tls = build_server_tls(settings, std::make_shared<tls::TicketKeys>()); !tls)
      add_new(problems, std::move(tls.error()));
  if (auto tls = build_backend_tls(settings); !tls) add_new(problems, std::move(tls.error()));
  if (auto access = build_store_access(settings); !access) add_new(problems, std::move(access.error()));
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return settings;
}

}  // namespace proxy
