#pragma once
#include <expected>
#include <map>
#include <string>

#include "greylist/store/store.h"

namespace proxy {

// Which entries `list`, `forget` and their like mean: all conditions that are given must hold. `query` has them by
// name:
//   client     address or network that holds the last client, or the network of the identity
//   sender     "a@example.com", "@example.com", "<>"; recipient likewise
//   state      "waiting", "passed"
// The error names the condition that can't be read. Other names are passed over.
std::expected<greylist::EntryFilter, std::string> entry_filter(const std::map<std::string, std::string>& query);

// Whether it has a condition at all.
bool has_condition(const std::map<std::string, std::string>& query);

}  // namespace proxy
