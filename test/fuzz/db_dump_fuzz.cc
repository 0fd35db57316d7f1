// Invariant: whatever a dump of postgrey's database holds, each entry is taken over in a form that can be used, or
// counted.
#include "proxy/import/db_dump.h"

#include <string>

#include "proxy/import/postgrey_entries.h"
#include "test/fuzz/imported.h"
#include "test/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  proxy::TextInput input{std::string(Input(data, size).rest())};
  CheckedTake checked;
  const auto take = checked.take();
  proxy::PostgreyEntries entries(take);
  std::uint64_t seen = 0;
  const auto read = proxy::read_db_dump(input, [&](const std::optional<proxy::KeyValue>& entry) {
    ++seen;
    if (entry) entries.add(entry->key, entry->value);
  });
  REQUIRE(read || !read.error().empty());
  REQUIRE(seen <= size / 3);  // two lines, each a blank and an LF but for the last
  if (const auto report = entries.report()) checked.check(*report);
  return 0;
}
