#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "greylist/identity.h"
#include "greylist/policy.h"
#include "proxy/session/client.h"

namespace proxy {

struct Setup;

// What the DNS says of a client.
struct Wanted {
  bool spf = false, name = false, lists = false;
  bool operator==(const Wanted&) const = default;
};
Wanted wanted_by(const Setup& setup);  // before it greylists

// What has been looked up of a client, and may be proved by it.
class ClientProofs {
 public:
  explicit ClientProofs(Client& client) : client_(client) {}

  // What of it isn't known yet, all at once.
  asio::awaitable<void> look_up(std::shared_ptr<const Setup> setup, Wanted wanted, std::string sender,
                                Client::Deadline deadline);
  Wanted missing(Wanted wanted, std::string_view sender) const;
  // All its identities, by what is known of what is wanted; the best first.
  std::vector<greylist::Identity> identities(const greylist::Policy& policy, Wanted wanted,
                                             std::string_view sender) const;
  // Whether nothing that the DNS hasn't said could give it a better identity. Never so of a private address: it may be
  // that of a gateway.
  bool sure_who(Wanted wanted, std::string_view sender) const;
  // Whom what it does is put down to: the earner of the best identity; empty if not sure_who().
  std::string known_earner(const Setup& setup, std::string_view sender) const;
  bool on_allow_list() const;

 private:
  greylist::Proof of(Wanted wanted, std::string_view sender) const;

  Client& client_;
};

}  // namespace proxy
