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
#include "store/redis/keys.h"
#include "store/redis/redis_shelf.h"
#include "store/redis/swap.h"

namespace greylist {
namespace {

using redis::as_tuple;
using redis::Client;
using redis::Command;
using redis::Place;
using redis::RedisShelf;
using redis::Reply;

template <class T>
using Found = std::expected<T, StoreError>;

constexpr unsigned most_swaps = 32;  // each that fails means that another host was faster
constexpr std::chrono::milliseconds history_delay{500};
constexpr std::chrono::seconds between_measurements{5};
constexpr std::string_view beyond_most_events = "-1001";  // of one recipient: all but the latest 1,000
constexpr std::size_t most_at_once = 1000;                // commands
constexpr std::string_view keys_a_page = "1000";
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

StoreError error(std::string what) { return {"redis: " + std::move(what)}; }

Command on_key(std::string_view key, std::initializer_list<std::string_view> words) {
  return {redis::command(words), redis::slot_of(key)};
}
Command get(const std::string& key) { return on_key(key, {"GET", key}); }

Command swap(const std::vector<Place>& places) {
  return {redis::swap_command(places), redis::slot_of(places.front().key)};
}

bool changes_anything(const std::vector<Place>& places) {
  return std::ranges::any_of(places, [](const Place& place) { return place.becomes.has_value(); });
}

// One at a time, where they are in hash slots of their own.
std::vector<std::vector<Place>> one_by_one(const std::vector<Place>& places) {
  std::vector<std::vector<Place>> all;
  for (const auto& place : places)
    if (place.becomes) all.push_back({place});
  return all;
}

// Where a scan goes on: the server, and its cursor.
struct ScanPlace {
  std::string server;
  std::string cursor = "0";

  static ScanPlace parse(const std::string& from) {
    const auto blank = from.find(' ');
    if (blank == from.npos) return {};
    return {from.substr(0, blank), from.substr(blank + 1)};
  }
  std::string text() const { return server + " " + cursor; }
};

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
  using Swaps = std::vector<std::vector<Place>>;
  using Instead = std::optional<std::vector<std::string>>;  // what is there; nullopt: nothing else, it is done

  template <class T, class... Parameters, class... Arguments>
  asio::awaitable<Found<T>> run(asio::awaitable<Found<T>> (RedisStore::*step)(Client&, Parameters...),
                                Arguments... arguments);
  Client& client_of(const asio::any_io_executor& executor);
  void health(const asio::io_context& loop, const std::string& problem);

