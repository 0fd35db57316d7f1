#include "ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace greylist {
namespace {

// RFC 4291 §2.5.5.2: ::ffff:0:0/96.
constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool begins_with(const IpAddress& address, std::initializer_list<std::uint8_t> octets) {
  return std::equal(octets.begin(), octets.end(), address.data());
}

std::optional<unsigned> parse_prefix(std::string_view text, unsigned most) {
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), prefix);
  if (error != std::errc() || end != text.end() || prefix > most) return {};
  return prefix;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated || text.contains('\0')) return {};
  std::ranges::copy(text, terminated);
  terminated[text.size()] = '\0';

  std::array<std::uint8_t, 4> four;
  if (inet_pton(AF_INET, terminated, four.data()) == 1) return v4(four);
  std::array<std::uint8_t, 16> sixteen;
  if (inet_pton(AF_INET6, terminated, sixteen.data()) == 1) return v6(sixteen);
  return {};
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) {
  IpAddress address;
  std::ranges::copy(bytes, address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> bytes) {
  if (std::equal(mapped.begin(), mapped.end(), bytes.begin())) return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  IpAddress address;
  address.bytes_ = bytes;
  address.v4_ = false;
  return address;
}

// inet_ntop() prints an IPv4 address with sprintf(): that was a twentieth of a short session's instructions.
std::string IpAddress::text() const {
  char text[INET6_ADDRSTRLEN];
  if (!v4_) return inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  char* end = text;
  for (std::size_t octet = 0; octet < 4; ++octet) {
    if (octet > 0) *end++ = '.';
    end = std::to_chars(end, std::end(text), bytes_[octet]).ptr;
  }
  return {text, end};
}

IpAddress IpAddress::masked(unsigned prefix) const {
  IpAddress network = *this;
  for (unsigned octet = 0; octet < bits() / 8; ++octet) {
    const unsigned kept = std::clamp(static_cast<int>(prefix) - static_cast<int>(octet * 8), 0, 8);
    network.bytes_[octet] &= static_cast<std::uint8_t>(0xff00u >> kept);
  }
  return network;
}

const std::uint8_t* IpAddress::data() const { return bytes_.data(); }

bool IpAddress::loopback() const {
  if (v4_) return bytes_[0] == 127;                               // RFC 1122 §3.2.1.3
  return std::ranges::count(bytes_, 0) == 15 && bytes_[15] == 1;  // RFC 4291 §2.5.3
}

bool IpAddress::is_private() const {
  if (v4_) {
    return begins_with(*this, {10}) || (bytes_[0] == 172 && (bytes_[1] & 0xf0) == 16) ||  // RFC 1918 §3
           begins_with(*this, {192, 168}) || begins_with(*this, {169, 254});              // RFC 3927 §2.1
  }
  return (bytes_[0] & 0xfe) == 0xfc || (bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80);  // RFC 4193 §3.1, 4291 §2.5.6
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto base_text = text.substr(0, slash);
  const auto base = IpAddress::parse(base_text);
  if (!base) return {};
  if (slash == std::string_view::npos) return Network{*base, base->bits()};

  // A prefix written behind an IPv4-mapped address counts from the first of its 128 bits.
  const unsigned offset = base->is_v4() && base_text.contains(':') ? 96 : 0;
  const auto prefix = parse_prefix(text.substr(slash + 1), base->bits() + offset);
  if (!prefix || *prefix < offset) return {};
  return Network{base->masked(*prefix - offset), *prefix - offset};
}

bool Network::contains(const IpAddress& address) const {
  return address.is_v4() == base.is_v4() && address.masked(prefix) == base;
}

std::string Network::text() const { return base.text() + "/" + std::to_string(prefix); }

}  // namespace greylist
