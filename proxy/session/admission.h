#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "greylist/policy.h"
#include "greylist/store/store.h"
#include "proxy/session/client.h"
#include "proxy/session/client_conduct.h"
#include "proxy/session/client_proofs.h"
#include "proxy/session/decision.h"
#include "proxy/session/reply_time.h"

namespace proxy {

struct Setup;

// Decides about recipients: lists, domains, and the greylist. The DNS is asked only where it matters: for a name where
// an entry by name could match, for more proof of who the client is where its address alone isn't known. One for each
// session.
class Admission {
 public:
  Admission(Loop& loop, Client& client, ReplyTime& time)
      : loop_(loop), client_(client), time_(time), proofs_(client), conduct_(loop, client) {}

  // Addresses as the client wrote them.
  asio::awaitable<Decision> judge(std::shared_ptr<const Setup> setup, std::string sender, std::string recipient);
  // The greylist alone, for a recipient whose judgement was left until DATA.
  asio::awaitable<Decision> judge_at_data(std::shared_ptr<const Setup> setup, std::string sender,
                                          std::string recipient);
  // Whether the client's address has earned something, or need not.
  asio::awaitable<bool> came_back_before(std::shared_ptr<const Setup> setup);
  void note(const Decision& decision, greylist::Deed deed);  // of whoever asked for that recipient
  // The backend took a message for these: what their passing has earned is credited.
  asio::awaitable<void> delivered(std::shared_ptr<const Setup> setup, std::vector<Decision> decisions);

 private:
  using Deadline = Client::Deadline;
  struct Ruled {
    const greylist::Rule* rule = nullptr;  // it lives as long as the setup; null: none
    std::string identity;                  // if it was asked how the client behaves: the earner of whom
  };
  asio::awaitable<Ruled> rule_for(std::shared_ptr<const Setup> setup, std::string sender, std::string recipient,
                                  ClientConduct::Count count, Deadline dns_deadline);
  asio::awaitable<Decision> greylisted(std::shared_ptr<const Setup> setup, std::string sender, std::string recipient,
                                       const greylist::Rule* rule, Deadline dns_deadline);
  asio::awaitable<void> verify(std::shared_ptr<const Setup> setup, std::string recipient, Decision& decision);
  asio::awaitable<std::expected<greylist::Judgement, greylist::StoreError>> attempt(const greylist::Policy& policy,
                                                                                    greylist::Question question,
                                                                                    greylist::Time now,
                                                                                    greylist::Limits limits);
  asio::awaitable<void> forget_credit(std::shared_ptr<const Setup> setup, Deadline dns_deadline);
  void take_in(Decision& decision, const greylist::Judgement& judgement, greylist::Time now, greylist::Duration delay);
  Decision counted(const Setup& setup, Decision decision);

  Loop& loop_;
  Client& client_;
  ReplyTime& time_;
  ClientProofs proofs_;
  ClientConduct conduct_;
};

}  // namespace proxy
