#pragma once
#include <string_view>

#include "ip_address.h"

namespace greylist {

// One recipient of one transaction, addresses as the client wrote them.
struct Attempt {
  IpAddress client;
  std::string_view helo, sender, recipient;
};

}  // namespace greylist
