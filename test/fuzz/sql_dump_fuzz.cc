// Invariant: whatever a dump holds, each row is taken over in a form that can be used, or counted.
#include "proxy/import/sql_dump.h"

#include <string>

#include "test/fuzz/imported.h"
#include "test/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  proxy::TextInput input{std::string(Input(data, size).rest())};
  CheckedTake checked;
  const auto take = checked.take();
  proxy::SqlgreyRows rows(take);
  const auto read = proxy::read_sql_dump(input, rows);
  REQUIRE(read || !read.error().empty());
  checked.check(rows.report());
  return 0;
}
