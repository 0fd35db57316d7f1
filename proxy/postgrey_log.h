#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "greylist/judge.h"

namespace proxy {

// A decision as postgrey 1.37 would have logged it, so that what reads its log goes on working.
struct PostgreyDecision {
  greylist::Verdict verdict;
  greylist::Action action;
  std::optional<greylist::Duration> waited;   // of a first retry that passes
  std::optional<greylist::Duration> missing;  // of one that came too early
  std::string_view client_name;               // empty: not known
  std::string_view client_address, sender, recipient;
};

// "action=greylist, reason=new, client_name=…, client_address=…, sender=…, recipient=…". An empty sender is left out,
// as there. What isn't printable ASCII becomes '?', so that a line stays one.
std::string postgrey_line(const PostgreyDecision& decision);

}  // namespace proxy
