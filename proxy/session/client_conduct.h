#pragma once
#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "greylist/identity.h"
#include "greylist/judge.h"
#include "greylist/rules/evidence.h"
#include "proxy/session/client.h"

namespace proxy {

// What is remembered of how a client behaves, beside its triplets.
class ClientConduct {
 public:
  ClientConduct(Loop& loop, const Client& client) : loop_(loop), client_(client) {}

  enum class Count { yes, no };  // this attempt, where a rule asks how many there were
  // Of that earner. Of nobody in particular (empty) nothing is known.
  greylist::Conduct of(const Setup& setup, const std::string& earner, Count count);
  // Whether any of them has: by what is remembered of passings, or earned by them.
  asio::awaitable<bool> has_passed(greylist::Limits limits, std::vector<greylist::Identity> identities);

  void note_trap_hit(const std::string& earner, const std::string& recipient, bool passed_before);
  // Besides, it puts off the client's network, and that alone: what is proved is nobody else's.
  void spring_trap(const std::string& earner, const std::string& recipient, const std::string& network);

  // How often a client is put off on a day. Neighbours in a network don't suffer for what was proved, and many names of
  // one domain count as one.
  bool has_used_up(unsigned most, std::string_view identity, greylist::Time now) const;  // most 0: there is no end
  void count_put_off(unsigned most, std::string_view identity);

 private:
  std::string counted_as(std::string_view identity) const;

  Loop& loop_;
  const Client& client_;
};

}  // namespace proxy
