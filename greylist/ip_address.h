#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace greylist {

// An IPv4 or IPv6 address as a value. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is the IPv4 address.
class IpAddress {
 public:
  IpAddress() = default;                                         // 0.0.0.0
  static std::optional<IpAddress> parse(std::string_view text);  // no zone, no brackets
  static IpAddress v4(std::array<std::uint8_t, 4> bytes);
  static IpAddress v6(std::array<std::uint8_t, 16> bytes);

  bool is_v4() const { return v4_; }
  std::string text() const;
  // Host bits zero; prefix counts from the family's own first bit, and one beyond bits() leaves the address whole.
  IpAddress masked(unsigned prefix) const;
  unsigned bits() const { return v4_ ? 32 : 128; }
  const std::uint8_t* data() const;  // bits()/8 octets, network order
  bool loopback() const;
  bool is_private() const;  // RFC 1918, fc00::/7, link-local; not loopback

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  bool v4_ = true;
};

// A block of addresses: "192.0.2.0/24", "2001:db8::/32", or one address.
struct Network {
  IpAddress base;
  unsigned prefix = 32;

  static std::optional<Network> parse(std::string_view text);  // host bits are masked off; at most 32 or 128 bits
  bool contains(const IpAddress& address) const;
  std::string text() const;  // always with the "/prefix"
  auto operator<=>(const Network&) const = default;
};

}  // namespace greylist
