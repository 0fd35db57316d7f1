#include "store/redis_store.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/execution/context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "store/history_buffer.h"
#include "store/keys.h"
#include "store/record_codec.h"
#include "store/redis/as_tuple.h"
#include "store/redis/client.h"
#include "store/redis/exchange.h"
#include "store/redis/keys.h"
#include "store/redis/listing.h"
#include "store/redis/redis_shelf.h"
#include "store/redis/swap.h"

namespace greylist {
namespace {

using redis::as_tuple;
using redis::Client;
using redis::Command;
using redis::error;
using redis::Exchange;
using redis::Found;
using redis::most_swaps;
using redis::on_key;
using redis::Place;
using redis::RedisShelf;

constexpr std::chrono::milliseconds history_delay{500};
constexpr std::chrono::seconds between_measurements{5};
constexpr std::string_view beyond_most_events = "-1001";  // of one recipient: all but the latest 1,000
constexpr std::size_t most_at_once = 1000;                // commands
// A host that is gone for good doesn't leave its reputations behind forever.
constexpr std::chrono::days reputations_live{60};

std::uint64_t used_memory(std::string_view info) {
  constexpr std::string_view name = "used_memory:";
  std::uint64_t octets = 0;
  if (const auto found = info.find(name); found != info.npos)
    std::from_chars(info.data() + found + name.size(), info.data() + info.size(), octets);
  return octets;
}

std::string score(Time time) { return std::to_string(time.time_since_epoch().count()); }

// Tells events of one time apart, and which came first.
constexpr std::size_t number_size = 4;
std::string numbered(std::uint32_t number) {
  std::string octets;
  for (int shift = 24; shift >= 0; shift -= 8) octets.push_back(static_cast<char>(number >> shift & 0xFF));
  return octets;
}

class RedisStore final : public Store {
 public:
  explicit RedisStore(RedisOptions options);
  ~RedisStore() override;

  asio::awaitable<Found<Judgement>> attempt(Question question, Time now, Limits limits, AutoAllow rule) override;
  asio::awaitable<Found<void>> delivered(Delivery delivery, Time now, Limits limits, AutoAllow rule) override;
  asio::awaitable<Found<void>> forget_credit(std::string earner) override;
  asio::awaitable<Found<std::optional<Record>>> find(Triplet triplet) override;
  asio::awaitable<Found<std::optional<Credit>>> find_credit(std::string earner) override;
  asio::awaitable<Found<EntryPage>> scan(std::string from, EntryFilter wanted) override;
  asio::awaitable<Found<EarnerPage>> scan_earners(std::string from) override;
  asio::awaitable<Found<bool>> forget(Triplet triplet, EntryFilter if_still) override;
  asio::awaitable<Found<void>> take_over(std::vector<Entry> entries, Time now, Limits limits) override;
  asio::awaitable<Found<void>> take_over_earners(std::vector<Earner> earners, Time now, Limits limits) override;
  asio::awaitable<Found<std::vector<RunTimeEntry>>> run_time_entries() override;
  asio::awaitable<Found<void>> add(std::vector<RunTimeEntry> entries) override;
  asio::awaitable<Found<bool>> remove(RunTimeEntry entry) override;
  asio::awaitable<Found<std::vector<ReputationChange>>> reputations() override;
  asio::awaitable<Found<void>> keep(std::vector<ReputationChange> changes) override;
  void note(HistoryEvent event) override;
  asio::awaitable<Found<std::vector<HistoryEvent>>> history(std::string recipient, std::size_t most) override;
  void serve(asio::io_context& loop) override;
  void leave(asio::io_context& loop) override;
  void set_limits(const Limits& limits) override { history_lives_ = limits.history; }
  StoreStatus status() const override;

 private:
  template <class T, class... Parameters, class... Arguments>
  asio::awaitable<Found<T>> run(asio::awaitable<Found<T>> (RedisStore::*step)(Exchange, Parameters...),
                                Arguments... arguments);
  Client& client_of(const asio::any_io_executor& executor);
  void health(const asio::io_context& loop, const std::string& problem);