  asio::awaitable<Found<std::vector<Reply>>> ask(Client& client, std::vector<Command> commands);
  asio::awaitable<Found<Reply>> ask(Client& client, Command command);
  asio::awaitable<Found<std::string>> value(Client& client, const std::string& key);
  asio::awaitable<Found<Instead>> taken(Client& client, const std::vector<Place>& places, Reply reply);
  asio::awaitable<Found<std::vector<Instead>>> swap_all(Client& client, Swaps swaps);
  asio::awaitable<Found<void>> read(Client& client, RedisShelf& shelf);
  asio::awaitable<Found<bool>> write(Client& client, RedisShelf& shelf);
  asio::awaitable<Found<bool>> first_try(Client& client, RedisShelf& shelf);
  asio::awaitable<Found<Judgement>> attempt_by(Client& client, Question question, Time now, Limits limits,
                                               AutoAllow rule);
  asio::awaitable<Found<void>> forget_credit_by(Client& client, std::string earner);
  asio::awaitable<Found<std::optional<Record>>> find_by(Client& client, Triplet triplet);
  asio::awaitable<Found<std::optional<Credit>>> find_credit_by(Client& client, std::string earner);
  asio::awaitable<Found<bool>> forget_by(Client& client, Triplet triplet, EntryFilter if_still);
  asio::awaitable<Found<EntryPage>> scan_by(Client& client, std::string from, EntryFilter wanted);
  asio::awaitable<Found<EarnerPage>> scan_earners_by(Client& client, std::string from);
  asio::awaitable<Found<std::vector<RunTimeEntry>>> run_time_entries_by(Client& client);
  asio::awaitable<Found<void>> add_by(Client& client, std::vector<RunTimeEntry> entries);
  asio::awaitable<Found<bool>> remove_by(Client& client, RunTimeEntry entry);
  asio::awaitable<Found<std::vector<ReputationChange>>> reputations_by(Client& client);
  asio::awaitable<Found<void>> keep_by(Client& client, std::vector<ReputationChange> changes);
  asio::awaitable<Found<void>> take_over_by(Client& client, std::vector<Entry> entries, Time now, Limits limits);
  asio::awaitable<Found<void>> take_over_earners_by(Client& client, std::vector<Earner> earners, Time now,
                                                    Limits limits);
  void take_back(Client& client, const std::vector<Place>& written);
  asio::awaitable<Found<bool>> deliver_one(Client& client, Delivery delivery, Time now, Limits limits, AutoAllow rule);
  using Merge = std::function<void(std::size_t number, Place& place)>;
  asio::awaitable<Found<void>> write_merged(Client& client, std::vector<Place> places, Merge merge);
  using Take = std::function<void(const std::string& key, const std::string& value)>;
  asio::awaitable<Found<std::string>> page(Client& client, std::string from, std::string pattern, Take take);
  using Fields = std::map<std::string, std::string>;
  asio::awaitable<Found<Fields>> fields(Client& client, std::string key);
  asio::awaitable<void> write_history(Client& client);
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
  co_await write_history(own_);
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
asio::awaitable<Found<T>> RedisStore::run(asio::awaitable<Found<T>> (RedisStore::*step)(Client&, Parameters...),
                                          Arguments... arguments) {
  const auto executor = co_await asio::this_coro::executor;
  auto& client = client_of(executor);
  auto done = (this->*step)(client, std::move(arguments)...);
  if (&asio::query(executor, asio::execution::context) == static_cast<asio::execution_context*>(&client.loop()))
    co_return co_await std::move(done);
  co_return co_await asio::co_spawn(client.loop(), std::move(done), asio::use_awaitable);
}

asio::awaitable<Found<std::vector<Reply>>> RedisStore::ask(Client& client, std::vector<Command> commands) {
  auto answers = co_await client.ask(std::move(commands));
  std::vector<Reply> replies;
  replies.reserve(answers.size());
  for (auto& answer : answers) {
    if (!answer || (answer->kind == Reply::Kind::error && !answer->is_error("NOSCRIPT"))) {
      ++errors_;
      co_return std::unexpected(error(answer ? answer->text : answer.error().why));
    }
    replies.push_back(*std::move(answer));
  }
  co_return replies;
}

asio::awaitable<Found<Reply>> RedisStore::ask(Client& client, Command command) {
  std::vector<Command> one;
  one.push_back(std::move(command));
  auto replies = co_await ask(client, std::move(one));
  if (!replies) co_return std::unexpected(std::move(replies.error()));
  co_return std::move(replies->front());
}

// Empty: it isn't there.
asio::awaitable<Found<std::string>> RedisStore::value(Client& client, const std::string& key) {
  auto reply = co_await ask(client, get(key));
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  co_return std::move(reply->text);
}

asio::awaitable<Found<std::vector<RedisStore::Instead>>> RedisStore::swap_all(Client& client, Swaps swaps) {
  std::vector<Command> commands;
  commands.reserve(swaps.size());
  for (const auto& places : swaps) commands.push_back(swap(places));
  auto replies = co_await ask(client, std::move(commands));
  if (!replies) co_return std::unexpected(std::move(replies.error()));
  std::vector<Instead> all;
  all.reserve(swaps.size());
  for (std::size_t i = 0; i < swaps.size(); ++i) {
    auto swapped = co_await taken(client, swaps[i], std::move((*replies)[i]));
    if (!swapped) co_return std::unexpected(std::move(swapped.error()));
    all.push_back(*std::move(swapped));
  }
  co_return all;
}

// Whether all that the step puts is written: if not, the shelf knows now what is there instead. What a use renews of a
// credit is not worth a second try.
asio::awaitable<Found<bool>> RedisStore::write(Client& client, RedisShelf& shelf) {
  Swaps swaps = one_by_one(shelf.credits());
  const bool has_records = changes_anything(shelf.records());
  if (has_records) swaps.push_back(shelf.records());
  if (swaps.empty()) co_return true;
  auto swapped = co_await swap_all(client, swaps);
  if (!swapped) co_return std::unexpected(std::move(swapped.error()));
  auto& instead = swapped->back();
  if (!has_records || !instead) co_return true;
  shelf.know(shelf.records(), *std::move(instead));
  co_return false;
}

// Writes what a step puts that knows nothing yet, and asks for what is there in the same breath. Whether it was right:
// nothing was. Of the credits the shelf knows now, in any case.
asio::awaitable<Found<bool>> RedisStore::first_try(Client& client, RedisShelf& shelf) {
  std::vector<Command> commands;
  commands.reserve(shelf.credits().size() + 1);
  commands.push_back(swap(shelf.records()));
  for (const auto& credit : shelf.credits()) commands.push_back(get(credit.key));
  auto replies = co_await ask(client, std::move(commands));
  if (!replies) co_return std::unexpected(std::move(replies.error()));
  auto swapped = co_await taken(client, shelf.records(), std::move(replies->front()));
  if (!swapped) co_return std::unexpected(std::move(swapped.error()));

  std::vector<std::string> credits;
  credits.reserve(shelf.credits().size());
  for (auto reply = replies->begin() + 1; reply != replies->end(); ++reply) credits.push_back(std::move(reply->text));
  shelf.know(shelf.credits(), std::move(credits));
  if (!*swapped) co_return true;
  shelf.know(shelf.records(), **std::move(swapped));
  co_return false;
}

// What became of a swap, with a second try for a server that doesn't know the script.
asio::awaitable<Found<RedisStore::Instead>> RedisStore::taken(Client& client, const std::vector<Place>& places,
                                                              Reply reply) {
  if (reply.is_error("NOSCRIPT")) {
    auto in_full = co_await ask(client, {redis::swap_in_full(places), redis::slot_of(places.front().key)});
    if (!in_full) co_return std::unexpected(std::move(in_full.error()));
    reply = *std::move(in_full);
  }
  auto swapped = redis::swapped(std::move(reply), places.size());
  if (!swapped) co_return std::unexpected(error(std::move(swapped.error())));
  co_return *std::move(swapped);
}

asio::awaitable<Found<Judgement>> RedisStore::attempt(Question question, Time now, Limits limits, AutoAllow rule) {
  return run(&RedisStore::attempt_by, std::move(question), now, limits, rule);
}

asio::awaitable<Found<Judgement>> RedisStore::attempt_by(Client& client, Question question, Time now, Limits limits,
                                                         AutoAllow rule) {
  RedisShelf shelf(keys_, now, limits);
  const auto judge = [&] { return attempt_step(shelf, question, now, limits, rule).value(); };
  auto judgement = judge();  // as if nothing were known: so it is for most
  const auto as_new = shelf.records();
  const auto was_new = co_await first_try(client, shelf);
  if (!was_new) co_return std::unexpected(was_new.error());
  for (unsigned i = 0; i < most_swaps; ++i) {
    judgement = judge();
    errors_ += shelf.take_unreadable();
    const bool is_let_through = judgement.verdict == Verdict::auto_allowed;
    if (*was_new && is_let_through) take_back(client, as_new);
    if (*was_new && !is_let_through) co_return judgement;  // that is written
    const auto written = co_await write(client, shelf);
    if (!written) co_return std::unexpected(written.error());
    if (*written) co_return judgement;
  }
  co_return std::unexpected(error("other hosts were faster each time"));
}

// Who is let through leaves no trace.
void RedisStore::take_back(Client& client, const std::vector<Place>& written) {
  if (!changes_anything(written)) return;
  auto places = written;
  for (auto& place : places) {
    if (!place.becomes) continue;
    place.expected = *std::exchange(place.becomes, std::string());
  }
  client.send(swap(places));
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
asio::awaitable<Found<bool>> RedisStore::deliver_one(Client& client, Delivery delivery, Time now, Limits limits,
                                                     AutoAllow rule) {
  for (unsigned i = 0; i < most_swaps; ++i) {
    RedisShelf shelf(keys_, now, limits);
    delivered_step(shelf, delivery, now, limits, rule).value();  // for what it asks for
    if (const auto known = co_await read(client, shelf); !known) co_return std::unexpected(known.error());
    const auto counts = [&](const std::string& earner) {
      return count(shelf.credit(earner).value(), now, limits, rule).has_value();
    };
    if (std::ranges::none_of(delivery.earners, counts)) co_return false;
    delivered_step(shelf, delivery, now, limits, rule).value();
    if (!changes_anything(shelf.records())) co_return true;
    auto marked = co_await swap_all(client, {shelf.records()});
    if (!marked) co_return std::unexpected(marked.error());
    if (marked->front()) continue;
    for (const auto& credit : shelf.credits()) {
      if (!credit.becomes) continue;
      const auto counted = co_await write_merged(client, {credit}, [&](std::size_t, Place& place) {
        const auto more = count(decode_credit(place.expected), now, limits, rule);
        if (more) redis::put(place, *more, now, limits);
      });
      if (!counted) co_return std::unexpected(counted.error());
    }
    co_return true;
  }
  co_return std::unexpected(error("other hosts were faster each time"));
}

// All that the shelf was asked for.
asio::awaitable<Found<void>> RedisStore::read(Client& client, RedisShelf& shelf) {
  std::vector<Command> commands;
  commands.reserve(shelf.records().size() + shelf.credits().size());
  for (const auto* places : {&shelf.records(), &shelf.credits()})
    for (const auto& place : *places) commands.push_back(get(place.key));
  auto replies = co_await ask(client, std::move(commands));
  if (!replies) co_return std::unexpected(replies.error());
  auto reply = replies->begin();
  for (auto* places : {&shelf.records(), &shelf.credits()}) {
    std::vector<std::string> values;
    values.reserve(places->size());
    for (std::size_t i = 0; i < places->size(); ++i) values.push_back(std::move(reply++->text));
    shelf.know(*places, std::move(values));
  }
  co_return Found<void>();
}

// Each on its own. Where something else is there than expected, `merge` is asked what is to be put instead, if
// anything.
asio::awaitable<Found<void>> RedisStore::write_merged(Client& client, std::vector<Place> places, Merge merge) {
  std::vector<std::size_t> numbers(places.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
  for (unsigned round = 0; round < most_swaps && !numbers.empty(); ++round) {
    Swaps swaps;
    swaps.reserve(numbers.size());
    for (const auto number : numbers) swaps.push_back({places[number]});
    auto swapped = co_await swap_all(client, swaps);
    if (!swapped) co_return std::unexpected(swapped.error());
    std::vector<std::size_t> again;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      auto& instead = (*swapped)[i];
      if (!instead) continue;
      auto& place = places[numbers[i]];
      place.expected = std::move(instead->front());
      place.becomes.reset();
      merge(numbers[i], place);
      if (place.becomes) again.push_back(numbers[i]);
    }
    numbers = std::move(again);
  }
  if (!numbers.empty()) co_return std::unexpected(error("other hosts were faster each time"));
  co_return Found<void>();
}

asio::awaitable<Found<void>> RedisStore::take_over(std::vector<Entry> entries, Time now, Limits limits) {
  return run(&RedisStore::take_over_by, std::move(entries), now, limits);
}

asio::awaitable<Found<void>> RedisStore::take_over_by(Client& client, std::vector<Entry> entries, Time now,
                                                      Limits limits) {
  std::vector<Place> places;
  places.reserve(entries.size());
  for (const auto& [triplet, record] : entries) {
    auto& place = places.emplace_back(Place{keys_.triplet(triplet_key(triplet)), {}, {}, {}});
    redis::put(place, record, now, limits);
  }
  co_return co_await write_merged(client, std::move(places), [&entries, now, limits](std::size_t number, Place& place) {
    const auto known = decode_record(place.expected);
    const auto both = merged(known, entries[number].record, now, limits);
    if (known != both) redis::put(place, both, now, limits);
  });
}

asio::awaitable<Found<void>> RedisStore::take_over_earners(std::vector<Earner> earners, Time now, Limits limits) {
  return run(&RedisStore::take_over_earners_by, std::move(earners), now, limits);
}

asio::awaitable<Found<void>> RedisStore::take_over_earners_by(Client& client, std::vector<Earner> earners, Time now,
                                                              Limits limits) {
  std::vector<Place> places;
  places.reserve(earners.size());
  for (const auto& [name, credit] : earners) {
    auto& place = places.emplace_back(Place{keys_.credit(name), {}, {}, {}});
    redis::put(place, credit, now, limits);
  }
  co_return co_await write_merged(client, std::move(places), [&earners, now, limits](std::size_t number, Place& place) {
    const auto known = decode_credit(place.expected);
    const auto& credit = earners[number].credit;
    if (!known || lapsed(*known, now, limits) || known->count < credit.count) redis::put(place, credit, now, limits);
  });
}

asio::awaitable<Found<void>> RedisStore::forget_credit(std::string earner) {
  return run(&RedisStore::forget_credit_by, std::move(earner));
}

asio::awaitable<Found<void>> RedisStore::forget_credit_by(Client& client, std::string earner) {
  const auto key = keys_.credit(earner);
  const auto gone = co_await ask(client, on_key(key, {"DEL", key}));
  if (!gone) co_return std::unexpected(gone.error());
  co_return Found<void>();
}

asio::awaitable<Found<std::optional<Record>>> RedisStore::find(Triplet triplet) {
  return run(&RedisStore::find_by, std::move(triplet));
}

asio::awaitable<Found<std::optional<Record>>> RedisStore::find_by(Client& client, Triplet triplet) {
  const auto there = co_await value(client, keys_.triplet(triplet_key(triplet)));
  if (!there) co_return std::unexpected(there.error());
  co_return decode_record(*there);
}

asio::awaitable<Found<std::optional<Credit>>> RedisStore::find_credit(std::string earner) {
  return run(&RedisStore::find_credit_by, std::move(earner));
}

asio::awaitable<Found<std::optional<Credit>>> RedisStore::find_credit_by(Client& client, std::string earner) {
  const auto there = co_await value(client, keys_.credit(earner));
  if (!there) co_return std::unexpected(there.error());
  co_return decode_credit(*there);
}

asio::awaitable<Found<bool>> RedisStore::forget(Triplet triplet, EntryFilter if_still) {
  return run(&RedisStore::forget_by, std::move(triplet), std::move(if_still));
}

asio::awaitable<Found<bool>> RedisStore::forget_by(Client& client, Triplet triplet, EntryFilter if_still) {
  Place place{keys_.triplet(triplet_key(triplet)), {}, {}, {}};
  auto there = co_await value(client, place.key);
  if (!there) co_return std::unexpected(there.error());
  place.expected = *std::move(there);
  for (unsigned i = 0; i < most_swaps; ++i) {
    const auto record = decode_record(place.expected);
    if (!record || !if_still(triplet, *record)) co_return false;
    place.becomes.emplace();
    auto swapped = co_await swap_all(client, {{place}});
    if (!swapped) co_return std::unexpected(swapped.error());
    if (!swapped->front()) co_return true;
    place.expected = std::move(swapped->front()->front());
  }
  co_return std::unexpected(error("other hosts were faster each time"));
}

// A page of the keys of that pattern, and where to go on.
asio::awaitable<Found<std::string>> RedisStore::page(Client& client, std::string from, std::string pattern, Take take) {
  auto place = ScanPlace::parse(from);
  const auto servers = co_await client.masters();
  if (servers.empty()) co_return std::unexpected(error("no node of the cluster answers"));
  const auto at = from.empty() ? servers.begin() : std::ranges::find(servers, place.server, &redis::NodeAddress::text);
  if (at == servers.end()) co_return std::unexpected(error("the cluster has changed: begin anew"));
  const auto scanned =
      co_await client.ask_node(*at, redis::command({"SCAN", place.cursor, "MATCH", pattern, "COUNT", keys_a_page}));
  if (!scanned) co_return std::unexpected(error(scanned.error().why));
  if (scanned->kind == Reply::Kind::error) co_return std::unexpected(error(scanned->text));
  if (scanned->items.size() != 2) co_return std::unexpected(error("no answer to SCAN"));

  const auto& keys = scanned->items[1].items;
  std::vector<Command> commands;
  commands.reserve(keys.size());
  for (const auto& key : keys) commands.push_back(get(key.text));
  const auto values = co_await ask(client, std::move(commands));
  if (!values) co_return std::unexpected(values.error());
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (!(*values)[i].text.empty()) take(keys[i].text, (*values)[i].text);

  const auto& cursor = scanned->items[0].text;
  const auto next = cursor == "0" ? at + 1 : at;
  co_return next == servers.end() ? std::string() : ScanPlace{next->text(), cursor}.text();
}

asio::awaitable<Found<EntryPage>> RedisStore::scan(std::string from, EntryFilter wanted) {
  return run(&RedisStore::scan_by, std::move(from), std::move(wanted));
}

asio::awaitable<Found<EntryPage>> RedisStore::scan_by(Client& client, std::string from, EntryFilter wanted) {
  EntryPage found;
  auto next = co_await page(client, from, keys_.all_triplets(), [&](const std::string& key, const std::string& value) {
    auto triplet = keys_.parse_triplet(key);
    auto record = decode_record(value);
    if (triplet && record && wanted(*triplet, *record))
      found.entries.push_back({*std::move(triplet), *std::move(record)});
  });
  if (!next) co_return std::unexpected(next.error());
  found.next = *std::move(next);
  co_return found;
}

asio::awaitable<Found<EarnerPage>> RedisStore::scan_earners(std::string from) {
  return run(&RedisStore::scan_earners_by, std::move(from));
}

asio::awaitable<Found<EarnerPage>> RedisStore::scan_earners_by(Client& client, std::string from) {
  EarnerPage found;
  auto next = co_await page(client, from, keys_.all_credits(), [&](const std::string& key, const std::string& value) {
    auto name = keys_.parse_credit(key);
    const auto credit = decode_credit(value);
    if (name && credit) found.earners.push_back({*std::move(name), *credit});
  });
  if (!next) co_return std::unexpected(next.error());
  found.next = *std::move(next);
  co_return found;
}

// All fields of a hash. A large one comes in pieces, so that the server serves others between.
asio::awaitable<Found<RedisStore::Fields>> RedisStore::fields(Client& client, std::string key) {
  Fields all;
  std::string cursor = "0";
  do {
    const auto some = co_await ask(client, on_key(key, {"HSCAN", key, cursor, "COUNT", keys_a_page}));
    if (!some) co_return std::unexpected(some.error());
    if (some->items.size() != 2) co_return std::unexpected(error("no answer to HSCAN"));
    const auto& fields = some->items[1].items;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) all.insert_or_assign(fields[i].text, fields[i + 1].text);
    cursor = some->items[0].text;
  } while (cursor != "0");
  co_return all;
}

asio::awaitable<Found<std::vector<RunTimeEntry>>> RedisStore::run_time_entries() {
  return run(&RedisStore::run_time_entries_by);
}

asio::awaitable<Found<std::vector<RunTimeEntry>>> RedisStore::run_time_entries_by(Client& client) {
  const auto kept = co_await fields(client, keys_.run_time_lists());
  if (!kept) co_return std::unexpected(kept.error());
  std::vector<RunTimeEntry> entries;
  for (const auto& [key, value] : *kept)
    if (auto entry = parse_run_time_key(key); entry && decode_into(*entry, value)) entries.push_back(*std::move(entry));
  co_return entries;
}

asio::awaitable<Found<void>> RedisStore::add(std::vector<RunTimeEntry> entries) {
  return run(&RedisStore::add_by, std::move(entries));
}

asio::awaitable<Found<void>> RedisStore::add_by(Client& client, std::vector<RunTimeEntry> entries) {
  const auto key = keys_.run_time_lists();
  std::vector<std::string> texts;
  for (const auto& entry : entries) texts.insert(texts.end(), {run_time_key(entry), encode(entry)});
  if (texts.empty()) co_return Found<void>();
  std::vector<std::string_view> words{"HSET", key};
  words.insert(words.end(), texts.begin(), texts.end());
  const auto done = co_await ask(client, {redis::command(words), redis::slot_of(key)});
  if (!done) co_return std::unexpected(done.error());
  co_return Found<void>();
}

asio::awaitable<Found<bool>> RedisStore::remove(RunTimeEntry entry) {
  return run(&RedisStore::remove_by, std::move(entry));
}

asio::awaitable<Found<bool>> RedisStore::remove_by(Client& client, RunTimeEntry entry) {
  const auto key = keys_.run_time_lists();
  const auto gone = co_await ask(client, on_key(key, {"HDEL", key, run_time_key(entry)}));
  if (!gone) co_return std::unexpected(gone.error());
  co_return gone->number > 0;
}

asio::awaitable<Found<std::vector<ReputationChange>>> RedisStore::reputations() {
  return run(&RedisStore::reputations_by);
}

asio::awaitable<Found<std::vector<ReputationChange>>> RedisStore::reputations_by(Client& client) {
  const auto kept = co_await fields(client, keys_.reputations(host_));
  if (!kept) co_return std::unexpected(kept.error());
  std::vector<ReputationChange> all;
  for (const auto& [identity, value] : *kept)
    if (const auto reputation = decode_reputation(value)) all.push_back({identity, reputation});
  co_return all;
}

asio::awaitable<Found<void>> RedisStore::keep(std::vector<ReputationChange> changes) {
  return run(&RedisStore::keep_by, std::move(changes));
}

asio::awaitable<Found<void>> RedisStore::keep_by(Client& client, std::vector<ReputationChange> changes) {
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
    const auto done = co_await ask(client, std::move(commands));
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
  if (!ending_) co_await write_history(own_);
}

// Its loss would be a pity and no more.
asio::awaitable<void> RedisStore::write_history(Client& client) {
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
    [[maybe_unused]] const auto done = co_await ask(client, std::move(commands));
  }
}

asio::awaitable<Found<std::vector<HistoryEvent>>> RedisStore::history(std::string recipient, std::size_t most) {
  using Result = Found<std::vector<HistoryEvent>>;
  const auto read = [](RedisStore& self, std::string whose, std::size_t count) -> asio::awaitable<Result> {
    auto& client = self.own_;  // whose thread writes them
    co_await self.write_history(client);
    const auto key = self.keys_.history(whose);
    const auto kept = co_await self.ask(
        client, on_key(key, {"ZREVRANGE", key, "0", std::to_string(std::max<std::size_t>(count, 1) - 1)}));
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
