#pragma once
#include <map>
#include <string>

#include "store/redis/exchange.h"
#include "store/redis/keys.h"

namespace greylist::redis {

// What is there, a page at a time, of all servers one after the other. Store::scan(), Store::scan_earners().
asio::awaitable<Found<EntryPage>> entries(Exchange server, const Keys& keys, std::string from, EntryFilter wanted);
asio::awaitable<Found<EarnerPage>> earners(Exchange server, const Keys& keys, std::string from);

// All fields of a hash.
using Fields = std::map<std::string, std::string>;
asio::awaitable<Found<Fields>> fields(Exchange server, std::string key);

}  // namespace greylist::redis
