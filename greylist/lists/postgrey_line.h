#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "lists/regexp.h"

// What the lines of postgrey 1.37's whitelist_clients and whitelist_recipients have in common.
namespace greylist::postgrey {

// The entry of a line: without comment (anywhere, as there) and blanks at the ends; empty if that was all.
std::string_view entry_of(std::string_view line);

// "/regexp/", which can't have blanks; nullopt: not one.
std::optional<std::expected<Regexp, std::string>> regexp_of(std::string_view entry);

}  // namespace greylist::postgrey
