#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "proxy/backend/open.h"
#include "smtp/xclient.h"

namespace proxy {

// One question of the open-relay guard and what the backend said.
struct GuardAnswer {
  std::string question;   // "RCPT TO:<probe@greygate.invalid>"
  std::string answer;     // its reply on one line, or the trouble
  bool accepted = false;  // a recipient that an outsider has no business with
  bool refused = false;   // such a one, for good
};
struct ProbeResult {
  std::string trouble;  // why it can't be reached, or what it left without an answer; empty if neither
  std::vector<GuardAnswer> answers;
  bool guard_concluded = false;  // the backend refused every outsider for good, or accepted one
};

// The client that we are taken for where we ask on our own account: 192.0.2.1, an address of nobody's (RFC 5737).
smtp::ClientIdentity outsider();

// Goes through the opening as an outsider() would, and notes how the address is and what it offers.
// With `guard` it also asks, without ever sending content, whether the backend would relay for such an outsider, and
// ends with RSET.
asio::awaitable<ProbeResult> probe(Loop& loop, const Setup& setup, BackendAddress& address, bool guard);

// The recipients that the guard asks about.
std::vector<std::string> guard_recipients(const std::vector<std::string>& domains);

}  // namespace proxy
