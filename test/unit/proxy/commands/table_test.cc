#include "proxy/commands/table.h"

#include <doctest/doctest.h>

using namespace proxy;

namespace {

std::string printed(std::vector<std::string> titles, const std::vector<std::vector<std::string>>& rows) {
  std::string text;
  Table table(std::move(titles), [&](std::string_view lines) { text += lines; });
  for (const auto& row : rows) table.add(row);
  table.print_rest();
  return text;
}

}  // namespace

TEST_CASE("columns are as wide as their widest cells, and lines end with their text") {
  CHECK(printed({"NAME", "AGE"}, {{"bob", "3m"}, {"elisabeth", ""}, {"carol"}}) ==
        "NAME       AGE\n"
        "bob        3m\n"
        "elisabeth\n"
        "carol\n");
  CHECK(printed({}, {{"a", "b"}, {"long", "c"}}) == "a     b\nlong  c\n");
  CHECK(printed({}, {}).empty());
}

TEST_CASE("wide characters take their columns, and control characters are written out") {
  CHECK(printed({}, {{"日本", "x"}, {"jürgen", "x"}, {"a\x1b", "x"}}) ==
        "日本     x\n"
        "jürgen   x\n"
        "a\\u001b  x\n");
}

TEST_CASE("many rows come in blocks that get no narrower") {
  std::size_t most = 0, lines = 0;
  bool aligned = true;
  Table table({"KEY", "VALUE"}, [&](std::string_view text) {
    most = std::max(most, text.size());
    for (; !text.empty(); text.remove_prefix(text.find('\n') + 1), ++lines) {
      const auto at = text.find_first_of("Vv");
      aligned = aligned && at == (lines < 500 ? 6 : 8);
    }
  });
  for (std::size_t i = 0; i < 10'000; ++i) table.add({i == 700 ? "longer" : "1234", "value"});
  table.print_rest();
  CHECK(lines == 10'001);
  CHECK(aligned);
  CHECK(most < 500 * 20);
}
