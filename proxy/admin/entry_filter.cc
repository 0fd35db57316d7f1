#include "proxy/admin/entry_filter.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "greylist/ip_address.h"
#include "greylist/lists/address_list.h"

namespace proxy {
namespace {

using Query = std::map<std::string, std::string>;
using Filter = greylist::EntryFilter;

constexpr std::array conditions{"client", "sender", "recipient", "state"};

std::optional<std::string> value(const Query& query, const char* name) {
  const auto found = query.find(name);
  return found == query.end() ? std::nullopt : std::optional(found->second);
}

bool is_within(const std::string& identity, const greylist::Network& network) {
  const auto other = greylist::Network::parse(identity);
  return other && other->prefix >= network.prefix && network.contains(other->base);
}

std::expected<Filter, std::string> client_filter(const std::string& text) {
  const auto network = greylist::Network::parse(text);
  if (!network)
    return std::unexpected("client: expected an address or a network like \"192.0.2.0/24\", got \"" + text + "\"");
  return [network = *network](const greylist::Triplet& triplet, const greylist::Record& record) {
    const auto last = greylist::IpAddress::parse(record.last_client);
    return (last && network.contains(*last)) || is_within(triplet.identity, network);
  };
}

std::expected<Filter, std::string> address_filter(const char* name, const std::string& text,
                                                  std::string greylist::Triplet::* part) {
  if (text.empty() || text == "<>")
    return [part](const greylist::Triplet& triplet, const greylist::Record&) { return (triplet.*part).empty(); };
  // As the entry is written, or as an address would be on a list.
  auto list = std::make_shared<greylist::AddressList>();
  if (const auto added = list->add(text); !added) return std::unexpected(std::string(name) + ": " + added.error());
  const auto key = name == std::string_view("sender") ? greylist::keyed_sender(text) : greylist::keyed_recipient(text);
  return [part, key, list](const greylist::Triplet& triplet, const greylist::Record&) {
    return triplet.*part == key || list->matches(triplet.*part);
  };
}

std::expected<Filter, std::string> state_filter(const std::string& text) {
  if (text != "waiting" && text != "passed")
    return std::unexpected("state: expected \"waiting\" or \"passed\", got \"" + text + "\"");
  return [passed = text == "passed"](const greylist::Triplet&, const greylist::Record& record) {
    return record.passed.has_value() == passed;
  };
}

}  // namespace

bool has_condition(const Query& query) {
  return std::ranges::any_of(conditions, [&](const char* name) { return query.contains(name); });
}

std::expected<Filter, std::string> entry_filter(const Query& query) {
  std::vector<Filter> filters;
  const auto add = [&](std::expected<Filter, std::string> filter) -> std::expected<void, std::string> {
    if (!filter) return std::unexpected(filter.error());
    filters.push_back(*std::move(filter));
    return {};
  };
  std::expected<void, std::string> added;
  if (const auto client = value(query, "client"); client && added) added = add(client_filter(*client));
  if (const auto sender = value(query, "sender"); sender && added)
    added = add(address_filter("sender", *sender, &greylist::Triplet::sender));
  if (const auto recipient = value(query, "recipient"); recipient && added)
    added = add(address_filter("recipient", *recipient, &greylist::Triplet::recipient));
  if (const auto state = value(query, "state"); state && added) added = add(state_filter(*state));
  if (!added) return std::unexpected(added.error());
  return [filters = std::move(filters)](const greylist::Triplet& triplet, const greylist::Record& record) {
    return std::ranges::all_of(filters, [&](const Filter& filter) { return filter(triplet, record); });
  };
}

}  // namespace proxy
