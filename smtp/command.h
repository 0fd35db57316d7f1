#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "address.h"
#include "extensions.h"
#include "reply.h"

namespace smtp {

struct Helo {
  std::string name;
};
struct Ehlo {
  std::string name;
};
struct Mail {
  Address from;
  std::string parameters;             // as the client wrote them, one space between, no leading space; empty: none
  std::optional<std::uint64_t> size;  // SIZE=
  bool eight_bit = false;             // BODY=8BITMIME
  bool body = false;                  // BODY= given at all
  bool smtp_utf8 = false;             // SMTPUTF8
  bool dsn = false;                   // RET= or ENVID=
};
struct Rcpt {
  Address to;
  std::string parameters;
  bool dsn = false;  // NOTIFY= or ORCPT=
};
struct Data {};
// A readable size. `well_formed` is false if wrong words follow it: the octets come all the same and must be read (RFC
// 3030 §2).
struct Bdat {
  std::uint64_t size;
  bool last;
  bool well_formed;
};
struct UnreadableBdat {};  // nobody can tell how many octets follow
struct Rset {};
struct Noop {};
struct Help {};
struct Vrfy {};
struct StartTls {};
struct Quit {};
using Command =
    std::variant<Helo, Ehlo, Mail, Rcpt, Data, Bdat, UnreadableBdat, Rset, Noop, Help, Vrfy, StartTls, Quit>;

// A line, without its CRLF, is either a command or the reply it earned (500, 501, 502, 550, 553, 555). `offered`: what
// this client's EHLO reply listed; a parameter outside it earns 555. A non-ASCII sender without SMTPUTF8 earns 553
// here; a recipient's non-ASCII is judged by the session, which knows the MAIL.
std::variant<Command, Reply> parse_command(std::string_view line, const Extensions& offered);

// RFC 5321 §4.5.3.1.4 asks for 512 octets and more with extensions; we take 2,048, CRLF included.
inline constexpr std::size_t max_command_line = 2048;

}  // namespace smtp
