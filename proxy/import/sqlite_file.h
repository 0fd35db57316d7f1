#pragma once
#include <expected>
#include <string>

#include "proxy/import/sqlgrey_rows.h"

namespace proxy {

// Reads the rows of SQLgrey's tables from its SQLite file, which is opened for reading alone. SQLgrey may go on using
// it. The error: not SQLite's, none of the tables is in it, damaged.
std::expected<void, std::string> read_sqlite_file(const std::string& path, SqlgreyRows& rows);

}  // namespace proxy
