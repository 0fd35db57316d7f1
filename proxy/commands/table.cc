#include "proxy/commands/table.h"

#include <algorithm>
#include <utility>

#include "proxy/commands/text.h"

namespace proxy {

constexpr std::size_t gap = 2;

Table::Table(std::vector<std::string> titles, Print print) : print_(std::move(print)) {
  if (!titles.empty()) add(std::move(titles));
}

void Table::add(std::vector<std::string> cells) {
  for (auto& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
  if (rows_.size() == block) print_rest();
}

void Table::print_rest() {
  const auto rows = std::exchange(rows_, {});
  for (const auto& row : rows) {
    widths_.resize(std::max(widths_.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], columns(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) text.append(row[i]).append(widths_[i] - columns(row[i]) + gap, ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  if (!text.empty()) print_(text);
}

}  // namespace proxy
