// Invariants: a path is read whole or refused; what is left of it is the end of the text, parameters alone; written in
// brackets it is read as the same address again, with a source route or without; and the domain that is judged is the
// last one, for an address that is safe to relay the only one there is.
#include "smtp/path.h"

#include <algorithm>
#include <string>

#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

namespace {

void require_same(const std::string& text, const smtp::Address& address) {
  const auto again = smtp::parse_path(text);
  REQUIRE(again.has_value());
  REQUIRE(again->address == address);
  REQUIRE(again->rest.empty());
}

// One after the other, with neither quotes nor backslashes: no knowledge of the grammar.
std::string without_quoting(std::string_view text) {
  std::string plain;
  bool quoted_pair = false;
  for (const char c : text) {
    if (!quoted_pair && c == '\\') {
      quoted_pair = true;
    } else {
      if (quoted_pair || c != '"') plain += c;
      quoted_pair = false;
    }
  }
  return plain;
}

void check_safe(const smtp::Address& address) {
  const auto& text = address.text();
  const auto plain = without_quoting(text);
  REQUIRE(plain.find_first_of("%!") == std::string::npos && !plain.starts_with('/'));
  REQUIRE(std::ranges::none_of(plain, [](unsigned char c) { return c < 32 || c == 127; }));
  if (!address.has_domain()) return;
  REQUIRE(std::ranges::count(plain, '@') == 1);
  const auto at = text.rfind('@');
  REQUIRE(address.domain() == text.substr(at + 1));
  REQUIRE(address.local_part() == text.substr(0, at));
  REQUIRE(!address.domain().starts_with('['));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = Input(data, size).rest();
  if (text.empty() || text.front() == ' ' || text.front() == '\t' || text.front() == ':') return 0;
  const auto path = smtp::parse_path(text);
  if (!path) {
    REQUIRE(!path.error().empty());
    return 0;
  }
  REQUIRE(text.ends_with(path->rest));
  REQUIRE(path->rest.data() >= text.data() && path->rest.data() <= text.data() + text.size());
  const auto& address = path->address;
  REQUIRE(address.text().find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos);
  REQUIRE(address.null() || text.substr(0, text.size() - path->rest.size()).contains(address.text()));
  require_same("<" + address.text() + ">", address);
  if (address.null()) return 0;
  if (address.has_domain()) require_same("<@hop.example,@[192.0.2.1]:" + address.text() + ">", address);
  if (!address.unsafe_recipient()) check_safe(address);
  return 0;
}
