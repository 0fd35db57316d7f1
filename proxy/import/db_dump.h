#pragma once
#include <expected>
#include <string>

#include "proxy/import/berkeley_db.h"
#include "proxy/import/text_input.h"

namespace proxy {

// Reads what db_dump writes, plain and with -p, of one database or several; entries as read_berkeley_db() gives them.
// The error: not that format, not of keys and values, ended before its DATA=END.
std::expected<void, std::string> read_db_dump(TextInput& input, const Entry& entry);

}  // namespace proxy
