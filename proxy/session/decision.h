#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "greylist/greylist_reply.h"
#include "greylist/policy.h"
#include "proxy/status/tallies.h"
#include "smtp/reply.h"

namespace proxy {

struct Setup;

// What becomes of one recipient.
struct Decision {
  enum class Step {
    decided,
    not_our_domain,
    at_data
  } step = Step::decided;  // at_data: a bounce that is judged when its content is about to come
  greylist::Verdict verdict = greylist::Verdict::off;
  greylist::Action action = greylist::Action::pass;
  std::optional<greylist::Triplet> triplet;      // if it came to the greylist; by the best identity that was proved
  std::string identity;                          // whom what it does is put down to, an earner; empty: nobody
  std::string rule;                              // the name of the one that decided, or chose the delay
  std::optional<greylist::ReplyTemplate> reply;  // that rule's
  std::optional<smtp::Reply> backends;           // what the backend said of it, to be passed on word for word
  std::vector<std::string> earners;              // whom its passing is credited to
  std::optional<greylist::Duration> waited;      // of a first retry that passes: since the first attempt
  std::optional<greylist::Duration> missing;     // of one that came too early: of the delay
  bool kept = true;  // in the store and its history: not where the client was put off too often

  std::string_view word() const;  // for logs
};

Decision decided_by(const greylist::Rule& rule);  // one of another action than "greylist"; its action is left open

// As the status page counts it, if what passes can be sent on.
Event became(const Decision& decision);

// What a recipient that doesn't pass is told.
smtp::Reply refusal(const Setup& setup, const Decision& decision, const greylist::ReplyValues& values);

}  // namespace proxy
