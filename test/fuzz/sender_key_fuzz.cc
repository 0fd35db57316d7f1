// Invariants: whatever an address holds, its key has no control characters and is its own key (but for backslashes,
// which are escaped anew), the domain's case makes no difference, and neither does BATV.
#include "greylist/sender_key.h"

#include <algorithm>
#include <string>

#include "greylist/ascii.h"
#include "greylist/domain_name.h"
#include "greylist/lists/address_list.h"
#include "greylist/mail_address.h"
#include "greylist/triplet.h"
#include "test/fuzz/require.h"

namespace ascii = greylist::ascii;
using greylist::keyed_recipient;
using greylist::keyed_sender;

namespace {

void check_key(const std::string& key, std::string (*keyed)(std::string_view)) {
  REQUIRE(std::ranges::none_of(key, ascii::control));
  REQUIRE(key.contains('\\') || keyed(key) == key);
}

// An address that can stand on a list is matched by its own entry.
void check_listed(std::string_view address) {
  greylist::AddressList list;
  if (list.add(address) && !address.starts_with('@')) REQUIRE(list.matches(address));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view address(reinterpret_cast<const char*>(data), size);
  const auto key = keyed_sender(address);
  check_key(key, keyed_sender);
  check_key(keyed_recipient(address), keyed_recipient);
  check_listed(address);

  const auto parts = greylist::split_address(address);
  const auto domain = greylist::canonical_domain(parts.domain);
  REQUIRE(greylist::canonical_domain(domain) == domain);
  const std::string before(address.substr(0, address.size() - parts.domain.size()));
  if (parts.has_domain) REQUIRE(keyed_sender(before + ascii::lowered(parts.domain)) == key);
  if (greylist::is_plain(parts.local)) REQUIRE(keyed_sender("prvs=0123abcdef=" + std::string(address)) == key);
  return 0;
}
