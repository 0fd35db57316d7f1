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
  ClientName found;
  name_asked_for_ = loop_.setup->settings.dns.enabled;
  if (name_asked_for_) {
    found = co_await loop_.resolver.confirmed_name(asio::ip::make_address(from_.address), deadline);
    if (deadline == at_once && found.outcome == ClientName::Outcome::temporary_failure) co_return found;
  }
  name_ = found;
  organisation_ = loop_.resolver.organisation_of(found.name);
  co_return found;
}

asio::awaitable<void> Client::look_up_spf(std::string sender, Deadline deadline) {
  if (known_spf(sender)) co_return;
  spf_.reset();
  SpfVerdict verdict;
  if (loop_.setup->settings.dns.enabled) {
    verdict = co_await loop_.resolver.check_spf({address_, helo, sender}, deadline);
    if (deadline == at_once && verdict.result == SpfResult::temperror) co_return;
  } else {
    verdict = {.result = SpfResult::temperror, .reason = "dns.enabled is false"};
  }
  spf_ = std::move(verdict);
  spf_helo_ = helo;
  spf_sender_ = std::move(sender);
}

const SpfVerdict* Client::known_spf(std::string_view sender) const {
  return spf_ && spf_helo_ == helo && spf_sender_ == sender ? &*spf_ : nullptr;
}

greylist::Evidence Client::evidence(std::string_view sender) const {
  greylist::Evidence evidence{.tls = tls};
  if (name_)
    evidence.name = name_asked_for_ ? evidence_of(*name_) : greylist::NameEvidence{greylist::Fcrdns::error, {}};
  if (const auto* spf = known_spf(sender)) evidence.spf = spf->result;
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
