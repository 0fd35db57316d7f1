#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "history.h"
#include "judge.h"
#include "lists/run_time_entry.h"
#include "reputations.h"
#include "store/question.h"
#include "triplet.h"

namespace greylist {

struct StoreError {
  std::string what;
};

struct StoreStatus {
  std::string engine;  // "rocksdb", "redis", "memory"
  bool ok = true;
  std::string problem;   // why not
  std::string stand_in;  // the engine that serves all the same meanwhile; empty: none does
  std::uint64_t entries_estimate = 0, bytes = 0;
  std::uint64_t errors = 0;  // since the start: calls that failed, and entries that could not be read
};

// Triplets of a message that the backend took, and to whom they are credited.
struct Delivery {
  std::vector<Triplet> triplets;
  std::vector<std::string> earners;
};

struct Entry {
  Triplet triplet;
  Record record;
};
// Some of the entries, and where to go on; empty: there are no more.
struct EntryPage {
  std::vector<Entry> entries;
  std::string next;
};
using EntryFilter = std::function<bool(const Triplet&, const Record&)>;  // may be called on any thread

struct Earner {
  std::string name;  // Identity::earner
  Credit credit;
};
struct EarnerPage {
  std::vector<Earner> earners;
  std::string next;
};

// Where the greylist lives. Every call is one step: two calls for the same triplet at once end as if one came after the
// other. What a call answered survives `kill -9` (persistent engines). Calls may suspend (disk, network) and complete
// on the caller's executor; when the answer is in memory they don't suspend. Any thread that runs an event loop may
// call.
//
// StoreError: nothing is known, and nothing was recorded that could harm, for this call; the next one may fare better.
// The caller then does as OnStoreFailure says. Stores look after themselves: there is nothing to close or to reopen.
class Store {
 public:
  virtual ~Store() = default;

  // auto_allowed with an empty record if one of the earners has earned its way (its last use is renewed), else what
  // judge() says of all that is remembered under the client's identities. A first attempt is remembered under each of
  // them, so that a retry counts that can prove but one; what passes, under the best alone. Uses in quick succession
  // are remembered as one: what find() shows as last_seen may be older by a second, or 1/64 of the lifetime where that
  // is shorter.
  virtual asio::awaitable<std::expected<Judgement, StoreError>> attempt(Question question, Time now, Limits limits,
                                                                        AutoAllow rule) = 0;
  // Credits every earner, as count() allows, with each triplet that has passed and was not credited yet. Triplets of
  // the null sender earn nothing; nor does any while rule.after is 0.
  virtual asio::awaitable<std::expected<void, StoreError>> delivered(Delivery delivery, Time now, Limits limits,
                                                                     AutoAllow rule) = 0;
  // Takes back what `earner` has earned; nothing to do if it has earned nothing.
  virtual asio::awaitable<std::expected<void, StoreError>> forget_credit(std::string earner) = 0;
  // Reads without changing anything. An entry that has expired() may still be there.
  virtual asio::awaitable<std::expected<std::optional<Record>, StoreError>> find(Triplet triplet) = 0;

  virtual asio::awaitable<std::expected<std::optional<Credit>, StoreError>> find_credit(std::string earner) = 0;

  // For administrators. What is there, a page at a time; `from` is empty or a page's `next`. Entries that have
  // expired() may be among them; those that come or go meanwhile may be seen or not, all others once (in Redis more
  // than once, if its table is resized meanwhile). A page takes a few milliseconds at most, however few entries are
  // wanted.
  virtual asio::awaitable<std::expected<EntryPage, StoreError>> scan(std::string from, EntryFilter wanted) = 0;
  virtual asio::awaitable<std::expected<EarnerPage, StoreError>> scan_earners(std::string from) = 0;
  // Forgets it if it is there and still wanted() so; whether it did.
  virtual asio::awaitable<std::expected<bool, StoreError>> forget(Triplet triplet, EntryFilter if_still) = 0;
  // Takes over what another greylist knows, merged() with what is known here.
  virtual asio::awaitable<std::expected<void, StoreError>> take_over(std::vector<Entry> entries, Time now,
                                                                     Limits limits) = 0;
  virtual asio::awaitable<std::expected<void, StoreError>> take_over_earners(std::vector<Earner> earners, Time now,
                                                                             Limits limits) = 0;

  // Run-time entries; one takes the place of another with the same conditions.
  virtual asio::awaitable<std::expected<std::vector<RunTimeEntry>, StoreError>> run_time_entries() = 0;
  virtual asio::awaitable<std::expected<void, StoreError>> add(std::vector<RunTimeEntry> entries) = 0;
  virtual asio::awaitable<std::expected<bool, StoreError>> remove(RunTimeEntry entry) = 0;  // whether it was there

  // Reputations: what was kept of them, and what is to be kept from now on.
  virtual asio::awaitable<std::expected<std::vector<ReputationChange>, StoreError>> reputations() = 0;
  virtual asio::awaitable<std::expected<void, StoreError>> keep(std::vector<ReputationChange> changes) = 0;

  // Notes an event for the history: never waits; it is written within a second, and lost where that can't be done.
  virtual void note(HistoryEvent event) = 0;  // any thread
  // The latest events for a keyed recipient, the newest first.
  virtual asio::awaitable<std::expected<std::vector<HistoryEvent>, StoreError>> history(std::string recipient,
                                                                                        std::size_t most) = 0;

  // Calls from this event loop will be frequent: a store that talks over a network has connections there. Before any
  // loop runs. leave(), called on that loop, ends what they do, else the loop would never run out of work.
  virtual void serve(asio::io_context& loop) = 0;
  virtual void leave(asio::io_context& loop) = 0;

  virtual void set_limits(const Limits& limits) = 0;  // what expired entries are dropped by from now on; any thread
  virtual StoreStatus status() const = 0;             // any thread; doesn't touch the disk
};

}  // namespace greylist
