#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attempt.h"
#include "domain_name.h"
#include "lists/address_list.h"
#include "lists/client_list.h"
#include "rules/evidence.h"
#include "rules/time_of_week.h"

namespace greylist {

// What must be looked up before something can be said: in the DNS, or, of the client that it has proved to be, here.
enum class LookUp { name, spf, lists, conduct };

// One thing that a rule asks of an attempt. Of several values any will do.
struct Condition {
  struct Client {
    ClientList list;
  };
  struct Helo {
    DomainList names;
  };
  struct Rdns {
    DomainList names;  // of the confirmed name
  };
  struct FcrdnsIs {
    std::vector<Fcrdns> any;
  };
  struct SpfIs {
    std::vector<Spf> any;
  };
  struct DnsList {
    std::vector<std::string> any;  // names
  };
  struct ReputationIs {
    std::vector<Standing> any;
  };
  struct MoreThan {
    std::vector<Rate> any;
  };
  struct Sender {
    AddressList list;
  };
  struct Recipient {
    AddressList list;
  };
  struct NullSender {
    bool is;
  };
  struct EarlyTalker {
    bool is;
  };
  struct TlsIs {
    std::vector<std::string> any;
  };
  struct At {
    std::vector<TimeOfWeek> any;
  };

  std::variant<Client, Helo, Rdns, FcrdnsIs, SpfIs, DnsList, ReputationIs, MoreThan, Sender, Recipient, NullSender,
               EarlyTalker, TlsIs, At>
      test;
  bool negated = false;
};

std::expected<bool, LookUp> holds(const Condition& condition, const Attempt& attempt, const Evidence& evidence,
                                  Time now);

}  // namespace greylist
