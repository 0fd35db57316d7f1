#pragma once
#include <expected>
#include <string>

#include "greylist/timestamp.h"
#include "proxy/import/imported.h"

namespace proxy {

// Reads what another greylister left: "postgrey", "spamd", "sqlgrey".
using ForeignReader = std::expected<ImportReport, std::string> (*)(const std::string& path, const Take& take);
ForeignReader foreign_reader(const std::string& program);  // null: there is none

// A line of the HTTP API's import. What another greylister let in for as long as it was used lapses here `lifetime`
// after its last use: uses of run-time entries aren't remembered.
std::string import_line(const Imported& imported, greylist::Duration lifetime);

}  // namespace proxy
