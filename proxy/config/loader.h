#pragma once
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "proxy/config/load.h"

namespace proxy {

// Puts the members of a configuration's JSON object into `settings`, each by itself: type, form, range, words. What is
// not there or not right keeps its default. Relative paths are seen from `directory`.
ConfigProblems load_members(const nlohmann::ordered_json& object, const std::filesystem::path& directory,
                            Settings& settings);

}  // namespace proxy
