#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attempt.h"
#include "domain_name.h"
#include "identity.h"
#include "ip_address.h"
#include "judge.h"
#include "lists/address_list.h"
#include "lists/lists.h"
#include "lists/run_time_list.h"
#include "rules/rules.h"
#include "triplet.h"

namespace greylist {

enum class Mode { enforce, observe, off };
enum class OnStoreFailure { accept, defer };
enum class NullSender { rcpt, data };

// Everything the administrator decided about who waits. Immutable once built; a reload builds a new one.
struct Policy {
  Mode mode = Mode::enforce;
  Limits limits;
  ClientPrefix client_prefix;
  std::vector<ProofKind> identity;  // the proofs that count beside the network, best first
  AutoAllow auto_allow;
  NullSender null_sender = NullSender::rcpt;
  OnStoreFailure on_store_failure = OnStoreFailure::accept;
  DomainList domains;  // recipient domains taken
  Lists allow, block;
  std::vector<std::string> dns_allow_lists;  // whom one of them has isn't greylisted
  AddressList traps;                         // recipients that nobody owns
  Duration trap_lifetime = std::chrono::days(1);
  std::vector<Duration> rate_periods;  // those that rules ask about
  std::vector<Rule> rules;             // asked in turn after the lists, before the greylist
};

// What the steps before the greylist say (block, domains, allow, in this order).
struct Listed {
  Verdict verdict;                      // block_*, allow_*, or off
  const RunTimeEntry* entry = nullptr;  // if it was one of these; it lives as long as its list
};
struct NotOurDomain {};
struct NeedsName {};  // only the client's confirmed name can tell: look it up and ask again
struct Unlisted {};   // on to the greylist
using Screening = std::variant<Listed, NotOurDomain, NeedsName, Unlisted>;

// The configuration's lists come before those that were added at run time. `name`: the client's forward-confirmed
// reverse name, empty if it has none; nullopt: not looked up yet. Asks for it only if an entry by name could change the
// outcome. A recipient without a domain is ours only if it is postmaster (RFC 5321 §4.5.1).
Screening screen(const Policy& policy, const RunTimeLists& run_time, const Attempt& attempt,
                 const std::optional<std::string>& name, Time now);

// Greylisting that is off puts nobody off, but what a rule blocks stays blocked. Lists go before every rule.
bool goes_before(const Rule* rule, const Listed& listed);

// The policy's, with the delay of the rule that leaves it to the greylist, if one does (null: none) and has one.
Limits limits_under(const Policy& policy, const Rule* rule);

Action action_of(Verdict verdict,
                 const Policy& policy);  // observe mode turns put_off into pass; store_failure as on_store_failure says

}  // namespace greylist
