// Invariants: whatever a client says of itself, the commands are well formed and of legal length; each listed attribute
// is told once; and a value that is told can be read back.
#include "smtp/xclient.h"

#include <algorithm>
#include <string>

#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

using smtp::ClientIdentity;

namespace {

const std::vector<std::string> known{"NAME", "ADDR", "PORT", "HELO", "PROTO", "DESTADDR", "DESTPORT", "REVERSE_NAME"};

bool plain(char octet) { return octet > 32 && octet < 127; }

std::string from_xtext(std::string_view text) {
  std::string value;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.front() == '+') {
      REQUIRE(text.size() >= 3 && text.find_first_not_of("0123456789ABCDEF", 1) >= 3);
      value += static_cast<char>(std::stoi(std::string(text.substr(1, 2)), nullptr, 16));
      text.remove_prefix(2);
    } else {
      REQUIRE(plain(text.front()) && text.front() != '=');
      value += text.front();
    }
  }
  return value;
}

// The attributes of all commands, each with a blank before it.
std::string attributes(const std::vector<std::string>& commands) {
  std::string all;
  for (const auto& command : commands) {
    REQUIRE(command.starts_with("XCLIENT ") && command.ends_with("\r\n") && command.size() <= 512);
    const auto text = std::string_view(command).substr(7, command.size() - 9);
    REQUIRE(std::ranges::all_of(text, [](char octet) { return plain(octet) || octet == ' '; }));
    all += text;
  }
  return all;
}

// The value of an attribute, which must be there once, or nothing at all.
std::string_view value_of(std::string_view all, const std::string& name, bool listed) {
  const auto word = ' ' + name + '=';
  const auto at = all.find(word);
  REQUIRE((at != all.npos) == listed);
  if (!listed) return {};
  REQUIRE(all.find(word, at + 1) == all.npos);
  const auto value = all.substr(at + word.size());
  return value.substr(0, value.find(' '));
}

}  // namespace

// Octets: what is listed, what is known of the name, the name's length; the name; the rest is the HELO name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const unsigned listed_bits = input.octet(), flags = input.octet(), name_size = input.octet();
  ClientIdentity identity;
  identity.client = {flags & 8 ? "2001:db8:1111:2222:3333:4444:5555:6666" : "192.0.2.1", 40001};
  identity.destination = {flags & 16 ? "2001:db8::1" : "198.51.100.1", 25};
  identity.name_state = static_cast<ClientIdentity::Name>((flags & 3) % 3);
  identity.esmtp = (flags & 4) != 0;
  identity.name = input.text(name_size);
  if (flags & 32) identity.reverse_name = identity.name;
  identity.helo = input.rest();

  std::vector<std::string> listed;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (listed_bits >> i & 1) listed.push_back(known[i]);
  }
  const auto commands = xclient_commands(identity, listed);
  REQUIRE(commands.empty() == listed.empty());
  const auto all = attributes(commands);
  for (const auto& name : known) {
    const auto value = value_of(all, name, std::ranges::count(listed, name) > 0);
    if (value.empty() || value == "[UNAVAILABLE]") continue;
    if (name == "HELO") REQUIRE(from_xtext(value) == identity.helo);
    if (name == "NAME" || name == "REVERSE_NAME") REQUIRE(value == "[TEMPUNAVAIL]" || value == identity.name);
  }
  return 0;
}
