#include "proxy_header.h"

#include <arpa/inet.h>

#include <array>
#include <cassert>
#include <charconv>
#include <optional>

namespace smtp {

namespace {

using ProxyHeader = std::variant<NeedMore, Proxied, Unproxied, BadProxyHeader>;

enum class Family { ipv4, ipv6 };

// An address in network order.
struct Binary {
  Family family;
  std::array<char, sizeof(in6_addr)> octets{};
  std::string_view view() const { return {octets.data(), family == Family::ipv4 ? sizeof(in_addr) : sizeof(in6_addr)}; }
};

std::optional<Binary> to_binary(std::string_view text, Family family) {
  Binary binary{family};
  const int domain = family == Family::ipv4 ? AF_INET : AF_INET6;
  if (inet_pton(domain, std::string(text).c_str(), binary.octets.data()) != 1) return std::nullopt;
  return binary;
}

std::string to_text(std::string_view octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(octets.size() == sizeof(in_addr) ? AF_INET : AF_INET6, octets.data(), text.data(), text.size());
  return text.data();
}

// Whether `buffer` begins with `expected`, as far as it has come.
bool may_start_with(std::string_view buffer, std::string_view expected) {
  return expected.starts_with(buffer.substr(0, expected.size()));
}

// Version 1 (section 2.1), a line of text.

constexpr std::string_view v1_signature = "PROXY ";
constexpr std::size_t v1_limit = 107;

// Takes one of the four words that follow the family; false if it is none.
bool take_v1_word(std::string_view word, std::size_t which, Family family, Proxied& into) {
  Endpoint& endpoint = which % 2 == 0 ? into.source : into.destination;
  if (which < 2) {
    const auto address = to_binary(word, family);
    if (address) endpoint.address = to_text(address->view());
    return address.has_value();
  }
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), endpoint.port);
  const bool leading_zero = word.size() > 1 && word.front() == '0';
  return error == std::errc{} && end == word.data() + word.size() && !leading_zero;
}

bool may_become_v1_word(std::string_view word, std::size_t which, Family family) {
  const std::size_t longest = which >= 2 ? 5 : family == Family::ipv4 ? INET_ADDRSTRLEN - 1 : INET6_ADDRSTRLEN - 1;
  const std::string_view octets = which >= 2               ? "0123456789"
                                  : family == Family::ipv4 ? "0123456789."
                                                           : "0123456789abcdefABCDEF:.";
  return word.size() <= longest && word.find_first_not_of(octets) == std::string_view::npos;
}

// `words`: what follows the family, its CRLF or CR taken off if it has `ended`.
ProxyHeader parse_v1_words(std::string_view words, bool ended, Family family) {
  Proxied proxied{};
  for (std::size_t which = 0; which < 4; ++which) {
    const auto space = words.find(' ');
    const auto word = words.substr(0, space);
    if (!may_become_v1_word(word, which, family)) return BadProxyHeader{};
    if (space == std::string_view::npos && !ended) return NeedMore{};
    const bool last = which == 3;
    if (last != (space == std::string_view::npos)) return BadProxyHeader{};
    if (!take_v1_word(word, which, family, proxied)) return BadProxyHeader{};
    if (!last) words.remove_prefix(space + 1);
  }
  return proxied;
}

ProxyHeader parse_v1(std::string_view buffer) {
  const auto crlf = buffer.substr(0, v1_limit).find("\r\n");
  const bool whole = crlf != std::string_view::npos;
  if (!whole && buffer.size() >= v1_limit) return BadProxyHeader{};
  auto line = buffer.substr(0, crlf).substr(v1_signature.size());
  if (line.starts_with("UNKNOWN")) {
    if (whole) return Unproxied{crlf + 2};
    return NeedMore{};
  }
  const bool ended = whole || line.ends_with('\r');
  if (!whole && ended) line.remove_suffix(1);

  if (!line.starts_with("TCP4 ") && !line.starts_with("TCP6 ")) {
    const bool may_become =
        may_start_with(line, "TCP4 ") || may_start_with(line, "TCP6 ") || may_start_with(line, "UNKNOWN");
    if (ended || !may_become) return BadProxyHeader{};
    return NeedMore{};
  }
  auto header = parse_v1_words(line.substr(5), ended, line[3] == '4' ? Family::ipv4 : Family::ipv6);
  if (auto* proxied = std::get_if<Proxied>(&header)) {
    if (!whole) return NeedMore{};
    proxied->consumed = crlf + 2;
  }
  return header;
}

// Version 2 (section 2.2): signature, version and command, family and protocol, length of the rest.

