#include "proxy/store/redis_wire.h"

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <vector>

#include "greylist/store/redis/as_tuple.h"
#include "tls/stream.h"
#include "tls/turnstile.h"

namespace proxy {
namespace {

using asio::ip::tcp;
using greylist::redis::as_tuple;
using greylist::redis::Dialled;
using greylist::redis::Moment;
using greylist::redis::NodeAddress;
using Context = std::shared_ptr<const tls::ClientContext>;

std::string in_words(const std::error_code& error) {
  return error == asio::error::eof ? "it closed the connection" : error.message();
}

class RedisWire final : public greylist::redis::Wire {
 public:
  explicit RedisWire(asio::io_context& loop) : loop_(loop), stream_(tcp::socket(loop)) {}
  // A handshake that has failed may have left the turnstile a turn to end.
  ~RedisWire() override {
    if (turns_) asio::post(loop_, [turns = std::move(turns_)] {});
  }

  // The error: what went wrong, in words; empty if nothing did.
  asio::awaitable<std::string> connect(tcp::endpoint to) {
    const auto error = co_await stream_.connect(to);
    co_return error ? in_words(error) : std::string();
  }
  asio::awaitable<std::string> shake_hands(Context context, std::string name) {
    turns_ = std::make_unique<tls::Turnstile>(loop_);
    const auto done = co_await stream_.connect_tls(std::move(context), std::move(name), *turns_);
    co_return done ? std::string() : done.error();
  }

  asio::awaitable<std::expected<std::size_t, std::string>> read(std::span<char> room) override {
    const auto size = co_await stream_.read(room);
    if (!size) co_return std::unexpected(in_words(size.error()));
    co_return *size;
  }
  asio::awaitable<std::expected<void, std::string>> write(std::string_view octets) override {
    const auto error = co_await stream_.write(octets);
    if (error) co_return std::unexpected(in_words(error));
    co_return std::expected<void, std::string>();
  }
  void close() override { stream_.interrupt(asio::error::operation_aborted); }

 private:
  asio::io_context& loop_;
  tls::Stream stream_;
  std::unique_ptr<tls::Turnstile> turns_;
};

asio::awaitable<std::expected<std::vector<tcp::endpoint>, std::string>> endpoints_of(asio::io_context& loop,
                                                                                     NodeAddress address) {
  std::error_code error;
  if (const auto numeric = asio::ip::make_address(address.host, error); !error)
    co_return std::vector{tcp::endpoint(numeric, address.port)};
  tcp::resolver resolver(loop);
  const auto [failed, found] = co_await resolver.async_resolve(address.host, std::to_string(address.port), as_tuple);
  if (failed) co_return std::unexpected("its name can't be resolved: " + failed.message());
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

asio::awaitable<Dialled> open(asio::io_context& loop, NodeAddress to, Context context) {
  const auto endpoints = co_await endpoints_of(loop, to);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  std::string why = "its name has no address";
  for (const auto& endpoint : *endpoints) {
    auto wire = std::make_unique<RedisWire>(loop);
    why = co_await wire->connect(endpoint);
    if (why.empty() && context) why = co_await wire->shake_hands(context, to.host);
    if (why.empty()) co_return wire;
  }
  co_return std::unexpected(why);
}

asio::awaitable<Dialled> open_by(asio::io_context& loop, NodeAddress to, Moment until, Context context) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer late(loop, until);
  auto first = co_await (open(loop, std::move(to), std::move(context)) || late.async_wait(as_tuple));
  if (auto* opened = std::get_if<0>(&first)) co_return std::move(*opened);
  co_return std::unexpected("no connection in time");
}

}  // namespace

greylist::redis::Dial redis_dial(Context context) {
  return [context = std::move(context)](asio::io_context& loop, NodeAddress to, Moment until) {
    return open_by(loop, std::move(to), until, context);
  };
}

}  // namespace proxy
