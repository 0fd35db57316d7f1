#include <algorithm>

#include "proxy/config/validate.h"

// Each check here goes when the feature behind it comes.

namespace proxy {
namespace {

void redis(const Settings& settings, ConfigProblems& problems) {
  if (settings.store.engine == "redis")
    problems.push_back({"store.engine", "\"redis\" is not in this version, which knows \"rocksdb\" only"});
}

void identities(const Settings& settings, ConfigProblems& problems) {
  for (std::size_t i = 0; i < settings.greylist.identity.size(); ++i)
    if (const auto& word = settings.greylist.identity[i]; word != "network")
      problems.push_back({"greylist.identity[" + std::to_string(i) + "]",
                          "\"" + word + "\" is not in this version, which knows \"network\" only"});
}

}  // namespace

ConfigProblems not_yet(const Settings& settings) {
  ConfigProblems problems;
  for (const auto check : {redis, identities}) check(settings, problems);
  return problems;
}

}  // namespace proxy
