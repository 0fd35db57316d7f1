#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "greylist/timestamp.h"
#include "proxy/status/tallies.h"
#include "proxy/status/top_list.h"

namespace proxy {

// What happened lately, for people who look at the status page. Thread-safe: one short lock a decision. In bounded
// memory (some 100 KiB), whatever peers send; gone when the program ends.
class Recent {
 public:
  // Of one recipient. Texts may hold any octets, and are cut to 200.
  struct Decision {
    greylist::Time time;
    std::optional<Event> became;  // nothing: it wasn't decided here, or couldn't be sent on
    std::string client, helo, sender, recipient, verdict, reply;
  };
  struct Report {
    std::vector<Tally> minutes, hours;           // the latest 60 and 48, the oldest first
    greylist::Time since;                        // of the two below
    std::vector<TopList::Row> clients, senders;  // that were put off most, and how often at least; ten at most
    std::vector<Decision> decisions;             // the latest 50, the newest first
  };

  // `sender` is its key, in which what differs from message to message is left out.
  void decided(Decision decision, std::string_view sender);
  void relayed(greylist::Time now);
  Report report(greylist::Time now) const;

 private:
  static constexpr std::size_t decisions_kept = 50, rows_shown = 10, places = 128, longest_text = 200;
  static constexpr std::chrono::hours generation{12};

  // Who was put off most since a moment. The last two are kept, so that what is shown is never older than a day.
  struct PutOff {
    explicit PutOff(greylist::Time time) : since(time) {}
    greylist::Time since;
    TopList clients{places}, senders{places};
  };
  void count_put_off(greylist::Time now, std::string_view client, std::string_view sender);

  mutable std::mutex mutex_;
  Tallies minutes_{std::chrono::minutes(1), 60}, hours_{std::chrono::hours(1), 48};
  std::deque<PutOff> put_off_;
  std::deque<Decision> decisions_;
};

}  // namespace proxy
