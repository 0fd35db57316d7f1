#include "proxy/session/client_conduct.h"

#include "proxy/log.h"
#include "proxy/loop.h"

namespace proxy {

greylist::Conduct ClientConduct::of(const Setup& setup, const std::string& earner, Count count) {
  if (earner.empty()) return {};
  const auto now = loop_.site.clock.now();
  const auto& periods = setup.policy.rate_periods;
  const auto reputation = loop_.site.reputations.find(earner);
  return {reputation ? greylist::standing(*reputation, now) : greylist::Standing::unknown,
          count == Count::yes ? loop_.site.rates.count(earner, periods, now)
                              : loop_.site.rates.counted(earner, periods, now)};
}

asio::awaitable<bool> ClientConduct::has_passed(greylist::Limits limits, std::vector<greylist::Identity> identities) {
  const auto now = loop_.site.clock.now();
  if (loop_.site.reputations.has_passed(identities, now, limits.lifetime)) co_return true;
  for (const auto& identity : identities) {
    const auto credit = co_await loop_.site.store.find_credit(identity.earner);
    if (credit && *credit && !greylist::lapsed(**credit, now, limits)) co_return true;
  }
  co_return false;
}

void ClientConduct::note_trap_hit(const std::string& earner, const std::string& recipient, bool passed_before) {
  LogEvent(LogLevel::info, "trap_hit")
      .with("client", client_.address_text())
      .with("identity", earner)
      .with("recipient", recipient)
      .with("passed_before", passed_before ? "yes" : "no")
      .write();
  if (!earner.empty()) loop_.site.reputations.note(earner, greylist::Deed::trap_hit, loop_.site.clock.now());
}

void ClientConduct::spring_trap(const std::string& earner, const std::string& recipient, const std::string& network) {
  note_trap_hit(earner, recipient, false);
  loop_.site.reputations.trap(network, loop_.site.clock.now());
}

std::string ClientConduct::counted_as(std::string_view identity) const {
  constexpr unsigned ipv4_prefix = 24, ipv6_prefix = 48;  // what one site is usually given
  if (const auto kind = greylist::kind_of(identity); kind != "network")
    return loop_.resolver.organisation_of(std::string(identity.substr(kind.size() + 1)));
  const unsigned prefix = client_.address().is_v4() ? ipv4_prefix : ipv6_prefix;
  return greylist::Network{client_.address().masked(prefix), prefix}.text();
}

bool ClientConduct::has_used_up(unsigned most, std::string_view identity, greylist::Time now) const {
  auto& counts = loop_.site.put_off_counts;
  return most > 0 && counts.any_reached(now) && counts.reached(counted_as(identity), most);
}

void ClientConduct::count_put_off(unsigned most, std::string_view identity) {
  const auto client = counted_as(identity);
  if (loop_.site.put_off_counts.add(client, most))
    LogEvent(LogLevel::warning, "put_off_per_client").with("client", client).write();
}

}  // namespace proxy
