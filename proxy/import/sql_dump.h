#pragma once
#include <expected>
#include <string>

#include "proxy/import/sqlgrey_rows.h"
#include "proxy/import/text_input.h"

namespace proxy {

// Reads the rows of SQLgrey's tables from what sqlite3's .dump, mysqldump or pg_dump write: INSERT and REPLACE, of one
// row or many, and COPY … FROM stdin. Other tables and statements are passed over.
//
// The error: none of the tables is in it, or it ends within a statement.
std::expected<void, std::string> read_sql_dump(TextInput& input, SqlgreyRows& rows);

}  // namespace proxy
