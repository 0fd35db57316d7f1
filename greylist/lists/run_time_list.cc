#include "lists/run_time_list.h"

#include "domain_name.h"
#include "mail_address.h"

namespace greylist {
namespace {

// Of one domain and no other; empty if the condition is wider.
std::string exact_domain(const std::string& condition) {
  const auto parts = split_address(condition);
  if (!parts.has_domain || parts.domain.empty() || parts.domain != without_wildcard(parts.domain)) return {};
  return canonical_domain(parts.domain);
}

std::string domain_of(std::string_view address) {
  const auto parts = split_address(address);
  return parts.has_domain ? canonical_domain(parts.domain) : std::string();
}

template <class List>
std::expected<std::optional<List>, std::string> list_of(const char* which, const std::string& condition) {
  if (condition.empty()) return std::nullopt;
  List list;
  if (auto added = list.add(condition); !added) return std::unexpected(std::string(which) + ": " + added.error());
  return list;
}

}  // namespace

std::expected<void, std::string> RunTimeList::add(RunTimeEntry entry) {
  if (entry.client.empty() && entry.sender.empty() && entry.recipient.empty())
    return std::unexpected("a condition is missing: client, sender or recipient");
  auto client = list_of<ClientList>("client", entry.client);
  if (!client) return std::unexpected(client.error());
  auto sender = list_of<AddressList>("sender", entry.sender);
  if (!sender) return std::unexpected(sender.error());
  auto recipient = list_of<AddressList>("recipient", entry.recipient);
  if (!recipient) return std::unexpected(recipient.error());

  place_of(entry).push_back(entries_.size());
  entries_.push_back({std::move(entry), *std::move(client), *std::move(sender), *std::move(recipient)});
  return {};
}

// An entry is found by one of its conditions; the others are checked then.
RunTimeList::Indices& RunTimeList::place_of(const RunTimeEntry& entry) {
  if (const auto domain = exact_domain(entry.sender); !domain.empty()) return by_sender_domain_[domain];
  if (const auto domain = exact_domain(entry.recipient); !domain.empty()) return by_recipient_domain_[domain];
  if (const auto network = Network::parse(entry.client)) {
    (network->base.is_v4() ? prefixes_v4_ : prefixes_v6_).insert(network->prefix);
    return by_network_[*network];
  }
  return others_;
}

void RunTimeList::consider(const Indices& indices, const IpAddress& client, std::string_view sender,
                           std::string_view recipient, const std::optional<std::string>& name, Time now,
                           Match& match) const {
  for (const auto index : indices) {
    const auto& [entry, clients, senders, recipients] = entries_[index];
    if (entry.lapses && *entry.lapses <= now) continue;
    if (senders && !senders->matches(sender)) continue;
    if (recipients && !recipients->matches(recipient)) continue;
    if (!clients || clients->matches_address(client) || (name && clients->matches_name(*name))) {
      match = {&entry, false};
      return;
    }
    if (!name && clients->has_names()) match.needs_name = true;
  }
}

RunTimeList::Match RunTimeList::match(const IpAddress& client, std::string_view sender, std::string_view recipient,
                                      const std::optional<std::string>& name, Time now) const {
  Match match;
  const auto look = [&](const std::unordered_map<std::string, Indices>& index, std::string_view address) {
    if (index.empty() || match.entry) return;
    if (const auto found = index.find(domain_of(address)); found != index.end())
      consider(found->second, client, sender, recipient, name, now, match);
  };
  look(by_sender_domain_, sender);
  look(by_recipient_domain_, recipient);
  for (const auto prefix : client.is_v4() ? prefixes_v4_ : prefixes_v6_) {
    if (match.entry) break;
    if (const auto found = by_network_.find({client.masked(prefix), prefix}); found != by_network_.end())
      consider(found->second, client, sender, recipient, name, now, match);
  }
  if (!match.entry) consider(others_, client, sender, recipient, name, now, match);
  return match;
}

RunTimeEntry canonical(RunTimeEntry entry) {
  const auto domain = [](const std::string& pattern) {
    const auto name = without_wildcard(pattern);
    return (name.size() < pattern.size() ? "." : "") + canonical_domain(name);
  };
  const auto address = [&](std::string& text) {
    const auto parts = split_address(text);
    if (parts.has_domain && !parts.domain.empty())
      text = std::string(parts.local).append("@").append(domain(std::string(parts.domain)));
  };
  if (const auto network = Network::parse(entry.client))
    entry.client = network->prefix == network->base.bits() ? network->base.text() : network->text();
  else if (!entry.client.empty())
    entry.client = domain(entry.client);
  address(entry.sender);
  address(entry.recipient);
  return entry;
}

}  // namespace greylist
