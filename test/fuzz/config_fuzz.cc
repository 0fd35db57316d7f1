// Invariant: whatever a configuration file holds, it is loaded or its problems are named, each on a line of its own;
// and what was loaded, printed, loads again as the same.
#include <nlohmann/json.hpp>

#include "proxy/config/json_text.h"
#include "proxy/config/loader.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

namespace {

std::expected<proxy::Settings, proxy::ConfigProblems> load(std::string_view text) {
  const auto json = proxy::parse_json_text(text);
  if (!json) return std::unexpected(json.error());
  if (!json->is_object()) return std::unexpected(proxy::ConfigProblems{{"", "not an object"}});
  proxy::Settings settings;
  auto problems = proxy::load_members(*json, "/etc/greygate", settings);
  if (!problems.empty()) return std::unexpected(problems);
  if (settings.hostname.empty()) settings.hostname = "mx.example.org";
  return settings;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto settings = load(Input(data, size).rest());
  if (settings) {
    const auto effective = proxy::effective_json(*settings);
    const auto again = load(effective);
    REQUIRE(again.has_value());
    REQUIRE(proxy::effective_json(*again) == effective);
    return 0;
  }
  REQUIRE(!settings.error().empty());
  for (const auto& problem : settings.error()) REQUIRE(!problem.what.empty() && !problem.line().contains('\n'));
  return 0;
}
