#include "proxy/status/reason.h"

#include <algorithm>
#include <array>

namespace proxy {
namespace {

struct Reason {
  std::string_view verdict, why;
};
constexpr std::array reasons{
    Reason{"first_seen", "never seen before"},
    Reason{"too_early", "the delay isn't over"},
    Reason{"retried", "came back in time"},
    Reason{"known", "has passed before"},
    Reason{"auto_allowed", "the client has earned its way"},
    Reason{"allow_client", "the client is on an allow list"},
    Reason{"allow_sender", "the sender is on an allow list"},
    Reason{"allow_recipient", "the recipient is on an allow list"},
    Reason{"block_client", "the client is on a block list"},
    Reason{"block_sender", "the sender is on a block list"},
    Reason{"block_recipient", "the recipient is on a block list"},
    Reason{"store_failure", "the store couldn't answer"},
    Reason{"off", "greylisting is off"},
    Reason{"rule_allow", "a rule lets it pass"},
    Reason{"rule_block", "a rule blocks it"},
    Reason{"rule_put_off", "a rule puts it off"},
    Reason{"dns_allow", "the client is on an allow list in the DNS"},
    Reason{"trap", "it wrote to an address that nobody owns, or a neighbour did"},
    Reason{"unknown_recipient", "the mail server has no such mailbox"},
    Reason{"relay_denied", "the domain isn't ours"},
    Reason{"unsafe_recipient", "the recipient names a route"},
    Reason{"needs_smtputf8", "the recipient needs SMTPUTF8"},
    Reason{"at_data", "refused by the mail server first"},
};

}  // namespace

std::string_view reason(std::string_view verdict) {
  const auto* found = std::ranges::find(reasons, verdict, &Reason::verdict);
  return found == reasons.end() ? std::string_view() : found->why;
}

}  // namespace proxy
