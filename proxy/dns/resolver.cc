#include "proxy/dns/resolver.h"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <cctype>
#include <optional>
#include <utility>

#include "proxy/dns/confirmed_name.h"
#include "proxy/dns/organisational_domain.h"
#include "proxy/dns/questions.h"
#include "proxy/dns/reverse_name.h"

namespace proxy {
namespace {

using Addresses = std::expected<std::vector<asio::ip::address>, std::string>;

// As answers are.
constexpr std::chrono::seconds longest_kept = std::chrono::hours(1);

// The names are looked up all at once, so that one that nobody answers for doesn't use up the others' time.
asio::awaitable<ClientName> ask_client_name(std::shared_ptr<DnsQuestions> questions, asio::ip::address client,
                                            DnsDeadline deadline) {
  NameConfirmation confirmation(client);
  const auto family = confirmation.client().is_v4() ? DnsType::a : DnsType::aaaa;

  const auto pointers = co_await answer_by(deadline, questions->ask(confirmation.reverse_name(), DnsType::ptr));

  const auto names = confirmation.names(pointers);
  std::vector<std::shared_ptr<PendingAnswer>> lookups;
  lookups.reserve(names.size());
  for (const auto& name : names) lookups.push_back(questions->ask(name, family));
  auto lifetime = pointers.lifetime;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto addresses = co_await answer_by(deadline, lookups[i]);
    lifetime = std::min(lifetime, addresses.lifetime);
    if (confirmation.consider(names[i], addresses)) break;
  }
  auto verdict = confirmation.verdict();
  if (verdict.outcome != ClientName::Outcome::temporary_failure)
    questions->names.keep(client.to_string(), verdict,
                          std::chrono::steady_clock::now() + std::min(lifetime, longest_kept));
  co_return verdict;
}

std::string memory_key(const SpfQuestion& question) {
  const auto& sender = question.sender.empty() ? question.helo : question.sender;
  return question.client.text() + ' ' + question.helo + ' ' + sender.substr(sender.rfind('@') + 1);
}

asio::awaitable<SpfVerdict> ask_spf(std::shared_ptr<DnsQuestions> questions, SpfQuestion question,
                                    DnsDeadline deadline) {
  auto key = memory_key(question);
  const auto ask = [questions, deadline](const std::string& name, DnsType type) {
    return answer_by(deadline, questions->ask(name, type));
  };
  auto verdict = co_await check_host(std::move(question), ask);
  if (verdict.lifetime > std::chrono::seconds(0))
    questions->spf.keep(std::move(key), verdict,
                        std::chrono::steady_clock::now() + std::min(verdict.lifetime, longest_kept));
  co_return verdict;
}

using Answers = std::vector<std::shared_ptr<PendingAnswer>>;

Answers ask_lists(DnsQuestions& questions, const asio::ip::address& client, const std::vector<DnsList>& lists) {
  Answers answers;
  answers.reserve(lists.size());
  for (const auto& list : lists) answers.push_back(questions.ask(reverse_name(client, list.zone), DnsType::a));
  return answers;
}

asio::awaitable<DnsListings> find_listings(std::shared_ptr<DnsQuestions> questions, asio::ip::address client,
                                           DnsLists lists, DnsDeadline deadline) {
  const auto allow = ask_lists(*questions, client, lists.allow), block = ask_lists(*questions, client, lists.block);
  DnsListings found;
  for (std::size_t i = 0; i < allow.size(); ++i)
    if (has_on_it(lists.allow[i], co_await answer_by(deadline, allow[i]))) found.allow.push_back(lists.allow[i].name);
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (!has_on_it(lists.block[i], co_await answer_by(deadline, block[i]))) continue;
    found.block.push_back(lists.block[i].name);
    found.weight += lists.block[i].weight;
  }
  co_return found;
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

asio::awaitable<Addresses> resolve(std::shared_ptr<DnsQuestions> questions, std::string host) {
  auto& channel = questions->channel();
  const auto deadline = std::chrono::steady_clock::now() + channel.timeout();
  asio::error_code not_literal;
  if (const auto literal = asio::ip::make_address(host, not_literal); !not_literal)
    co_return std::vector<asio::ip::address>{literal};
  if (auto listed = channel.in_hosts_file(host); !listed.empty()) co_return listed;

  if (is_localhost(host))
    co_return std::vector<asio::ip::address>{asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};

  const auto executor = co_await asio::this_coro::executor;
  const auto a = std::make_shared<PendingAnswer>(executor), aaaa = std::make_shared<PendingAnswer>(executor);
  channel.resolve_host(host, CaresChannel::Family::ipv4, [a](DnsAnswer answer) { a->arrive(std::move(answer)); });
  channel.resolve_host(host, CaresChannel::Family::ipv6, [aaaa](DnsAnswer answer) { aaaa->arrive(std::move(answer)); });
  const auto ipv4 = co_await answer_by(deadline, a);
  const auto ipv6 = co_await answer_by(deadline, aaaa);
  co_return merged(host, ipv4, ipv6);
}

}  // namespace

Resolver::Resolver(asio::io_context& loop, const ResolverOptions& options)
    : loop_(loop), questions_(DnsQuestions::open(loop, options)) {}

Resolver::~Resolver() {
  questions_->close();
  for (const auto& retired : retired_)
    if (const auto questions = retired.lock()) questions->close();
}

DnsDeadline Resolver::deadline() const { return std::chrono::steady_clock::now() + questions_->channel().timeout(); }

// Not coroutines themselves: a coroutine would keep `this`, and may be resumed after the resolver is gone.
asio::awaitable<ClientName> Resolver::confirmed_name(asio::ip::address client, DnsDeadline deadline) {
  return ask_client_name(questions_, std::move(client), deadline);
}

asio::awaitable<SpfVerdict> Resolver::check_spf(SpfQuestion question, DnsDeadline deadline) {
  return ask_spf(questions_, std::move(question), deadline);
}

const ClientName* Resolver::known_name(const std::string& client) const {
  return questions_->names.find(client, std::chrono::steady_clock::now());
}

const SpfVerdict* Resolver::known_spf(const SpfQuestion& question) const {
  return questions_->spf.find(memory_key(question), std::chrono::steady_clock::now());
}

asio::awaitable<DnsListings> Resolver::listings(asio::ip::address client, DnsLists lists, DnsDeadline deadline) {
  return find_listings(questions_, std::move(client), std::move(lists), deadline);
}

const std::string& Resolver::organisation_of(const std::string& name) {
  constexpr std::size_t most = 10'000;
  if (organisations_.size() >= most) organisations_.clear();
  const auto [found, is_new] = organisations_.try_emplace(name);
  if (is_new) found->second = organisational_domain(name);
  return found->second;
}

asio::awaitable<Addresses> Resolver::addresses(std::string host) { return resolve(questions_, std::move(host)); }

void Resolver::reconfigure(const ResolverOptions& options) {
  std::erase_if(retired_, [](const auto& retired) { return retired.expired(); });
  retired_.push_back(std::exchange(questions_, DnsQuestions::open(loop_, options)));
}

}  // namespace proxy
