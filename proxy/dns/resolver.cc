#include "proxy/dns/resolver.h"

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cctype>
#include <optional>
#include <utility>

#include "proxy/dns/confirmed_name.h"

namespace proxy {
namespace {

using Addresses = std::expected<std::vector<asio::ip::address>, std::string>;
using Deadline = std::chrono::steady_clock::time_point;

// An answer on its way. The coroutine that waits for it and the callback that brings it both own it: whichever comes
// late finds it harmlessly there. The timer is the event; it never expires before answer_by() says when.
struct Pending {
  explicit Pending(const asio::any_io_executor& executor) : arrival(executor, Deadline::max()) {}
  std::optional<DnsAnswer> answer;
  asio::steady_timer arrival;
};

CaresChannel::Done deliver_to(const std::shared_ptr<Pending>& pending) {
  return [pending](DnsAnswer answer) {
    pending->answer = std::move(answer);
    pending->arrival.cancel();
  };
}

asio::awaitable<DnsAnswer> answer_by(Deadline deadline, std::shared_ptr<Pending> pending) {
  if (!pending->answer) {
    asio::error_code ended;
    pending->arrival.expires_at(deadline);
    co_await pending->arrival.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  }
  co_return pending->answer.value_or(DnsAnswer{});
}

// The names are looked up all at once, so that one that nobody answers for doesn't use up the others' time.
asio::awaitable<ClientName> ask_client_name(std::shared_ptr<CaresChannel> channel, asio::ip::address client) {
  const auto deadline = std::chrono::steady_clock::now() + channel->timeout();
  const auto executor = co_await asio::this_coro::executor;
  NameConfirmation confirmation(client);
  const auto family = confirmation.client().is_v4() ? CaresChannel::Family::ipv4 : CaresChannel::Family::ipv6;

  const auto reverse = std::make_shared<Pending>(executor);
  channel->ask_pointers(confirmation.reverse_name(), deliver_to(reverse));
  const auto pointers = co_await answer_by(deadline, reverse);

  const auto names = confirmation.names(pointers);
  std::vector<std::shared_ptr<Pending>> lookups;
  for (const auto& name : names) {
    lookups.push_back(std::make_shared<Pending>(executor));
    channel->ask_addresses(name, family, deliver_to(lookups.back()));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto addresses = co_await answer_by(deadline, lookups[i]);
    if (confirmation.consider(names[i], addresses)) break;
  }
  co_return confirmation.verdict();
}

// RFC 6761 §6.3: localhost and all below it are the loopback, whatever a DNS may say.
bool is_localhost(std::string host) {
  std::ranges::transform(host, host.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (host.ends_with('.')) host.pop_back();
  return host == "localhost" || host.ends_with(".localhost");
}

Addresses merged(const std::string& host, const DnsAnswer& ipv4, const DnsAnswer& ipv6) {
  auto all = ipv4.addresses;
  all.insert(all.end(), ipv6.addresses.begin(), ipv6.addresses.end());
  if (!all.empty()) return all;
  const auto& telling = ipv4.outcome == DnsAnswer::Outcome::failed ? ipv4 : ipv6;
  return std::unexpected(host + ": " + (telling.error.empty() ? "no address" : telling.error));
}

asio::awaitable<Addresses> resolve(std::shared_ptr<CaresChannel> channel, std::string host) {
  const auto deadline = std::chrono::steady_clock::now() + channel->timeout();
  asio::error_code not_literal;
  if (const auto literal = asio::ip::make_address(host, not_literal); !not_literal)
    co_return std::vector<asio::ip::address>{literal};
  if (auto listed = channel->in_hosts_file(host); !listed.empty()) co_return listed;

  if (is_localhost(host))
    co_return std::vector<asio::ip::address>{asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};

  const auto executor = co_await asio::this_coro::executor;
  const auto a = std::make_shared<Pending>(executor), aaaa = std::make_shared<Pending>(executor);
  channel->resolve_host(host, CaresChannel::Family::ipv4, deliver_to(a));
  channel->resolve_host(host, CaresChannel::Family::ipv6, deliver_to(aaaa));
  const auto ipv4 = co_await answer_by(deadline, a);
  const auto ipv6 = co_await answer_by(deadline, aaaa);
  co_return merged(host, ipv4, ipv6);
}

}  // namespace

Resolver::Resolver(asio::io_context& loop, const ResolverOptions& options)
    : loop_(loop), channel_(CaresChannel::open(loop, options)) {}

Resolver::~Resolver() {
  channel_->close();
  for (const auto& retired : retired_)
    if (const auto channel = retired.lock()) channel->close();
}

// Not coroutines themselves: a coroutine would keep `this`, and may be resumed after the resolver is gone.
asio::awaitable<ClientName> Resolver::confirmed_name(asio::ip::address client) {
  return ask_client_name(channel_, std::move(client));
}

asio::awaitable<Addresses> Resolver::addresses(std::string host) { return resolve(channel_, std::move(host)); }

void Resolver::reconfigure(const ResolverOptions& options) {
  std::erase_if(retired_, [](const auto& retired) { return retired.expired(); });
  retired_.push_back(std::exchange(channel_, CaresChannel::open(loop_, options)));
}

}  // namespace proxy
