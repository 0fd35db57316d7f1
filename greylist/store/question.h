#pragma once
#include <string>
#include <vector>

#include "identity.h"
#include "triplet.h"

namespace greylist {

// One look at the greylist for one recipient.
struct Question {
  Triplet triplet;             // by the best identity of the client
  std::string earner;          // of that identity; empty: auto-allow isn't asked
  std::string client;          // address, for the record
  std::vector<Identity> also;  // the others that it proved, better ones first
  bool nothing_new = false;    // a first attempt is judged, not remembered
  bool only_known = false;  // nothing is remembered unless the triplet has passed before or the client is let through
};

// About a client of these identities, the best first; the triplet's own doesn't matter.
Question question_about(Triplet triplet, std::vector<Identity> identities, std::string client);

// triplet_key() under each identity, the best one's first.
std::vector<std::string> keys_of(const Question& question);

// All that the client is known by, the network last.
std::vector<Identity> identities_of(const Question& question);

// Whom a passing is credited to.
std::vector<std::string> earners_of(const Question& question);

}  // namespace greylist
