#pragma once
#include <string>

#include "timestamp.h"

namespace greylist {

// One line of the history: a decision about a recipient, or what became of its message. For administrators who ask why
// a message is late; nothing is decided by it.
struct HistoryEvent {
  Time time;
  std::string recipient, sender;  // as keyed
  std::string identity;           // of the client, as keyed; empty where the greylist wasn't asked
  std::string client, helo;       // address; name given at HELO
  std::string what;               // a verdict's word; of a message: "relayed", "refused", "unknown"
  std::string reply;              // what the client was told
  bool operator==(const HistoryEvent&) const = default;
};

}  // namespace greylist
