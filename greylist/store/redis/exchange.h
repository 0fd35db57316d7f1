#pragma once
#include <asio/awaitable.hpp>
#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "store/redis/client.h"
#include "store/redis/redis_shelf.h"
#include "store/redis/swap.h"
#include "store/store.h"

namespace greylist::redis {

template <class T>
using Found = std::expected<T, StoreError>;

inline constexpr unsigned most_swaps = 32;  // each that fails means that another host was faster

StoreError error(std::string what);
Command on_key(std::string_view key, std::initializer_list<std::string_view> words);
Command get(const std::string& key);

// What a step says to the servers, and what they answer, by way of one loop's client. A handle, to be copied.
class Exchange {
 public:
  using Swaps = std::vector<std::vector<Place>>;
  using Instead = std::optional<std::vector<std::string>>;  // what is there; nullopt: nothing else, it is done
  using Merge = std::function<void(std::size_t number, Place& place)>;

  // What fails is counted in `errors`.
  Exchange(Client& client, std::atomic<std::uint64_t>& errors) : client_(client), errors_(errors) {}

  Client& client() { return client_; }
  // All together; one error is that of all. NOSCRIPT is none.
  asio::awaitable<Found<std::vector<Reply>>> ask(std::vector<Command> commands);
  asio::awaitable<Found<Reply>> ask(Command command);
  asio::awaitable<Found<std::string>> value(std::string key);  // empty: it isn't there
  asio::awaitable<Found<std::vector<Instead>>> swap_all(Swaps swaps);
  asio::awaitable<Found<void>> read(RedisShelf& shelf);  // all that it was asked for
  // Whether all that the step puts is written: if not, the shelf knows now what is there instead. What a use renews of
  // a credit is not worth a second try.
  asio::awaitable<Found<bool>> write(RedisShelf& shelf);
  // Writes what a step puts that knows nothing yet, and asks for what is there in the same breath. Whether it was
  // right: nothing was. Of the credits the shelf knows now, in any case.
  asio::awaitable<Found<bool>> first_try(RedisShelf& shelf);
  // Each on its own. Where something else is there than expected, `merge` is asked what is to be put instead, if
  // anything.
  asio::awaitable<Found<void>> write_merged(std::vector<Place> places, Merge merge);
  void take_back(const std::vector<Place>& written);  // as if it hadn't been written; nobody waits for it

 private:
  asio::awaitable<Found<Instead>> taken(const std::vector<Place>& places, Reply reply);

  Client& client_;
  std::atomic<std::uint64_t>& errors_;
};

}  // namespace greylist::redis
