#include "proxy/postgrey_log.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using greylist::Action;
using greylist::Verdict;
using proxy::PostgreyDecision;

TEST_CASE("decisions as postgrey logs them") {
  struct Row {
    PostgreyDecision decision;
    const char* line;
  };
  const std::string_view mail = "mail.example.com", address = "192.0.2.7", alice = "alice@example.com",
                         bob = "bob@example.org";
  for (const auto& [decision, line] : {
           Row{{Verdict::first_seen, Action::put_off, {}, {}, mail, address, alice, bob},
               "action=greylist, reason=new, client_name=mail.example.com, client_address=192.0.2.7, "
               "sender=alice@example.com, recipient=bob@example.org"},
           Row{{Verdict::too_early, Action::put_off, {}, 119'001ms, "", address, "", bob},
               "action=greylist, reason=early-retry (120s missing), client_name=unknown, client_address=192.0.2.7, "
               "recipient=bob@example.org"},
           Row{{Verdict::retried, Action::pass, 305'999ms, {}, "", "2001:db8::1", alice, bob},
               "action=pass, reason=triplet found, delay=305, client_name=unknown, client_address=2001:db8::1, "
               "sender=alice@example.com, recipient=bob@example.org"},
           Row{{Verdict::known, Action::pass, {}, {}, mail, address, alice, bob},
               "action=pass, reason=triplet found, client_name=mail.example.com, client_address=192.0.2.7, "
               "sender=alice@example.com, recipient=bob@example.org"},
           Row{{Verdict::auto_allowed, Action::pass, {}, {}, mail, address, alice, bob},
               "action=pass, reason=client AWL, client_name=mail.example.com, client_address=192.0.2.7, "
               "sender=alice@example.com, recipient=bob@example.org"},
           Row{{Verdict::block_sender, Action::refuse, {}, {}, mail, address, "e\n\xff@example.com", bob},
               "action=reject, reason=block_sender, client_name=mail.example.com, client_address=192.0.2.7, "
               "sender=e??@example.com, recipient=bob@example.org"},
       }) {
    CHECK(proxy::postgrey_line(decision) == line);
  }
}
