#include "proxy/session/client.h"

#include "proxy/loop.h"

namespace proxy {

Client::Client(Loop& loop, smtp::Endpoint from, smtp::Endpoint to)
    : loop_(loop), from_(std::move(from)), to_(std::move(to)) {
  address_ = greylist::IpAddress::parse(from_.address).value_or(greylist::IpAddress());
  from_.address = address_.text();  // an IPv4-mapped address is the IPv4 address everywhere
  if (const auto to_address = greylist::IpAddress::parse(to_.address)) to_.address = to_address->text();
}

asio::awaitable<ClientName> Client::name(Deadline deadline) {
  if (name_) co_return *name_;
  name_asked_for_ = loop_.setup->settings.dns.enabled;
  ClientName found;
  if (name_asked_for_) found = co_await loop_.resolver.confirmed_name(asio::ip::make_address(from_.address), deadline);
  take(found);
  co_return found;
}

asio::awaitable<void> Client::look_up_name(Deadline deadline) { co_await name(deadline); }

void Client::take(const ClientName& name) {
  name_ = name;
  organisation_ = loop_.resolver.organisation_of(name.name);
}

asio::awaitable<void> Client::look_up_spf(std::string sender, Deadline deadline) {
  if (known_spf(sender)) co_return;
  spf_.reset();
  SpfVerdict verdict{.result = SpfResult::temperror, .reason = "dns.enabled is false"};
  if (loop_.setup->settings.dns.enabled)
    verdict = co_await loop_.resolver.check_spf({address_, helo, sender}, deadline);
  take(std::move(verdict), std::move(sender));
}

void Client::take(SpfVerdict verdict, std::string sender) {
  spf_ = std::move(verdict);
  spf_helo_ = helo;
  spf_sender_ = std::move(sender);
}

void Client::recall(const std::string& sender) {
  if (!loop_.setup->settings.dns.enabled) return;
  if (!name_)
    if (const auto* known = loop_.resolver.known_name(from_.address)) {
      name_asked_for_ = true;
      take(*known);
    }
  if (!known_spf(sender))
    if (const auto* known = loop_.resolver.known_spf({address_, helo, sender})) take(*known, sender);
}

asio::awaitable<void> Client::look_up_lists(std::shared_ptr<const Setup> setup, Deadline deadline) {
  if (lists_) co_return;
  DnsListings found;
  if (setup->settings.dns.enabled && greylist::known_to_dns(address_))
    found = co_await loop_.resolver.listings(asio::ip::make_address(from_.address), setup->dns_lists, deadline);
  lists_ = std::move(found);
  enough_ = setup->dns_lists.threshold;
}

const SpfVerdict* Client::known_spf(std::string_view sender) const {
  return spf_ && spf_helo_ == helo && spf_sender_ == sender ? &*spf_ : nullptr;
}

greylist::Evidence Client::evidence(std::string_view sender) const {
  greylist::Evidence evidence{.tls = tls, .early_talker = early_talker};
  if (name_)
    evidence.name = name_asked_for_ ? evidence_of(*name_) : greylist::NameEvidence{greylist::Fcrdns::error, {}};
  if (const auto* spf = known_spf(sender)) evidence.spf = spf->result;
  if (lists_) evidence.lists = names_of(*lists_, enough_);
  return evidence;
}

smtp::ClientIdentity Client::identity() const {
  using Name = smtp::ClientIdentity::Name;
  smtp::ClientIdentity identity{from_, to_, Name::unavailable, {}, {}, helo, esmtp};
  if (!name_) return identity;
  identity.name = name_->name;
  identity.reverse_name = name_->reverse;
  switch (name_->outcome) {
    case ClientName::Outcome::confirmed: identity.name_state = Name::confirmed; break;
    case ClientName::Outcome::none: identity.name_state = Name::unavailable; break;
    case ClientName::Outcome::temporary_failure: identity.name_state = Name::temporarily_unavailable; break;
  }
  return identity;
}

}  // namespace proxy