constexpr std::string_view v2_signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed = 16, v2_rest_limit = 4'096;

enum Command : unsigned { local = 0x20, proxy = 0x21 };  // with the version
enum Transport : unsigned { tcp_over_ipv4 = 0x11, tcp_over_ipv6 = 0x21, highest_family = 3, highest_protocol = 2 };

unsigned octet_at(std::string_view octets, std::size_t at) { return static_cast<unsigned char>(octets[at]); }
unsigned number_at(std::string_view octets, std::size_t at) {
  return octet_at(octets, at) << 8 | octet_at(octets, at + 1);
}

// `rest`: two addresses, two ports, and perhaps more that we have no use for.
Proxied v2_endpoints(std::string_view rest, std::size_t address_size, std::size_t consumed) {
  const auto endpoint = [&](std::size_t which) {
    const auto port = number_at(rest, 2 * address_size + 2 * which);
    return Endpoint{to_text(rest.substr(which * address_size, address_size)), static_cast<std::uint16_t>(port)};
  };
  return {endpoint(0), endpoint(1), consumed};
}

ProxyHeader parse_v2(std::string_view buffer) {
  const auto has = [&](std::size_t at) { return buffer.size() > at; };
  if (!has(12)) return NeedMore{};
  const unsigned command = octet_at(buffer, 12);
  if (command != local && command != proxy) return BadProxyHeader{};
  if (!has(13)) return NeedMore{};
  const unsigned transport = octet_at(buffer, 13);
  if (command == proxy && (transport >> 4 > highest_family || (transport & 15) > highest_protocol))
    return BadProxyHeader{};
  if (!has(14)) return NeedMore{};
  if (octet_at(buffer, 14) > v2_rest_limit >> 8) return BadProxyHeader{};
  if (!has(15)) return NeedMore{};

  const std::size_t length = number_at(buffer, 14);
  const bool tcp = command == proxy && (transport == tcp_over_ipv4 || transport == tcp_over_ipv6);
  const std::size_t address_size = transport == tcp_over_ipv4 ? sizeof(in_addr) : sizeof(in6_addr);
  if (length > v2_rest_limit || (tcp && length < 2 * address_size + 4)) return BadProxyHeader{};
  const std::size_t consumed = v2_fixed + length;
  if (buffer.size() < consumed) return NeedMore{};
  if (!tcp) return Unproxied{consumed};
  return v2_endpoints(buffer.substr(v2_fixed), address_size, consumed);
}

// What we tell a backend.

// Both ends, of one family; where the destination's differs it becomes that family's unspecified address.
struct Pair {
  Binary source, destination;
};

Pair to_pair(const Endpoint& source, const Endpoint& destination) {
  const Family family = source.address.contains(':') ? Family::ipv6 : Family::ipv4;
  // A link-local client's address has a zone ("fe80::1%eth0"), which means nothing to another host (RFC 4007 §11).
  const auto parse = [&](const std::string& text) { return to_binary(text.substr(0, text.find('%')), family); };
  const auto client = parse(source.address);
  assert(client);
  return {*client, parse(destination.address).value_or(Binary{family})};
}

void append_number(std::string& out, std::size_t number) {
  out += static_cast<char>(number >> 8 & 0xff);
  out += static_cast<char>(number & 0xff);
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view buffer) {
  if (buffer.starts_with(v1_signature)) return parse_v1(buffer);
  if (buffer.starts_with(v2_signature)) return parse_v2(buffer);
  if (may_start_with(buffer, v1_signature) || may_start_with(buffer, v2_signature)) return NeedMore{};
  return BadProxyHeader{};
}

std::string proxy_header_v1(const Endpoint& source, const Endpoint& destination) {
  const Pair pair = to_pair(source, destination);
  std::string line(v1_signature);
  line += pair.source.family == Family::ipv4 ? "TCP4" : "TCP6";
  line += ' ' + to_text(pair.source.view()) + ' ' + to_text(pair.destination.view());
  line += ' ' + std::to_string(source.port) + ' ' + std::to_string(destination.port) + "\r\n";
  return line;
}

std::string proxy_header_v2(const Endpoint& source, const Endpoint& destination) {
  const Pair pair = to_pair(source, destination);
  std::string header(v2_signature);
  header += static_cast<char>(proxy);
  header += static_cast<char>(pair.source.family == Family::ipv4 ? tcp_over_ipv4 : tcp_over_ipv6);
  append_number(header, 2 * pair.source.view().size() + 4);
  header += pair.source.view();
  header += pair.destination.view();
  append_number(header, source.port);
  append_number(header, destination.port);
  return header;
}

}  // namespace smtp
