#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "proxy/config/keys.h"
#include "proxy/config/load.h"

using nlohmann::json;

namespace {

const std::string example = SOURCE_ROOT "/deploy/greygate.json";
const std::string in_container = SOURCE_ROOT "/deploy/container.json";
const std::string in_compose = SOURCE_ROOT "/deploy/compose/greygate.json";  // on the host's network

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

// The paths in `object` as known_keys() writes them.
void add_paths(const json& object, const std::string& prefix, std::vector<std::string>& paths) {
  for (const auto& [name, value] : object.items()) {
    paths.push_back(prefix + name);
    if (value.is_object()) add_paths(value, prefix + name + ".", paths);
    if (value.is_array() && !value.empty() && value[0].is_object()) add_paths(value[0], prefix + name + "[].", paths);
  }
}

}  // namespace

TEST_CASE("the configurations in deploy are valid") {
  const std::string cluster = SOURCE_ROOT "/deploy/compose/mx";
  for (const auto& file :
       {example, in_container, in_compose, cluster + "1.json", cluster + "2.json", cluster + "3.json"}) {
    CAPTURE(file);
    const auto settings = proxy::load_settings(file);
    std::string problems;
    if (!settings)
      for (const auto& problem : settings.error()) problems += problem.line() + "\n";
    CHECK(problems == "");
  }
}

TEST_CASE("the example policies can be used") {
  for (const char* name : {"only-the-doubtful", "more-delay-for-bad-neighbours", "strict-with-exceptions"}) {
    CAPTURE(std::string(name));
    const auto settings = proxy::load_settings(std::string(SOURCE_ROOT "/deploy/policies/") + name + ".json");
    std::string problems;
    if (!settings)
      for (const auto& problem : settings.error()) problems += problem.line() + "\n";
    REQUIRE(problems == "");
    CHECK_FALSE(settings->rules.empty());
  }
}

TEST_CASE("the status is for the host alone, but in a container with a network of its own") {
  for (const auto& [file, address] :
       {std::pair{example, "127.0.0.1:8025"}, {in_compose, "127.0.0.1:8025"}, {in_container, "0.0.0.0:8025"}}) {
    CAPTURE(file);
    const auto settings = proxy::load_settings(file);
    REQUIRE(settings);
    CHECK(settings->status_address == address);
  }
}

TEST_CASE("the example configuration has every key, those without a use in a comment") {
  const auto text = text_of(example);
  std::vector<std::string> used;
  add_paths(json::parse(text, nullptr, true, true), "", used);
  for (const auto& key : proxy::known_keys()) {
    CAPTURE(key);
    const auto name = key.substr(key.find_last_of('.') + 1);
    const bool commented = key.contains("[].");
    CHECK((std::ranges::count(used, key) == 1 || (commented && text.contains("\"" + name + "\""))));
  }
}

TEST_CASE("the example configuration shows the defaults") {
  const auto shown = proxy::load_settings(example);
  REQUIRE(shown);
  proxy::Settings defaults;
  defaults.hostname = shown->hostname;
  defaults.listen = shown->listen;
  defaults.backend.addresses = shown->backend.addresses;
  defaults.domains = shown->domains;
  CHECK(proxy::effective_json(*shown) == proxy::effective_json(defaults));
}
