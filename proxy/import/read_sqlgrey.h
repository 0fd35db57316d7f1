#pragma once
#include <expected>
#include <string>

#include "proxy/import/imported.h"

namespace proxy {

// `path` is SQLgrey's SQLite file, or a dump of its SQLite, MySQL or PostgreSQL database. Triplets that wait, and allow
// entries of client and sender for what passed.
std::expected<ImportReport, std::string> read_sqlgrey(const std::string& path, const Take& take);

}  // namespace proxy
