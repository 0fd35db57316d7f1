#include "store/redis/slot_map.h"

#include <algorithm>
#include <charconv>

namespace greylist::redis {
namespace {

// CRC16 as XMODEM has it: polynomial 0x1021, nothing reflected, begun with 0.
unsigned crc16(std::string_view octets) {
  unsigned crc = 0;
  for (const char c : octets) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) ? (crc << 1 ^ 0x1021) & 0xFFFF : crc << 1 & 0xFFFF;
  }
  return crc;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<NodeAddress> node_of(const Reply& reply, const NodeAddress& asked) {
  if (reply.items.size() < 2) return std::nullopt;
  const auto& host = reply.items[0];
  const auto port = reply.items[1].number;
  if (port < 1 || port > 65'535) return std::nullopt;
  return NodeAddress{host.text.empty() || host.text == "?" ? asked.host : host.text, static_cast<std::uint16_t>(port)};
}

}  // namespace

std::string NodeAddress::text() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

unsigned slot_of(std::string_view key) {
  const auto open = key.find('{');
  if (open != key.npos) {
    const auto close = key.find('}', open + 1);
    if (close != key.npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  return crc16(key) % slot_count;
}

std::optional<SlotMap> SlotMap::parse(const Reply& reply, const NodeAddress& asked) {
  if (reply.kind != Reply::Kind::list) return std::nullopt;
  SlotMap map;
  for (const auto& range : reply.items) {
    if (range.items.size() < 3) return std::nullopt;
    const auto first = range.items[0].number, last = range.items[1].number;
    const auto master = node_of(range.items[2], asked);
    if (!master || first < 0 || last >= slot_count || first > last) return std::nullopt;
    for (auto slot = first; slot <= last; ++slot) map.moved(static_cast<unsigned>(slot), *master);
  }
  if (map.empty()) return std::nullopt;
  return map;
}

const NodeAddress* SlotMap::owner(unsigned slot) const {
  if (owners_.empty() || owners_[slot] == 0) return nullptr;
  return &masters_[owners_[slot] - 1];
}

void SlotMap::moved(unsigned slot, const NodeAddress& to) {
  if (owners_.empty()) owners_.resize(slot_count);
  owners_[slot] = index_of(to);
}

std::uint16_t SlotMap::index_of(const NodeAddress& address) {
  const auto found = std::ranges::find(masters_, address);
  const auto index = found - masters_.begin();
  if (found == masters_.end()) masters_.push_back(address);
  return static_cast<std::uint16_t>(index + 1);
}

std::optional<Redirect> parse_redirect(std::string_view error, const NodeAddress& asked) {
  const auto kind_end = error.find(' ');
  if (kind_end == error.npos) return std::nullopt;
  const auto rest = error.substr(kind_end + 1);
  const auto slot_end = rest.find(' ');
  if (slot_end == rest.npos) return std::nullopt;
  const auto where = rest.substr(slot_end + 1);
  const auto colon = where.rfind(':');
  if (colon == where.npos) return std::nullopt;
  const auto slot = number<unsigned>(rest.substr(0, slot_end));
  const auto port = number<std::uint16_t>(where.substr(colon + 1));
  if (!slot || *slot >= slot_count || !port || *port == 0) return std::nullopt;
  const auto host = where.substr(0, colon);
  return Redirect{*slot, {host.empty() || host == "?" ? asked.host : std::string(host), *port}};
}

}  // namespace greylist::redis
