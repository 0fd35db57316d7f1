#include "proxy/import/read_sqlgrey.h"

#include "proxy/import/sql_dump.h"
#include "proxy/import/sqlite_file.h"
#include "proxy/import/text_input.h"

namespace proxy {

std::expected<ImportReport, std::string> read_sqlgrey(const std::string& path, const Take& take) {
  auto input = TextInput::open(path);
  if (!input) return std::unexpected(input.error());
  SqlgreyRows rows(take);
  const bool sqlite = input->start(16).starts_with("SQLite format 3");
  const auto read = sqlite ? read_sqlite_file(path, rows) : read_sql_dump(*input, rows);
  if (input->failure()) return std::unexpected(*input->failure());
  if (!read) return std::unexpected(path + ": " + read.error());
  return rows.report();
}

}  // namespace proxy
