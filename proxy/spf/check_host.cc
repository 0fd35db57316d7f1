#include "proxy/spf/check_host.h"

#include <algorithm>
#include <cstddef>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "greylist/domain_name.h"
#include "proxy/dns/confirmed_name.h"
#include "proxy/dns/dns_name.h"
#include "proxy/ip_address.h"

namespace proxy {
namespace {

using greylist::IpAddress;
using Mechanism = SpfDirective::Mechanism;
using Outcome = DnsAnswer::Outcome;

constexpr int max_asking_terms = 10, max_void_answers = 2;  // RFC 7208 §4.6.4
constexpr std::size_t max_hosts = 10;                       // of an mx or ptr, likewise

// Why an evaluation ends before a directive matches.
struct Obstacle {
  SpfResult result;
  std::string reason;
};
template <class T>
using Or = std::expected<T, Obstacle>;

std::unexpected<Obstacle> permanent(std::string reason) {
  return std::unexpected(Obstacle{SpfResult::permerror, std::move(reason)});
}
std::unexpected<Obstacle> temporary(std::string reason) {
  return std::unexpected(Obstacle{SpfResult::temperror, std::move(reason)});
}

// What an evaluation of one record came to.
struct Finding {
  SpfResult result = SpfResult::neutral;
  std::string reason;
  bool too_wide = false;
};

// One check_host(), with what counts against its limits.
class Check {
 public:
  Check(SpfQuestion question, AskDns ask);
  asio::awaitable<SpfVerdict> run();

 private:
  asio::awaitable<Finding> evaluate(std::string domain);
  asio::awaitable<Or<std::optional<SpfRecord>>> record_of(std::string domain);
  asio::awaitable<Finding> redirected(const SpfDomain& target, std::string domain);
  asio::awaitable<Or<bool>> matches(const SpfDirective& directive, std::string domain);
  asio::awaitable<Or<bool>> includes(std::string name);
  asio::awaitable<Or<bool>> is_host(std::string name, const SpfDirective& directive);
  asio::awaitable<Or<bool>> is_exchange(std::string name, const SpfDirective& directive);
  asio::awaitable<Or<bool>> exists(std::string name);
  asio::awaitable<Or<bool>> has_reverse_name(std::string name);

  asio::awaitable<std::string> expand(const SpfDomain& target, std::string domain);
  asio::awaitable<const std::vector<std::string>*> validated_names();
  asio::awaitable<std::string> validated_name(std::string domain);

  asio::awaitable<Or<DnsAnswer>> look_up(std::string name, DnsType type);
  asio::awaitable<DnsAnswer> ask(std::string name, DnsType type);
  bool covers(const std::vector<asio::ip::address>& addresses, const SpfDirective& directive) const;
  DnsType address_type() const { return values_.client.is_v4() ? DnsType::a : DnsType::aaaa; }

