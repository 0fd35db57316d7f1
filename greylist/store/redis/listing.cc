#include "store/redis/listing.h"

#include <algorithm>
#include <utility>

#include "store/record_codec.h"

namespace greylist::redis {
namespace {

constexpr std::string_view keys_a_page = "1000";
using Take = std::function<void(const std::string& key, const std::string& value)>;

// Where a scan goes on: the server, and its cursor.
struct ScanPlace {
  std::string server;
  std::string cursor = "0";

  static ScanPlace parse(const std::string& from) {
    const auto blank = from.find(' ');
    if (blank == from.npos) return {};
    return {from.substr(0, blank), from.substr(blank + 1)};
  }
  std::string text() const { return server + " " + cursor; }
};

// A page of the keys of that pattern, and where to go on.
asio::awaitable<Found<std::string>> page(Exchange server, std::string from, std::string pattern, Take take) {
  auto place = ScanPlace::parse(from);
  const auto servers = co_await server.client().masters();
  if (servers.empty()) co_return std::unexpected(error("no node of the cluster answers"));
  const auto at = from.empty() ? servers.begin() : std::ranges::find(servers, place.server, &NodeAddress::text);
  if (at == servers.end()) co_return std::unexpected(error("the cluster has changed: begin anew"));
  const auto scanned =
      co_await server.client().ask_node(*at, command({"SCAN", place.cursor, "MATCH", pattern, "COUNT", keys_a_page}));
  if (!scanned) co_return std::unexpected(error(scanned.error().why));
  if (scanned->kind == Reply::Kind::error) co_return std::unexpected(error(scanned->text));
  if (scanned->items.size() != 2) co_return std::unexpected(error("no answer to SCAN"));

  const auto& keys = scanned->items[1].items;
  std::vector<Command> commands;
  commands.reserve(keys.size());
  for (const auto& key : keys) commands.push_back(get(key.text));
  const auto values = co_await server.ask(std::move(commands));
  if (!values) co_return std::unexpected(values.error());
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (!(*values)[i].text.empty()) take(keys[i].text, (*values)[i].text);

  const auto& cursor = scanned->items[0].text;
  const auto next = cursor == "0" ? at + 1 : at;
  co_return next == servers.end() ? std::string() : ScanPlace{next->text(), cursor}.text();
}

}  // namespace

asio::awaitable<Found<EntryPage>> entries(Exchange server, const Keys& keys, std::string from, EntryFilter wanted) {
  EntryPage found;
  auto next = co_await page(server, from, keys.all_triplets(), [&](const std::string& key, const std::string& value) {
    auto triplet = keys.parse_triplet(key);
    auto record = decode_record(value);
    if (triplet && record && wanted(*triplet, *record))
      found.entries.push_back({*std::move(triplet), *std::move(record)});
  });
  if (!next) co_return std::unexpected(next.error());
  found.next = *std::move(next);
  co_return found;
}

asio::awaitable<Found<EarnerPage>> earners(Exchange server, const Keys& keys, std::string from) {
  EarnerPage found;
  auto next = co_await page(server, from, keys.all_credits(), [&](const std::string& key, const std::string& value) {
    auto name = keys.parse_credit(key);
    const auto credit = decode_credit(value);
    if (name && credit) found.earners.push_back({*std::move(name), *credit});
  });
  if (!next) co_return std::unexpected(next.error());
  found.next = *std::move(next);
  co_return found;
}

// All fields of a hash. A large one comes in pieces, so that the server serves others between.
asio::awaitable<Found<Fields>> fields(Exchange server, std::string key) {
  Fields all;
  std::string cursor = "0";
  do {
    const auto some = co_await server.ask(on_key(key, {"HSCAN", key, cursor, "COUNT", keys_a_page}));
    if (!some) co_return std::unexpected(some.error());
    if (some->items.size() != 2) co_return std::unexpected(error("no answer to HSCAN"));
    const auto& fields = some->items[1].items;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) all.insert_or_assign(fields[i].text, fields[i + 1].text);
    cursor = some->items[0].text;
  } while (cursor != "0");
  co_return all;
}

}  // namespace greylist::redis
