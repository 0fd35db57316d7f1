#include "proxy/config/reference.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "proxy/config/keys.h"

namespace {

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

}  // namespace

TEST_CASE("the reference has every key, each with a meaning") {
  const auto keys = proxy::reference();
  std::vector<std::string> paths;
  for (const auto& [path, preset, meaning] : keys) {
    CAPTURE(path);
    CHECK_FALSE(meaning.empty());
    paths.push_back(path);
  }
  CHECK(paths == proxy::known_keys());
  const auto delay = std::ranges::find(keys, "greylist.delay", &proxy::KeyReference::path);
  REQUIRE(delay != keys.end());
  CHECK(delay->preset == "\"5m\"");
}

// `build/deploy/manual --markdown` prints what belongs there.
TEST_CASE("the README's reference is the table's") {
  CHECK(text_of(SOURCE_ROOT "/README.md").contains("\n" + proxy::reference_in_markdown()));
}

TEST_CASE("the manual page's template has a place for the keys, and their text can't be taken for requests") {
  CHECK(text_of(SOURCE_ROOT "/deploy/greygate.8.in").contains("\n@KEYS@\n"));
  std::istringstream lines(proxy::reference_in_roff());
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    const bool request = line.starts_with('.') || line.starts_with("'");
    CHECK((!request || line == ".TP" || line.starts_with(".B ")));
  }
}
