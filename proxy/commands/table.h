#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// Rows of text in aligned columns. However many rows there are, it keeps a block of them: columns are as wide as the
// block's widest cells, and from then on never narrower.
class Table {
 public:
  using Print = std::function<void(std::string_view)>;
  // Without titles no line is printed for them. `print` gets whole lines.
  Table(std::vector<std::string> titles, Print print);

  // Cells needn't be printable(). Those that lack are empty.
  void add(std::vector<std::string> cells);
  void print_rest();

 private:
  static constexpr std::size_t block = 500;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;
  Print print_;
};

}  // namespace proxy