  asio::awaitable<Found<Judgement>> attempt_by(Exchange server, Question question, Time now, Limits limits,
                                               AutoAllow rule);
  asio::awaitable<Found<void>> forget_credit_by(Exchange server, std::string earner);
  asio::awaitable<Found<std::optional<Record>>> find_by(Exchange server, Triplet triplet);
  asio::awaitable<Found<std::optional<Credit>>> find_credit_by(Exchange server, std::string earner);
  asio::awaitable<Found<bool>> forget_by(Exchange server, Triplet triplet, EntryFilter if_still);
  asio::awaitable<Found<EntryPage>> scan_by(Exchange server, std::string from, EntryFilter wanted);
  asio::awaitable<Found<EarnerPage>> scan_earners_by(Exchange server, std::string from);
  asio::awaitable<Found<std::vector<RunTimeEntry>>> run_time_entries_by(Exchange server);
  asio::awaitable<Found<void>> add_by(Exchange server, std::vector<RunTimeEntry> entries);
  asio::awaitable<Found<bool>> remove_by(Exchange server, RunTimeEntry entry);
  asio::awaitable<Found<std::vector<ReputationChange>>> reputations_by(Exchange server);
  asio::awaitable<Found<void>> keep_by(Exchange server, std::vector<ReputationChange> changes);
  asio::awaitable<Found<void>> take_over_by(Exchange server, std::vector<Entry> entries, Time now, Limits limits);
  asio::awaitable<Found<void>> take_over_earners_by(Exchange server, std::vector<Earner> earners, Time now,
                                                    Limits limits);
  asio::awaitable<Found<bool>> deliver_one(Exchange server, Delivery delivery, Time now, Limits limits, AutoAllow rule);
  asio::awaitable<void> write_history();
  asio::awaitable<void> write_history_soon();
  asio::awaitable<void> measure();
  asio::awaitable<void> end();

  const redis::Keys keys_;
  const std::string host_;
  const std::function<void(std::string_view)> warn_;
  const Client::Options options_;
  std::atomic<Duration> history_lives_;
  std::atomic<std::uint64_t> errors_ = 0, entries_ = 0, bytes_ = 0;
  HistoryBuffer history_;
  std::uint32_t next_event_ = 0;
  mutable std::mutex problems_mutex_;
  std::map<const asio::io_context*, std::string> problems_;  // of each loop, where there is one

