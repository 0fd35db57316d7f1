#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// Up to `size` octets at `offset` of a file; fewer only at its end. nullopt: it can't be read.
using ReadAt = std::function<std::optional<std::string>(std::uint64_t offset, std::size_t size)>;

// Whether a file that begins so is a Berkeley DB database of any kind.
bool is_berkeley_db(std::string_view start);

struct KeyValue {
  std::string_view key, value;  // valid during the call
};
using Entry = std::function<void(const std::optional<KeyValue>& entry)>;  // nullopt: one that can't be read

// Gives every key and value of a Berkeley DB B-tree file, in no order.
//
// All leaf pages of the file are read one after the other, without a look at the tree: so a damaged page costs its own
// entries and no others, and nothing is locked, recovered or written. What postgrey has not written to the file yet,
// while it runs, isn't seen. libdb isn't used because it doesn't stand damaged files: page sizes of 0 are divided by,
// loops of pages never end, DB->verify() aborts.
//
// The error: not a B-tree, encrypted, of a version that isn't known, cut short.
std::expected<void, std::string> read_berkeley_db(const ReadAt& read, const Entry& entry);

}  // namespace proxy
