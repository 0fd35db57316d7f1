#pragma once
#include <cstdint>

// The order of commands (RFC 5321 §4.1.4, RFC 3030 §3), as a table: a verb without a row earns 503.
namespace smtp {

enum class State : std::uint8_t { connected, greeted, mail, chunks };  // chunks: a BDAT transaction has begun
enum class Verb : std::uint8_t { helo, ehlo, mail, rcpt, data, bdat, rset, noop, help, vrfy, starttls, quit };

bool allowed(State in, Verb verb);

}  // namespace smtp
