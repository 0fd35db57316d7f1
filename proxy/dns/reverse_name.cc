#include "proxy/dns/reverse_name.h"

#include <ranges>
#include <string_view>

namespace proxy {
namespace {

std::string reversed_v4(const asio::ip::address_v4& address) {
  std::string name;
  for (const auto octet : address.to_bytes() | std::views::reverse) name += std::to_string(octet) + '.';
  return name;
}

std::string reversed_v6(const asio::ip::address_v6& address) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name;
  for (const auto octet : address.to_bytes() | std::views::reverse)
    for (const auto nibble : {octet & 0xf, octet >> 4}) name += {digits[static_cast<std::size_t>(nibble)], '.'};
  return name;
}

}  // namespace

asio::ip::address unmapped(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

std::string reverse_name(const asio::ip::address& address) {
  return reverse_name(address, unmapped(address).is_v4() ? "in-addr.arpa" : "ip6.arpa");
}

std::string reverse_name(const asio::ip::address& address, std::string_view zone) {
  const auto bare = unmapped(address);
  return (bare.is_v4() ? reversed_v4(bare.to_v4()) : reversed_v6(bare.to_v6())).append(zone);
}

}  // namespace proxy
