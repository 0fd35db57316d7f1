#pragma once
#include <string>

#include "greylist/reputation.h"

namespace proxy {

// "the reputation of spf:example.org is good: of late, 12 retries, 10 messages delivered". Empty where nothing is left.
std::string reputation_story(const std::string& identity, const greylist::Reputation& reputation, greylist::Time now);

}  // namespace proxy
