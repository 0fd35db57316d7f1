#include "store/redis/exchange.h"

#include <algorithm>
#include <utility>

namespace greylist::redis {
namespace {

Command swap(const std::vector<Place>& places) { return {swap_command(places), slot_of(places.front().key)}; }

// One at a time, where they are in hash slots of their own.
std::vector<std::vector<Place>> one_by_one(const std::vector<Place>& places) {
  std::vector<std::vector<Place>> all;
  for (const auto& place : places)
    if (place.becomes) all.push_back({place});
  return all;
}

}  // namespace

StoreError error(std::string what) { return {"redis: " + std::move(what)}; }

Command on_key(std::string_view key, std::initializer_list<std::string_view> words) {
  return {command(words), slot_of(key)};
}
Command get(const std::string& key) { return on_key(key, {"GET", key}); }

asio::awaitable<Found<std::vector<Reply>>> Exchange::ask(std::vector<Command> commands) {
  auto answers = co_await client_.ask(std::move(commands));
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

asio::awaitable<Found<Reply>> Exchange::ask(Command command) {
  std::vector<Command> one;
  one.push_back(std::move(command));
  auto replies = co_await ask(std::move(one));
  if (!replies) co_return std::unexpected(std::move(replies.error()));
  co_return std::move(replies->front());
}

asio::awaitable<Found<std::string>> Exchange::value(std::string key) {
  auto reply = co_await ask(get(key));
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  co_return std::move(reply->text);
}

asio::awaitable<Found<std::vector<Exchange::Instead>>> Exchange::swap_all(Swaps swaps) {
  std::vector<Command> commands;
  commands.reserve(swaps.size());
  for (const auto& places : swaps) commands.push_back(swap(places));
  auto replies = co_await ask(std::move(commands));
  if (!replies) co_return std::unexpected(std::move(replies.error()));
  std::vector<Instead> all;
  all.reserve(swaps.size());
  for (std::size_t i = 0; i < swaps.size(); ++i) {
    auto swapped = co_await taken(swaps[i], std::move((*replies)[i]));
    if (!swapped) co_return std::unexpected(std::move(swapped.error()));
    all.push_back(*std::move(swapped));
  }
  co_return all;
}

asio::awaitable<Found<void>> Exchange::read(RedisShelf& shelf) {
  std::vector<Command> commands;
  commands.reserve(shelf.records().size() + shelf.credits().size());
  for (const auto* places : {&shelf.records(), &shelf.credits()})
    for (const auto& place : *places) commands.push_back(get(place.key));
  auto replies = co_await ask(std::move(commands));
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

asio::awaitable<Found<bool>> Exchange::write(RedisShelf& shelf) {
  Swaps swaps = one_by_one(shelf.credits());
  const bool has_records = changes_anything(shelf.records());
  if (has_records) swaps.push_back(shelf.records());
  if (swaps.empty()) co_return true;
  auto swapped = co_await swap_all(swaps);
  if (!swapped) co_return std::unexpected(std::move(swapped.error()));
  auto& instead = swapped->back();
  if (!has_records || !instead) co_return true;
  shelf.know(shelf.records(), *std::move(instead));
  co_return false;
}

asio::awaitable<Found<bool>> Exchange::first_try(RedisShelf& shelf) {
  std::vector<Command> commands;
  commands.reserve(shelf.credits().size() + 1);
  commands.push_back(swap(shelf.records()));
  for (const auto& credit : shelf.credits()) commands.push_back(get(credit.key));
  auto replies = co_await ask(std::move(commands));
  if (!replies) co_return std::unexpected(std::move(replies.error()));
  auto swapped = co_await taken(shelf.records(), std::move(replies->front()));
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
asio::awaitable<Found<Exchange::Instead>> Exchange::taken(const std::vector<Place>& places, Reply reply) {
  if (reply.is_error("NOSCRIPT")) {
    auto in_full = co_await ask({swap_in_full(places), slot_of(places.front().key)});
    if (!in_full) co_return std::unexpected(std::move(in_full.error()));
    reply = *std::move(in_full);
  }
  auto instead = swapped(std::move(reply), places.size());
  if (!instead) co_return std::unexpected(error(std::move(instead.error())));
  co_return *std::move(instead);
}

asio::awaitable<Found<void>> Exchange::write_merged(std::vector<Place> places, Merge merge) {
  std::vector<std::size_t> numbers(places.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
  for (unsigned round = 0; round < most_swaps && !numbers.empty(); ++round) {
    Swaps swaps;
    swaps.reserve(numbers.size());
    for (const auto number : numbers) swaps.push_back({places[number]});
    auto swapped = co_await swap_all(swaps);
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

// Who is let through leaves no trace.
void Exchange::take_back(const std::vector<Place>& written) {
  if (!changes_anything(written)) return;
  auto places = written;
  for (auto& place : places) {
    if (!place.becomes) continue;
    place.expected = *std::exchange(place.becomes, std::string());
  }
  client_.send(swap(places));
}

}  // namespace greylist::redis
