#pragma once
#include <expected>
#include <string>
#include <vector>

#include "proxy/config/settings.h"

namespace proxy {

// One thing wrong with a configuration: "greylist.delay: expected a duration like \"5m\", got 300".
struct ConfigProblem {
  std::string key;           // path of the key, "listen[1].address"; empty: the file itself
  std::string what;          // what is wrong and what would be right
  std::string line() const;  // "key: what", on one line whatever was in the file
};
using ConfigProblems = std::vector<ConfigProblem>;

// Reads and checks a configuration file: every problem found, not the first alone. Files that it names must exist and
// parse. Relative paths are relative to the file.
std::expected<Settings, ConfigProblems> load_settings(const std::string& path);

// The effective configuration as JSON, itself a valid configuration (secrets masked).
std::string effective_json(const Settings& settings);

}  // namespace proxy
