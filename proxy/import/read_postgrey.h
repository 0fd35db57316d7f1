#pragma once
#include <expected>
#include <string>

#include "proxy/import/imported.h"

namespace proxy {

// `path` is postgrey.db, postgrey_clients.db, the directory that has them, or what db_dump (with or without -p) wrote
// of either. Triplets and earners. The error says what is wrong with which file; hashes of --privacy are refused.
std::expected<ImportReport, std::string> read_postgrey(const std::string& path, const Take& take);

}  // namespace proxy
