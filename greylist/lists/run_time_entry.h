#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "timestamp.h"

namespace greylist {

// An entry that an administrator added to a list while the proxy runs. All conditions that are given must match.
struct RunTimeEntry {
  enum class List : std::uint8_t { allow, block } list = List::allow;
  std::string client;             // address, network, name or domain of names, as in allow.clients; empty: any
  std::string sender, recipient;  // as in allow.senders, allow.recipients; empty: any
  std::optional<Time> lapses;     // of itself
  std::string note;
  Time made;
  bool operator==(const RunTimeEntry&) const = default;

  bool same_conditions(const RunTimeEntry& other) const {
    return list == other.list && client == other.client && sender == other.sender && recipient == other.recipient;
  }
};

}  // namespace greylist
