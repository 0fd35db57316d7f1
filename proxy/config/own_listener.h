#pragma once
#include <string>
#include <vector>

#include "proxy/config/settings.h"

namespace proxy {

// Whether mail sent to `peer` ("localhost:25") would come back to one of our own listeners: the same port, and an
// address that the listener's stands for, be it every address of this host. No name is looked up; "localhost" and the
// system's own name are known. Empty if not, else the listener's address.
std::string own_listener(const std::string& peer, const std::vector<Settings::Listen>& listeners);

}  // namespace proxy
