#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ip_address.h"
#include "reputation.h"
#include "rules/rate.h"

namespace greylist {

// What SPF makes of a client and a sender (RFC 7208 §2.6).
enum class Spf { none, neutral, pass, fail, softfail, temperror, permerror };
inline constexpr std::array<std::string_view, 7> spf_words{"none",     "neutral",   "pass",     "fail",
                                                           "softfail", "temperror", "permerror"};
std::string_view word(Spf result);
std::optional<Spf> parse_spf(std::string_view word);

// What the client's reverse name is worth (RFC 8601 §2.7.3): it points back; it doesn't; there is none; nobody could
// say.
enum class Fcrdns { pass, fail, none, error };
inline constexpr std::array<std::string_view, 4> fcrdns_words{"pass", "fail", "none", "error"};
std::string_view word(Fcrdns outcome);
std::optional<Fcrdns> parse_fcrdns(std::string_view word);

inline constexpr std::string_view no_tls = "none";
inline constexpr std::array<std::string_view, 3> tls_words{no_tls, "1.2", "1.3"};

struct NameEvidence {
  Fcrdns fcrdns = Fcrdns::none;
  std::string name;  // the confirmed one; empty if there is none
};

// Stands among the names of lists for block lists that together weigh enough.
inline constexpr std::string_view enough_lists = "block_lists";

// A private address (RFC 1918, RFC 4193) may be that of a gateway that all the world comes through: the DNS has nothing
// to say of who is behind it. Not so the loopback.
bool known_to_dns(const IpAddress& client);

// What greygate itself has seen of a client, by the best identity that it has proved.
struct Conduct {
  Standing standing = Standing::unknown;
  Attempts attempts;
};

// What is known of an attempt beside what the client has said; nullopt: not looked up yet.
struct Evidence {
  std::string_view tls = no_tls;
  bool early_talker = false;  // it said something before it was greeted
  std::optional<NameEvidence> name;
  std::optional<Spf> spf;
  std::optional<Conduct> conduct;
  std::optional<std::vector<std::string>> lists;  // names of those kept in the DNS that have the client on them
};

}  // namespace greylist
