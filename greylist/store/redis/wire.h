#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "store/redis/slot_map.h"

namespace greylist::redis {

// A connection to a server, whatever it is made of: whoever opens the store brings it, TLS and names and all. Lives on
// one event loop. One reader and one writer at a time.
class Wire {
 public:
  virtual ~Wire() = default;
  // At least one octet. The error: what went wrong, in words; so is the end.
  virtual asio::awaitable<std::expected<std::size_t, std::string>> read(std::span<char> room) = 0;
  virtual asio::awaitable<std::expected<void, std::string>> write(std::string_view octets) = 0;  // all of them
  virtual void close() = 0;  // whatever waits ends with an error
};

using Moment = std::chrono::steady_clock::time_point;
using Dialled = std::expected<std::unique_ptr<Wire>, std::string>;
using Dial = std::function<asio::awaitable<Dialled>(asio::io_context& loop, NodeAddress to, Moment until)>;

}  // namespace greylist::redis
