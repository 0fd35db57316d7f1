// Invariant: whatever a database file holds, reading it comes to an end, with no more entries than its pages have room
// for; and what is taken over can be used.
#include "proxy/import/berkeley_db.h"

#include <algorithm>
#include <string>

#include "proxy/import/postgrey_entries.h"
#include "test/fuzz/imported.h"
#include "test/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = Input(data, size).rest();
  CheckedTake checked;
  const auto take = checked.take();
  proxy::PostgreyEntries entries(take);
  std::uint64_t seen = 0;
  const auto read = proxy::read_berkeley_db(
      [&](std::uint64_t offset, std::size_t wanted) -> std::optional<std::string> {
        return std::string(file.substr(std::min<std::uint64_t>(offset, file.size()), wanted));
      },
      [&](const std::optional<proxy::KeyValue>& entry) {
        ++seen;
        if (entry) entries.add(entry->key, entry->value);
      });
  REQUIRE(read || !read.error().empty());
  REQUIRE(seen <= size / 4);
  if (const auto report = entries.report()) checked.check(*report);
  return 0;
}