  asio::io_context home_{1};  // for all that no loop asks for
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(home_);
  asio::steady_timer history_due_{home_}, measurement_{home_};
  Client own_{home_, options_};
  std::vector<std::unique_ptr<Client>> clients_;  // of the loops that are served
  std::atomic<bool> ending_ = false;
  std::jthread thread_;
};

Client::Options client_options(RedisOptions& options,
                               std::function<void(const asio::io_context&, const std::string&)> changed) {
  return {.nodes = std::move(options.nodes),
          .cluster = options.cluster,
          .dial = std::move(options.dial),
          .login = {std::move(options.username), std::move(options.password)},
          .timeout = options.timeout,
          .changed = std::move(changed)};
}

RedisStore::RedisStore(RedisOptions options)
    : keys_(std::move(options.prefix)),
      host_(std::move(options.host)),
      warn_(std::move(options.warn)),
      options_(client_options(options, [this](const auto& loop, const auto& problem) { health(loop, problem); })),
      history_lives_(options.limits.history) {
  asio::co_spawn(home_, measure(), asio::detached);
  thread_ = std::jthread([this] { home_.run(); });
}

RedisStore::~RedisStore() {
  ending_ = true;
  asio::co_spawn(home_, end(), asio::detached);
  work_.reset();
}

asio::awaitable<void> RedisStore::end() {
  measurement_.cancel();
  history_due_.cancel();
  co_await write_history();
  own_.close();
}

void RedisStore::serve(asio::io_context& loop) {
  auto& client = *clients_.emplace_back(std::make_unique<Client>(loop, options_));
  asio::post(loop, [&client] { client.warm_up(); });
}

void RedisStore::leave(asio::io_context& loop) {
  const auto found = std::ranges::find_if(clients_, [&](const auto& client) { return &client->loop() == &loop; });
  if (found != clients_.end()) (*found)->close();
}

void RedisStore::health(const asio::io_context& loop, const std::string& problem) {
  const std::lock_guard lock(problems_mutex_);
  const bool was_well = problems_.empty();
  if (problem.empty())
    problems_.erase(&loop);
  else
    problems_.insert_or_assign(&loop, problem);
  if (was_well && !problem.empty()) warn_(problem);
  if (!was_well && problems_.empty()) warn_("well again");
}

Client& RedisStore::client_of(const asio::any_io_executor& executor) {
  const auto* context = &asio::query(executor, asio::execution::context);
  for (const auto& client : clients_)
    if (static_cast<const asio::execution_context*>(&client->loop()) == context) return *client;
  return own_;
}

// Runs a step where there is a client, and comes back to the caller's executor.
template <class T, class... Parameters, class... Arguments>
asio::awaitable<Found<T>> RedisStore::run(asio::awaitable<Found<T>> (RedisStore::*step)(Exchange, Parameters...),
                                          Arguments... arguments) {
  const auto executor = co_await asio::this_coro::executor;
  auto& client = client_of(executor);
  auto done = (this->*step)({client, errors_}, std::move(arguments)...);
  if (&asio::query(executor, asio::execution::context) == static_cast<asio::execution_context*>(&client.loop()))
    co_return co_await std::move(done);
  co_return co_await asio::co_spawn(client.loop(), std::move(done), asio::use_awaitable);
}

asio::awaitable<Found<Judgement>> RedisStore::attempt(Question question, Time now, Limits limits, AutoAllow rule) {
  return run(&RedisStore::attempt_by, std::move(question), now, limits, rule);
}

asio::awaitable<Found<Judgement>> RedisStore::attempt_by(Exchange server, Question question, Time now, Limits limits,
                                                         AutoAllow rule) {
  RedisShelf shelf(keys_, now, limits);
  const auto judge = [&] { return attempt_step(shelf, question, now, limits, rule).value(); };
  auto judgement = judge();  // as if nothing were known: so it is for most
  const auto as_new = shelf.records();
  const auto was_new = co_await server.first_try(shelf);
  if (!was_new) co_return std::unexpected(was_new.error());
  for (unsigned i = 0; i < most_swaps; ++i) {
    judgement = judge();
    errors_ += shelf.take_unreadable();
    const bool is_let_through = judgement.verdict == Verdict::auto_allowed;
    if (*was_new && is_let_through) server.take_back(as_new);
    if (*was_new && !is_let_through) co_return judgement;  // that is written
    const auto written = co_await server.write(shelf);
    if (!written) co_return std::unexpected(written.error());
    if (*written) co_return judgement;
  }
  co_return std::unexpected(error("other hosts were faster each time"));
}

asio::awaitable<Found<void>> RedisStore::delivered(Delivery delivery, Time now, Limits limits, AutoAllow rule) {
  if (rule.after == 0 || delivery.earners.empty()) co_return Found<void>();
  std::set<std::string> done;  // several recipients of a message may share a triplet
  for (auto& triplet : delivery.triplets) {
    if (!done.insert(triplet_key(triplet)).second) continue;
    Delivery one{{std::move(triplet)}, delivery.earners};
    const auto more = co_await run(&RedisStore::deliver_one, std::move(one), now, limits, rule);
    if (!more) co_return std::unexpected(more.error());
    if (!*more) break;
  }
  co_return Found<void>();
}

// The triplet is marked first: whoever marks it counts it, and nobody else does. Whether another one could count.
asio::awaitable<Found<bool>> RedisStore::deliver_one(Exchange server, Delivery delivery, Time now, Limits limits,
                                                     AutoAllow rule) {
  for (unsigned i = 0; i < most_swaps; ++i) {
    RedisShelf shelf(keys_, now, limits);
    delivered_step(shelf, delivery, now, limits, rule).value();  // for what it asks for
    if (const auto known = co_await server.read(shelf); !known) co_return std::unexpected(known.error());
    const auto counts = [&](const std::string& earner) {
      return count(shelf.credit(earner).value(), now, limits, rule).has_value();
    };
    if (std::ranges::none_of(delivery.earners, counts)) co_return false;
    delivered_step(shelf, delivery, now, limits, rule).value();
    if (!changes_anything(shelf.records())) co_return true;
    auto marked = co_await server.swap_all({shelf.records()});
    if (!marked) co_return std::unexpected(marked.error());
    if (marked->front()) continue;
    for (const auto& credit : shelf.credits()) {
      if (!credit.becomes) continue;
      const auto counted = co_await server.write_merged({credit}, [&](std::size_t, Place& place) {
        const auto more = count(decode_credit(place.expected), now, limits, rule);
        if (more) redis::put(place, *more, now, limits);
      });
      if (!counted) co_return std::unexpected(counted.error());
    }
    co_return true;
  }
  co_return std::unexpected(error("other hosts were faster each time"));
}

asio::awaitable<Found<void>> RedisStore::take_over(std::vector<Entry> entries, Time now, Limits limits) {
  return run(&RedisStore::take_over_by, std::move(entries), now, limits);
}

asio::awaitable<Found<void>> RedisStore::take_over_by(Exchange server, std::vector<Entry> entries, Time now,
                                                      Limits limits) {
  std::vector<Place> places;
  places.reserve(entries.size());
  for (const auto& [triplet, record] : entries) {
    auto& place = places.emplace_back(Place{keys_.triplet(triplet_key(triplet)), {}, {}, {}});
    redis::put(place, record, now, limits);
  }
  co_return co_await server.write_merged(std::move(places), [&entries, now, limits](std::size_t number, Place& place) {
    const auto known = decode_record(place.expected);
    const auto both = merged(known, entries[number].record, now, limits);
    if (known != both) redis::put(place, both, now, limits);
  });
}

asio::awaitable<Found<void>> RedisStore::take_over_earners(std::vector<Earner> earners, Time now, Limits limits) {
  return run(&RedisStore::take_over_earners_by, std::move(earners), now, limits);
}

asio::awaitable<Found<void>> RedisStore::take_over_earners_by(Exchange server, std::vector<Earner> earners, Time now,
                                                              Limits limits) {
  std::vector<Place> places;
  places.reserve(earners.size());
  for (const auto& [name, credit] : earners) {
    auto& place = places.emplace_back(Place{keys_.credit(name), {}, {}, {}});
    redis::put(place, credit, now, limits);
  }
  co_return co_await server.write_merged(std::move(places), [&earners, now, limits](std::size_t number, Place& place) {
    const auto known = decode_credit(place.expected);
    const auto& credit = earners[number].credit;
    if (!known || lapsed(*known, now, limits) || known->count < credit.count) redis::put(place, credit, now, limits);
  });
}

asio::awaitable<Found<void>> RedisStore::forget_credit(std::string earner) {
  return run(&RedisStore::forget_credit_by, std::move(earner));
}

asio::awaitable<Found<void>> RedisStore::forget_credit_by(Exchange server, std::string earner) {
  const auto key = keys_.credit(earner);
  const auto gone = co_await server.ask(on_key(key, {"DEL", key}));
  if (!gone) co_return std::unexpected(gone.error());
  co_return Found<void>();
}

asio::awaitable<Found<std::optional<Record>>> RedisStore::find(Triplet triplet) {
  return run(&RedisStore::find_by, std::move(triplet));
}

asio::awaitable<Found<std::optional<Record>>> RedisStore::find_by(Exchange server, Triplet triplet) {
  const auto there = co_await server.value(keys_.triplet(triplet_key(triplet)));
  if (!there) co_return std::unexpected(there.error());
  co_return decode_record(*there);
}

asio::awaitable<Found<std::optional<Credit>>> RedisStore::find_credit(std::string earner) {
  return run(&RedisStore::find_credit_by, std::move(earner));
}

asio::awaitable<Found<std::optional<Credit>>> RedisStore::find_credit_by(Exchange server, std::string earner) {
  const auto there = co_await server.value(keys_.credit(earner));
  if (!there) co_return std::unexpected(there.error());
  co_return decode_credit(*there);
}

asio::awaitable<Found<bool>> RedisStore::forget(Triplet triplet, EntryFilter if_still) {
  return run(&RedisStore::forget_by, std::move(triplet), std::move(if_still));
}

asio::awaitable<Found<bool>> RedisStore::forget_by(Exchange server, Triplet triplet, EntryFilter if_still) {
  Place place{keys_.triplet(triplet_key(triplet)), {}, {}, {}};
  auto there = co_await server.value(place.key);
  if (!there) co_return std::unexpected(there.error());
  place.expected = *std::move(there);
  for (unsigned i = 0; i < most_swaps; ++i) {
    const auto record = decode_record(place.expected);
    if (!record || !if_still(triplet, *record)) co_return false;
    place.becomes.emplace();
    auto swapped = co_await server.swap_all({{place}});
    if (!swapped) co_return std::unexpected(swapped.error());
    if (!swapped->front()) co_return true;
    place.expected = std::move(swapped->front()->front());
  }
  co_return std::unexpected(error("other hosts were faster each time"));
}

asio::awaitable<Found<EntryPage>> RedisStore::scan(std::string from, EntryFilter wanted) {
  return run(&RedisStore::scan_by, std::move(from), std::move(wanted));
}

asio::awaitable<Found<EntryPage>> RedisStore::scan_by(Exchange server, std::string from, EntryFilter wanted) {
  return redis::entries(server, keys_, std::move(from), std::move(wanted));
}

asio::awaitable<Found<EarnerPage>> RedisStore::scan_earners(std::string from) {
  return run(&RedisStore::scan_earners_by, std::move(from));
}

asio::awaitable<Found<EarnerPage>> RedisStore::scan_earners_by(Exchange server, std::string from) {
  return redis::earners(server, keys_, std::move(from));
}

asio::awaitable<Found<std::vector<RunTimeEntry>>> RedisStore::run_time_entries() {
  return run(&RedisStore::run_time_entries_by);
}

asio::awaitable<Found<std::vector<RunTimeEntry>>> RedisStore::run_time_entries_by(Exchange server) {
  const auto kept = co_await redis::fields(server, keys_.run_time_lists());
  if (!kept) co_return std::unexpected(kept.error());
  std::vector<RunTimeEntry> entries;
  for (const auto& [key, value] : *kept)
    if (auto entry = parse_run_time_key(key); entry && decode_into(*entry, value)) entries.push_back(*std::move(entry));
  co_return entries;
}

asio::awaitable<Found<void>> RedisStore::add(std::vector<RunTimeEntry> entries) {
  return run(&RedisStore::add_by, std::move(entries));
}

asio::awaitable<Found<void>> RedisStore::add_by(Exchange server, std::vector<RunTimeEntry> entries) {
  const auto key = keys_.run_time_lists();
  std::vector<std::string> texts;
  for (const auto& entry : entries) texts.insert(texts.end(), {run_time_key(entry), encode(entry)});
  if (texts.empty()) co_return Found<void>();
  std::vector<std::string_view> words{"HSET", key};
  words.insert(words.end(), texts.begin(), texts.end());
  const auto done = co_await server.ask({redis::command(words), redis::slot_of(key)});
  if (!done) co_return std::unexpected(done.error());
  co_return Found<void>();
}

asio::awaitable<Found<bool>> RedisStore::remove(RunTimeEntry entry) {
  return run(&RedisStore::remove_by, std::move(entry));
}

asio::awaitable<Found<bool>> RedisStore::remove_by(Exchange server, RunTimeEntry entry) {
  const auto key = keys_.run_time_lists();
  const auto gone = co_await server.ask(on_key(key, {"HDEL", key, run_time_key(entry)}));
  if (!gone) co_return std::unexpected(gone.error());
  co_return gone->number > 0;
}

asio::awaitable<Found<std::vector<ReputationChange>>> RedisStore::reputations() {
  return run(&RedisStore::reputations_by);
}

asio::awaitable<Found<std::vector<ReputationChange>>> RedisStore::reputations_by(Exchange server) {
  const auto kept = co_await redis::fields(server, keys_.reputations(host_));
  if (!kept) co_return std::unexpected(kept.error());
  std::vector<ReputationChange> all;
  for (const auto& [identity, value] : *kept)
    if (const auto reputation = decode_reputation(value)) all.push_back({identity, reputation});
  co_return all;
}

asio::awaitable<Found<void>> RedisStore::keep(std::vector<ReputationChange> changes) {
  return run(&RedisStore::keep_by, std::move(changes));
}

asio::awaitable<Found<void>> RedisStore::keep_by(Exchange server, std::vector<ReputationChange> changes) {
  const auto key = keys_.reputations(host_);
  const auto lifetime = std::to_string(std::chrono::milliseconds(reputations_live).count());
  for (std::size_t from = 0; from < changes.size(); from += most_at_once) {
    std::vector<Command> commands;
    for (auto i = from; i < std::min(changes.size(), from + most_at_once); ++i) {
      const auto& [identity, reputation] = changes[i];
      commands.push_back(reputation ? on_key(key, {"HSET", key, identity, encode(*reputation)})
                                    : on_key(key, {"HDEL", key, identity}));
    }
    commands.push_back(on_key(key, {"PEXPIRE", key, lifetime}));
    const auto done = co_await server.ask(std::move(commands));
    if (!done) co_return std::unexpected(done.error());
  }
  co_return Found<void>();
}

void RedisStore::note(HistoryEvent event) {
  if (history_lives_.load() <= Duration::zero() || !history_.add(std::move(event))) return;
  asio::post(home_, [this] { asio::co_spawn(home_, write_history_soon(), asio::detached); });
}

asio::awaitable<void> RedisStore::write_history_soon() {
  history_due_.expires_after(history_delay);
  co_await history_due_.async_wait(as_tuple);
  if (!ending_) co_await write_history();
}

// Its loss would be a pity and no more.
asio::awaitable<void> RedisStore::write_history() {
  Exchange server(own_, errors_);
  const auto events = history_.take();
  const auto lifetime = std::to_string(history_lives_.load().count());
  for (std::size_t from = 0; from < events.size(); from += most_at_once) {
    std::vector<Command> commands;
    std::map<std::string, std::string> oldest;  // that is kept, by key
    for (auto i = from; i < std::min(events.size(), from + most_at_once); ++i) {
      const auto& event = events[i];
      auto key = keys_.history(event.recipient);
      commands.push_back(on_key(key, {"ZADD", key, score(event.time), numbered(next_event_++) + encode(event)}));
      oldest.insert_or_assign(std::move(key), score(event.time - history_lives_.load()));
    }
    for (const auto& [key, time] : oldest) {
      commands.push_back(on_key(key, {"ZREMRANGEBYSCORE", key, "-inf", "(" + time}));
      commands.push_back(on_key(key, {"ZREMRANGEBYRANK", key, "0", beyond_most_events}));
      commands.push_back(on_key(key, {"PEXPIRE", key, lifetime}));
    }
    [[maybe_unused]] const auto done = co_await server.ask(std::move(commands));
  }
}

asio::awaitable<Found<std::vector<HistoryEvent>>> RedisStore::history(std::string recipient, std::size_t most) {
  using Result = Found<std::vector<HistoryEvent>>;
  const auto read = [](RedisStore& self, std::string whose, std::size_t count) -> asio::awaitable<Result> {
    co_await self.write_history();  // on this thread, as always
    Exchange server(self.own_, self.errors_);
    const auto key = self.keys_.history(whose);
    const auto kept =
        co_await server.ask(on_key(key, {"ZREVRANGE", key, "0", std::to_string(std::max<std::size_t>(count, 1) - 1)}));
    if (!kept) co_return std::unexpected(kept.error());
    std::vector<HistoryEvent> events;
    for (const auto& item : kept->items) {
      if (item.text.size() < number_size) continue;
      auto event = decode_event(std::string_view(item.text).substr(number_size));
      if (!event) continue;
      event->recipient = whose;
      events.push_back(*std::move(event));
    }
    co_return events;
  };
  co_return co_await asio::co_spawn(home_, read(*this, std::move(recipient), most), asio::use_awaitable);
}

// What status() says, from time to time: it mustn't wait.
asio::awaitable<void> RedisStore::measure() {
  auto& client = own_;
  while (!ending_) {
    std::uint64_t entries = 0, bytes = 0;
    for (const auto& server : co_await client.masters()) {
      const auto size = co_await client.ask_node(server, redis::command({"DBSIZE"}));
      if (size) entries += static_cast<std::uint64_t>(size->number);
      const auto memory = co_await client.ask_node(server, redis::command({"INFO", "memory"}));
      if (memory) bytes += used_memory(memory->text);
    }
    entries_ = entries;
    bytes_ = bytes;
    measurement_.expires_after(between_measurements);
    if (!ending_) co_await measurement_.async_wait(as_tuple);
  }
}

StoreStatus RedisStore::status() const {
  StoreStatus status{.engine = "redis", .entries_estimate = entries_, .bytes = bytes_, .errors = errors_};
  const std::lock_guard lock(problems_mutex_);
  status.ok = problems_.empty();
  if (!status.ok) status.problem = problems_.begin()->second;
  return status;
}

}  // namespace

std::unique_ptr<Store> open_redis_store(RedisOptions options) {
  return std::make_unique<RedisStore>(std::move(options));
}

}  // namespace greylist