  AskDns ask_;
  SpfMacroValues values_;
  int asking_terms_ = 0, void_answers_ = 0;
  bool included_too_wide_ = false;  // by the include that has just matched
  std::optional<std::vector<std::string>> validated_;
  std::chrono::seconds lifetime_ = std::chrono::seconds::max();  // of the answers so far
};

asio::ip::address asio_address(const IpAddress& address) { return asio::ip::make_address(address.text()); }

// Terms that count against the limit (RFC 7208 §4.6.4); redirect is the other.
bool asks(Mechanism mechanism) {
  return mechanism != Mechanism::all && mechanism != Mechanism::ip4 && mechanism != Mechanism::ip6;
}

// A null sender is postmaster at the HELO name (RFC 7208 §2.4), as is a sender without local part (§4.3).
Check::Check(SpfQuestion question, AskDns ask) : ask_(std::move(ask)) {
  const auto& sender = question.sender.empty() ? question.helo : question.sender;
  const auto at = sender.rfind('@');
  values_.local_part = at == sender.npos || at == 0 ? "postmaster" : sender.substr(0, at);
  values_.sender_domain = greylist::canonical_domain(at == sender.npos ? sender : sender.substr(at + 1));
  values_.helo = std::move(question.helo);
  values_.client = question.client;
}

asio::awaitable<SpfVerdict> Check::run() {
  const auto domain = values_.sender_domain;
  auto found = co_await evaluate(domain);
  const auto lifetime = lifetime_ == std::chrono::seconds::max() ? std::chrono::seconds(0) : lifetime_;
  co_return SpfVerdict{found.result, domain, std::move(found.reason), found.too_wide, lifetime};
}

// RFC 7208 §4.3 to §4.7.
asio::awaitable<Finding> Check::evaluate(std::string domain) {
  if (!is_fully_qualified(domain)) co_return Finding{SpfResult::none, "\"" + domain + "\" can't have a record"};
  const auto record = co_await record_of(domain);
  if (!record) co_return Finding{record.error().result, record.error().reason};
  if (!*record) co_return Finding{SpfResult::none, domain + " has no record"};
  for (const auto& directive : (*record)->directives) {
    const auto matched = co_await matches(directive, domain);
    if (!matched) co_return Finding{matched.error().result, matched.error().reason};
    if (*matched)
      co_return Finding{directive.meaning, std::string(word(directive.mechanism)) + " of " + domain,
                        is_too_wide(**record) || std::exchange(included_too_wide_, false)};
  }
  if ((*record)->redirect) co_return co_await redirected(*(*record)->redirect, domain);
  co_return Finding{SpfResult::neutral, "nothing of " + domain + "'s record matches"};
}

// RFC 7208 §4.4 and §4.5.
asio::awaitable<Or<std::optional<SpfRecord>>> Check::record_of(std::string domain) {
  const auto answer = co_await ask(domain, DnsType::txt);
  if (answer.outcome == Outcome::failed) co_return temporary(domain + ": " + answer.error);
  const auto is_record = [](const std::string& text) { return is_spf_record(text); };
  const auto found = std::ranges::find_if(answer.texts, is_record);
  if (found == answer.texts.end()) co_return std::nullopt;
  if (std::ranges::count_if(answer.texts, is_record) > 1) co_return permanent(domain + " has several records");
  auto record = parse_spf_record(*found);
  if (!record) co_return permanent(domain + "'s record has \"" + record.error() + "\"");
  co_return std::move(*record);
}

// RFC 7208 §6.1.
asio::awaitable<Finding> Check::redirected(const SpfDomain& target, std::string domain) {
  if (++asking_terms_ > max_asking_terms) co_return Finding{SpfResult::permerror, "too many look-ups"};
  const auto name = co_await expand(target, std::move(domain));
  auto found = co_await evaluate(name);
  if (found.result == SpfResult::none) found.result = SpfResult::permerror;
  co_return found;
}

asio::awaitable<Or<bool>> Check::matches(const SpfDirective& directive, std::string domain) {
  if (asks(directive.mechanism) && ++asking_terms_ > max_asking_terms) co_return permanent("too many look-ups");
  auto name = domain;
  if (directive.domain) name = co_await expand(*directive.domain, std::move(domain));
  // A name that can't be asked for matches nothing (RFC 7208 §4.8); for include it is one without a record.
  if (asks(directive.mechanism) && directive.mechanism != Mechanism::include && !is_fully_qualified(name))
    co_return false;
  switch (directive.mechanism) {
    case Mechanism::all: co_return true;
    case Mechanism::include: co_return co_await includes(std::move(name));
    case Mechanism::a: co_return co_await is_host(std::move(name), directive);
    case Mechanism::mx: co_return co_await is_exchange(std::move(name), directive);
    case Mechanism::ptr: co_return co_await has_reverse_name(std::move(name));
    case Mechanism::exists: co_return co_await exists(std::move(name));
    case Mechanism::ip4:
    case Mechanism::ip6: co_return directive.network.contains(values_.client);
  }
  std::unreachable();
}

// RFC 7208 §5.2.
asio::awaitable<Or<bool>> Check::includes(std::string name) {
  auto found = co_await evaluate(std::move(name));
  switch (found.result) {
    case SpfResult::pass: included_too_wide_ = found.too_wide; co_return true;
    case SpfResult::fail:
    case SpfResult::softfail:
    case SpfResult::neutral: co_return false;
    case SpfResult::temperror: co_return temporary(std::move(found.reason));
    case SpfResult::none:
    case SpfResult::permerror: co_return permanent(std::move(found.reason));
  }
  std::unreachable();
}

// RFC 7208 §5.3.
asio::awaitable<Or<bool>> Check::is_host(std::string name, const SpfDirective& directive) {
  const auto answer = co_await look_up(std::move(name), address_type());
  if (!answer) co_return std::unexpected(answer.error());
  co_return covers(answer->addresses, directive);
}

// RFC 7208 §5.4.
asio::awaitable<Or<bool>> Check::is_exchange(std::string name, const SpfDirective& directive) {
  const auto exchanges = co_await look_up(name, DnsType::mx);
  if (!exchanges) co_return std::unexpected(exchanges.error());
  if (exchanges->names.size() > max_hosts) co_return permanent(name + " has too many exchanges");
  for (const auto& exchange : exchanges->names) {
    if (!is_fully_qualified(exchange)) continue;
    const auto matched = co_await is_host(exchange, directive);
    if (!matched || *matched) co_return matched;
  }
  co_return false;
}

// RFC 7208 §5.7: A, whatever the client's family.
asio::awaitable<Or<bool>> Check::exists(std::string name) {
  const auto answer = co_await look_up(std::move(name), DnsType::a);
  if (!answer) co_return std::unexpected(answer.error());
  co_return !answer->addresses.empty();
}

// RFC 7208 §5.5.
asio::awaitable<Or<bool>> Check::has_reverse_name(std::string name) {
  const auto* const names = co_await validated_names();
  if (void_answers_ > max_void_answers) co_return permanent("too many look-ups found nothing");
  co_return std::ranges::any_of(*names, [&](const std::string& each) { return is_same_or_below(each, name); });
}

asio::awaitable<std::string> Check::expand(const SpfDomain& target, std::string domain) {
  auto values = values_;
  if (target.names_the_sender()) lifetime_ = std::chrono::seconds(0);
  if (target.needs_validated_name()) values.validated_name = co_await validated_name(domain);
  values.domain = std::move(domain);
  co_return target.expand(values);
}

// The reverse names that have the client among their addresses. Failing look-ups find nothing (RFC 7208 §5.5).
asio::awaitable<const std::vector<std::string>*> Check::validated_names() {
  if (validated_) co_return &*validated_;
  const auto client = asio_address(values_.client);
  const auto pointers = co_await ask(NameConfirmation(client).reverse_name(), DnsType::ptr);
  if (pointers.outcome == Outcome::nothing) ++void_answers_;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(pointers.names.size(), max_hosts); ++i) {
    const auto& name = pointers.names[i];
    const auto answer = co_await ask(name, address_type());
    if (std::ranges::find(answer.addresses, client) != answer.addresses.end()) names.push_back(name);
  }
  validated_ = std::move(names);
  co_return &*validated_;
}

// RFC 7208 §7.3: the domain itself rather than a name below it, and that rather than any other.
asio::awaitable<std::string> Check::validated_name(std::string domain) {
  const auto& names = *co_await validated_names();
  if (names.empty()) co_return "unknown";
  const auto is_same = [&](const std::string& name) {
    return is_same_or_below(name, domain) && name.size() == domain.size();
  };
  const auto is_below = [&](const std::string& name) { return is_same_or_below(name, domain); };
  if (const auto same = std::ranges::find_if(names, is_same); same != names.end()) co_return *same;
  if (const auto below = std::ranges::find_if(names, is_below); below != names.end()) co_return *below;
  co_return names.front();
}

asio::awaitable<DnsAnswer> Check::ask(std::string name, DnsType type) {
  auto answer = co_await ask_(std::move(name), type);
  lifetime_ = std::min(lifetime_, answer.outcome == Outcome::failed ? std::chrono::seconds(0) : answer.lifetime);
  co_return answer;
}

asio::awaitable<Or<DnsAnswer>> Check::look_up(std::string name, DnsType type) {
  auto answer = co_await ask(name, type);
  if (answer.outcome == Outcome::failed) co_return temporary(name + ": " + answer.error);
  if (answer.outcome == Outcome::nothing && ++void_answers_ > max_void_answers)
    co_return permanent("too many look-ups found nothing");
  co_return std::move(answer);
}

bool Check::covers(const std::vector<asio::ip::address>& addresses, const SpfDirective& directive) const {
  const auto prefix = values_.client.is_v4() ? directive.ipv4_prefix : directive.ipv6_prefix;
  return std::ranges::any_of(addresses, [&](const asio::ip::address& address) {
    return greylist::Network{ip_address(address).masked(prefix), prefix}.contains(values_.client);
  });
}

}  // namespace

std::string proved_domain(const SpfVerdict& verdict) {
  return verdict.result == SpfResult::pass && !verdict.too_wide ? verdict.domain : std::string();
}

asio::awaitable<SpfVerdict> check_host(SpfQuestion question, AskDns ask) {
  Check check(std::move(question), std::move(ask));
  co_return co_await check.run();
}

}  // namespace proxy
