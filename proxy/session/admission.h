#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "greylist/greylist_reply.h"
#include "greylist/policy.h"
#include "greylist/store/store.h"
#include "proxy/hidden_clients.h"
#include "proxy/session/client.h"
#include "proxy/session/reply_time.h"
#include "proxy/status/tallies.h"
#include "smtp/address.h"
#include "smtp/reply.h"

namespace proxy {

struct Setup;

// What becomes of one recipient.
struct Decision {
  enum class Step {
    decided,
    not_our_domain,
    at_data
  } step = Step::decided;  // at_data: a bounce that is judged when its content is about to come
  greylist::Verdict verdict = greylist::Verdict::off;
  greylist::Action action = greylist::Action::pass;
  std::optional<greylist::Triplet> triplet;      // if it came to the greylist; by the best identity that was proved
  std::string identity;                          // whom what it does is put down to, an earner; empty: nobody
  std::string rule;                              // the name of the one that decided, or chose the delay
  std::optional<greylist::ReplyTemplate> reply;  // that rule's
  std::optional<smtp::Reply> backends;           // what the backend said of it, to be passed on word for word
  std::vector<std::string> earners;              // whom its passing is credited to
  std::optional<greylist::Duration> waited;      // of a first retry that passes: since the first attempt
  std::optional<greylist::Duration> missing;     // of one that came too early: of the delay
  bool kept = true;  // in the store and its history: not where the client was put off too often

  std::string_view word() const;  // for logs
};

Decision decided_by(const greylist::Rule& rule);  // one of another action than "greylist"; its action is left open

// As the status page counts it, if what passes can be sent on.
Event became(const Decision& decision);

// What a recipient that doesn't pass is told.
smtp::Reply refusal(const Setup& setup, const Decision& decision, const greylist::ReplyValues& values);

// Decides about recipients: lists, domains, and the greylist. The DNS is asked only where it matters: for a name where
// an entry by name could match, for more proof of who the client is where its address alone isn't known. One for each
// session.
class Admission {
 public:
  Admission(Loop& loop, Client& client, ReplyTime& time) : loop_(loop), client_(client), time_(time) {}

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
  struct Wanted {  // of the DNS
    bool spf = false, name = false, lists = false;
    bool operator==(const Wanted&) const = default;
  };
  struct Ruled {
    const greylist::Rule* rule = nullptr;  // it lives as long as the setup; null: none
    std::string identity;                  // if it was asked how the client behaves: the earner of whom
  };
  enum class Count { yes, no };                 // this attempt, where a rule asks how many there were
  static Wanted wanted_by(const Setup& setup);  // before it greylists
  asio::awaitable<Ruled> rule_for(std::shared_ptr<const Setup> setup, std::string sender, std::string recipient,
                                  Count count, Deadline dns_deadline);
  greylist::Conduct conduct_of(const Setup& setup, const std::string& identity, Count count);
  std::string blamed(const Setup& setup, std::string_view sender) const;
  asio::awaitable<Decision> greylisted(std::shared_ptr<const Setup> setup, std::string sender, std::string recipient,
                                       const greylist::Rule* rule, Deadline dns_deadline);
  asio::awaitable<void> verify(std::shared_ptr<const Setup> setup, std::string recipient, Decision& decision);
  asio::awaitable<std::expected<greylist::Judgement, greylist::StoreError>> attempt(const greylist::Policy& policy,
                                                                                    greylist::Question question,
                                                                                    greylist::Time now,
                                                                                    greylist::Limits limits);
  asio::awaitable<bool> has_passed(std::shared_ptr<const Setup> setup, std::vector<greylist::Identity> identities);
  void note_trap_hit(const Setup& setup, std::string_view sender, const std::string& recipient, bool passed_before);
  void spring_trap(const Setup& setup, std::string_view sender, const std::string& recipient,
                   const std::string& network);
  Wanted missing(Wanted wanted, std::string_view sender) const;
  greylist::Proof proof_of(Wanted wanted, std::string_view sender) const;
  bool on_allow_list() const;
  asio::awaitable<void> look_up(std::shared_ptr<const Setup> setup, Wanted wanted, std::string sender,
                                Deadline deadline);
  asio::awaitable<void> forget_credit(std::shared_ptr<const Setup> setup, Deadline dns_deadline);
  std::string counted_as(std::string_view identity) const;
  bool has_used_up(unsigned most, std::string_view identity, greylist::Time now) const;
  void count_put_off(unsigned most, std::string_view identity);
  void take_in(Decision& decision, const greylist::Judgement& judgement, greylist::Time now, greylist::Duration delay);
  Decision counted(const Setup& setup, Decision decision);

  Loop& loop_;
  Client& client_;
  ReplyTime& time_;
};

}  // namespace proxy
