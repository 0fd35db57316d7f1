#pragma once
#include "proxy/config/load.h"

namespace proxy {

// What is wrong with settings each of which is well formed: something required is missing, two of them contradict each
// other, or something that they name isn't there. Asks the system for users and interface addresses.
ConfigProblems contradictions(const Settings& settings);

}  // namespace proxy
