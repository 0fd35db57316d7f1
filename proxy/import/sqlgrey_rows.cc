#include "proxy/import/sqlgrey_rows.h"

#include <algorithm>
#include <utility>

#include "greylist/ip_address.h"
#include "greylist/lists/address_list.h"
#include "proxy/import/foreign_address.h"
#include "proxy/import/times.h"

namespace proxy {
namespace {

using greylist::IpAddress;
using greylist::Network;

constexpr std::array<std::string_view, 5> connect_columns{"sender_name", "sender_domain", "src", "rcpt", "first_seen"};
constexpr std::array<std::string_view, 5> from_awl_columns{"sender_name", "sender_domain", "src", "first_seen",
                                                           "last_seen"};
constexpr std::array<std::string_view, 4> domain_awl_columns{"sender_domain", "src", "first_seen", "last_seen"};
constexpr std::array<SqlgreyTable, 3> tables{
    {{"connect", connect_columns}, {"from_awl", from_awl_columns}, {"domain_awl", domain_awl_columns}}};

constexpr std::string_view undefined = "-undef-";

// An address, the first three octets of an IPv4 address (its class C network), or the first four groups of an IPv6 one
// (its /64).
std::optional<Network> network_of(std::string_view src) {
  if (const auto address = IpAddress::parse(src)) return Network{*address, address->bits()};
  const std::string text(src);
  if (std::ranges::count(src, '.') == 2) return Network::parse(text + ".0/24");
  if (std::ranges::count(src, ':') == 3) return Network::parse(text + "::/64");
  return {};
}

std::string entry_for(const Network& network) {
  return network.prefix == network.base.bits() ? network.base.text() : network.text();
}

// As keyed_sender() takes it: empty for the null sender. nullopt: not an address.
std::optional<std::string> sender_of(const SqlgreyRows::Row& row) {
  const auto &name = row.sender_name, &domain = row.sender_domain;
  if (!name || !domain) return {};
  if (*name == undefined && *domain == undefined) return std::string();
  auto sender = *domain == undefined ? *name : *name + "@" + *domain;
  return readable_address(sender) ? std::optional(std::move(sender)) : std::nullopt;
}

bool stands_for_many(std::string_view name) { return name.contains('#') || name.contains("RCPT"); }

struct White {
  std::string entry, note;
};

// The list entry for the sender of a from_awl or domain_awl row. nullopt: none can stand for it.
std::optional<White> white_sender(const SqlgreyTable& table, const SqlgreyRows::Row& row) {
  const bool whole_domain = table.name == "domain_awl";
  const auto name = whole_domain ? "anybody" : row.sender_name.value_or("");
  const auto sender = name + "@" + row.sender_domain.value_or("");
  if (!readable_address(sender)) return {};
  White white{.entry = sender, .note = "SQLgrey " + std::string(table.name)};
  if (whole_domain || stands_for_many(name)) white.entry.erase(0, name.size());
  if (stands_for_many(name)) white.note += ": " + sender;
  return greylist::AddressList().add(white.entry) ? std::optional(std::move(white)) : std::nullopt;
}

}  // namespace

std::span<const SqlgreyTable> sqlgrey_tables() { return tables; }

const SqlgreyTable* sqlgrey_table(std::string_view name) {
  const auto* found = std::ranges::find(tables, name, &SqlgreyTable::name);
  return found == tables.end() ? nullptr : found;
}

std::optional<std::string>* SqlgreyRows::Row::column(std::string_view name) {
  using Column = std::pair<std::string_view, std::optional<std::string>*>;
  for (const auto& [known, value] :
       {Column{"sender_name", &sender_name}, Column{"sender_domain", &sender_domain}, Column{"src", &src},
        Column{"rcpt", &rcpt}, Column{"first_seen", &first_seen}, Column{"last_seen", &last_seen}}) {
    if (known == name) return value;
  }
  return nullptr;
}

void SqlgreyRows::add(const SqlgreyTable& table, const Row& row) {
  if (table.name == "connect") {
    add_waiting(row);
  } else {
    add_allowed(table, row);
  }
}

void SqlgreyRows::add_waiting(const Row& row) {
  const auto client = network_of(row.src.value_or(""));
  if (!client) return tally_.leave_out("the client is not an address");
  auto sender = sender_of(row);
  if (!sender) return tally_.leave_out("the sender is not an address");
  if (!row.rcpt || !readable_address(*row.rcpt)) return tally_.leave_out("the recipient is not an address");
  const auto first = sql_timestamp(row.first_seen.value_or(""));
  if (!first) return tally_.leave_out("the times can't be read");
  tally_.take(ImportedTriplet{.client = client->base.text(),
                              .sender = std::move(*sender),
                              .recipient = *row.rcpt,
                              .first_seen = *first,
                              .passed = {},
                              .last_seen = *first});
}

void SqlgreyRows::add_allowed(const SqlgreyTable& table, const Row& row) {
  const auto client = network_of(row.src.value_or(""));
  if (!client) return tally_.leave_out("the client is not an address");
  if (row.sender_domain == undefined) {
    return tally_.leave_out("a list entry can't stand for the null sender, nor for one without a domain");
  }
  auto white = white_sender(table, row);
  if (!white) return tally_.leave_out("the sender is not an address");
  const auto last = sql_timestamp(row.last_seen.value_or(""));
  if (!last) return tally_.leave_out("the times can't be read");
  tally_.take(ImportedAllow{.client = entry_for(*client),
                            .sender = std::move(white->entry),
                            .recipient = {},
                            .last_seen = last,
                            .note = std::move(white->note)});
}

}  // namespace proxy
