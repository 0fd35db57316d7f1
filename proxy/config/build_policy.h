#pragma once
#include <expected>

#include "greylist/policy.h"
#include "proxy/config/load.h"

namespace proxy {

// The greylist's policy from the settings: lists parsed, files read.
std::expected<greylist::Policy, ConfigProblems> build_policy(const Settings& settings);

}  // namespace proxy
