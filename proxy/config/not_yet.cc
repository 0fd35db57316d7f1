#include <algorithm>

#include "proxy/config/validate.h"

// Each check here goes when the feature behind it comes.

namespace proxy {
namespace {

void redis(const Settings& settings, ConfigProblems& problems) {
  if (settings.store.engine == "redis")
    problems.push_back({"store.engine", "\"redis\" is not in this version, which knows \"rocksdb\" only"});
}

}  // namespace

ConfigProblems not_yet(const Settings& settings) {
  ConfigProblems problems;
  redis(settings, problems);
  return problems;
}

}  // namespace proxy
