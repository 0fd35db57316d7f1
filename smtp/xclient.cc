#include "xclient.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace smtp {

namespace {

constexpr std::string_view verb = "XCLIENT";
constexpr std::string_view unavailable = "[UNAVAILABLE]", temporarily_unavailable = "[TEMPUNAVAIL]";
constexpr std::size_t longest_command = 512;  // RFC 5321 §4.5.3.1.4, CRLF included
constexpr std::size_t max_name = 255;         // RFC 5321 §4.5.3.1.2

bool name_octet(char octet) {
  return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') || (octet >= '0' && octet <= '9') ||
         octet == '-' || octet == '_';
}

// Postfix answers the whole command with 501 if NAME is no host name, and DNS can hold any octets.
bool host_name(std::string_view name) {
  if (name.empty() || name.size() > max_name) return false;
  if (name.find_first_not_of("0123456789.") == std::string_view::npos) return false;
  for (std::size_t start = 0; start <= name.size();) {
    const auto label = name.substr(start, name.find('.', start) - start);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, name_octet)) return false;
    start += label.size() + 1;
  }
  return true;
}

std::string name_value(const ClientIdentity& identity) {
  switch (identity.name_state) {
    case ClientIdentity::Name::confirmed: return host_name(identity.name) ? identity.name : std::string(unavailable);
    case ClientIdentity::Name::temporarily_unavailable: return std::string(temporarily_unavailable);
    case ClientIdentity::Name::unavailable: break;
  }
  return std::string(unavailable);
}

// To Postfix a confirmed NAME is the reverse name as well, but for any other it keeps what it knew of before, be it our
// own or that of a client before this one.
std::string reverse_name_value(const ClientIdentity& identity) {
  if (host_name(identity.reverse_name)) return identity.reverse_name;
  const bool temporarily = identity.name_state == ClientIdentity::Name::temporarily_unavailable;
  return std::string(temporarily ? temporarily_unavailable : unavailable);
}

std::string address_value(const Endpoint& endpoint) {
  if (endpoint.address.empty()) return std::string(unavailable);
  // A link-local address has a zone ("fe80::1%eth0"), which means nothing to another host (RFC 4007 §11).
  const auto address = endpoint.address.substr(0, endpoint.address.find('%'));
  return address.contains(':') ? "IPV6:" + address : address;
}

std::string port_value(const Endpoint& endpoint) {
  return endpoint.port == 0 ? std::string(unavailable) : std::to_string(endpoint.port);
}

// A name cut short would be one that the client never gave, so one too long to be told is not told. Nothing is lost to
// the backend: the EHLO that follows carries it.
std::string helo_value(const std::string& helo) {
  const std::string value = xtext(helo);
  const bool fits = verb.size() + std::string_view(" HELO=\r\n").size() + value.size() <= longest_command;
  return helo.empty() || !fits ? std::string(unavailable) : value;
}

struct Attribute {
  std::string_view name;
  std::string value;
};

// As few commands as will do, in the order given.
void pack(const std::vector<Attribute>& attributes, std::vector<std::string>& commands) {
  std::string line;
  for (const auto& [name, value] : attributes) {
    const std::string word = ' ' + std::string(name) + '=' + value;
    if (!line.empty() && line.size() + word.size() + 2 > longest_command)
      commands.push_back(std::exchange(line, {}) + "\r\n");
    if (line.empty()) line = verb;
    line += word;
    assert(line.size() + 2 <= longest_command);
  }
  if (!line.empty()) commands.push_back(line + "\r\n");
}

}  // namespace

std::string xtext(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 33 && octet <= 126 && c != '+' && c != '=') {
      text += c;
    } else {
      text += {'+', digits[octet >> 4], digits[octet & 15]};
    }
  }
  return text;
}

std::vector<std::string> xclient_commands(const ClientIdentity& identity, const std::vector<std::string>& listed) {
  std::vector<Attribute> who = {{"NAME", name_value(identity)}, {"ADDR", address_value(identity.client)}};
  std::vector<Attribute> how = {{"REVERSE_NAME", reverse_name_value(identity)},
                                {"PORT", port_value(identity.client)},
                                {"HELO", helo_value(identity.helo)},
                                {"PROTO", identity.esmtp ? "ESMTP" : "SMTP"},
                                {"DESTADDR", address_value(identity.destination)},
                                {"DESTPORT", port_value(identity.destination)}};
  const auto not_listed = [&](const Attribute& attribute) {
    return std::ranges::find(listed, attribute.name) == listed.end();
  };
  std::erase_if(who, not_listed);
  std::erase_if(how, not_listed);

  std::vector<Attribute> all = who;
  all.insert(all.end(), how.begin(), how.end());
  std::vector<std::string> commands;
  pack(all, commands);
  if (commands.size() <= 1) return commands;
  commands.clear();
  pack(how, commands);
  pack(who, commands);
  return commands;
}

}  // namespace smtp
