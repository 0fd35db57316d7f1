#pragma once
#include "proxy/config/load.h"

namespace proxy {

// Rules that can never hold, since their conditions exclude each other, and rules that are never asked, since an
// earlier one holds wherever they would. Entries of lists are compared by their text: that 192.0.2.7 is in 192.0.2.0/24
// isn't seen.
ConfigProblems rule_conflicts(const Settings& settings);

}  // namespace proxy
