#pragma once
#include <vector>

#include "greylist/rules/rules.h"
#include "proxy/config/load.h"

namespace proxy {

// The rules of the configuration, and in `problems` what is wrong with them.
std::vector<greylist::Rule> build_rules(const Settings& settings, ConfigProblems& problems);

}  // namespace proxy
