#pragma once
#include <expected>
#include <string>

#include "proxy/import/imported.h"
#include "proxy/import/text_input.h"

namespace proxy {

// Reads what OpenBSD's spamdb prints, with and without the HELO name in its GREY lines: waiting triplets (GREY), allow
// entries of clients (WHITE) and block entries that lapse (TRAPPED). SPAMTRAP addresses are left out.
std::expected<ImportReport, std::string> read_spamd(const std::string& path, const Take& take);
std::expected<ImportReport, std::string> read_spamd(TextInput& input, const Take& take);

}  // namespace proxy
