#include "proxy/import/foreign_address.h"

#include <algorithm>

#include "greylist/ascii.h"
#include "greylist/domain_name.h"
#include "greylist/mail_address.h"
#include "greylist/sender_key.h"
#include "smtp/utf8.h"

namespace proxy {
namespace {

namespace ascii = greylist::ascii;

constexpr std::size_t longest = 1000;  // beyond what any command line of a client holds (RFC 5321 §4.5.3.1)

bool readable_local_part(std::string_view local) {
  const auto canonical = greylist::canonical_local_part(local);
  return greylist::is_plain(canonical) || (canonical.size() > 2 && canonical.front() == '"' && canonical.back() == '"');
}

bool readable_domain(std::string_view domain) {
  return greylist::is_domain_name(domain) || (domain.size() > 2 && domain.front() == '[' && domain.back() == ']');
}

// In postgrey's pattern \b\d+\b, what a number can't touch.
bool word_character(char c) { return ascii::alphanumeric(c) || c == '_'; }

// Each '#' that may stand for a number, with the number: one beside a letter was there from the start.
std::string with_numbers(std::string_view local, std::string_view number) {
  std::string out;
  for (std::size_t i = 0; i < local.size(); ++i) {
    const bool touches =
        (i > 0 && word_character(local[i - 1])) || (i + 1 < local.size() && word_character(local[i + 1]));
    if (local[i] == '#' && !touches) {
      out += number;
    } else {
      out += local[i];
    }
  }
  return out;
}

// "srs0@…" or "srs0=ha@…": what a '+' in it has left of SRS0+hash=… and the like.
bool broken_srs(std::string_view local, std::string_view key) {
  const auto word = local.substr(0, 4);
  if (!ascii::equal_ignoring_case(word, "SRS0") && !ascii::equal_ignoring_case(word, "SRS1")) return false;
  if (local.size() > 4 && !std::string_view("=+-").contains(local[4])) return false;
  return !key.starts_with("SRS");  // as keyed_sender() begins if it could read it
}

}  // namespace

bool readable_address(std::string_view address) {
  if (address.empty() || address.size() > longest || std::ranges::any_of(address, ascii::control)) return false;
  if (!smtp::valid_utf8(address)) return false;
  const auto parts = greylist::split_address(address);
  return readable_local_part(parts.local) && (!parts.has_domain || readable_domain(parts.domain));
}

bool readable_address_with_domain(std::string_view address) {
  return readable_address(address) && greylist::split_address(address).has_domain;
}

std::expected<std::string, std::string> restored_sender(std::string_view stored) {
  if (stored.empty()) return std::string();
  const auto parts = greylist::split_address(stored);
  if (parts.has_domain && parts.local.empty()) {
    return std::unexpected("the sender was nothing but a sub-address, which postgrey took out");
  }
  if (!readable_address(stored)) return std::unexpected("the sender is not an address");
  if (!parts.has_domain) return std::string(stored);  // postgrey left those alone

  // Where the key is the same whatever the number was, any number will do. Ten digits, for a BATV tag has as many.
  const auto with = [&](std::string_view number) {
    return with_numbers(parts.local, number).append("@").append(parts.domain);
  };
  auto restored = with("0000000000");
  const auto key = greylist::keyed_sender(restored);
  if (key != greylist::keyed_sender(with("1111111111"))) {
    return std::unexpected("the sender's number matters and postgrey took it out");
  }
  if (broken_srs(parts.local, key)) return std::unexpected("the sender's SRS address was cut by postgrey");
  return restored;
}

}  // namespace proxy
