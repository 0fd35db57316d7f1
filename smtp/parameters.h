#pragma once
#include <expected>
#include <string_view>

#include "command.h"

namespace smtp {

// The parameters of MAIL and RCPT (RFC 5321 §4.1.2 esmtp-param): SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531),
// RET, ENVID, NOTIFY, ORCPT (RFC 3461). Reads `words` into the command, or returns the reply they earned: 555 for one
// that is not offered or not for this command, 501 for one that is malformed or comes twice.
std::expected<void, Reply> read_parameters(std::string_view words, const Extensions& offered, Mail& mail);
std::expected<void, Reply> read_parameters(std::string_view words, const Extensions& offered, Rcpt& rcpt);

}  // namespace smtp
