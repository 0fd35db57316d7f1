#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/redis/resp.h"

namespace greylist::redis {

struct NodeAddress {
  std::string host;  // a name or an address, IPv6 without brackets
  std::uint16_t port = 0;
  auto operator<=>(const NodeAddress&) const = default;
  std::string text() const;  // "127.0.0.1:6379", "[::1]:6379"
};

inline constexpr unsigned slot_count = 16'384;

// The hash slot of a key: CRC16 (XMODEM) of what stands between the first '{' and the next '}', if that is something,
// else of all of it (https://redis.io/docs/reference/cluster-spec/, "Hash tags").
unsigned slot_of(std::string_view key);

// Which master of a cluster has which slot.
class SlotMap {
 public:
  // Of the reply to CLUSTER SLOTS from `asked`, which is meant where a node doesn't know its own name. nullopt: this is
  // none, or names no node.
  static std::optional<SlotMap> parse(const Reply& reply, const NodeAddress& asked);

  const NodeAddress* owner(unsigned slot) const;  // null: nobody that we know
  void moved(unsigned slot, const NodeAddress& to);
  const std::vector<NodeAddress>& masters() const { return masters_; }
  bool empty() const { return masters_.empty(); }

 private:
  std::uint16_t index_of(const NodeAddress& address);

  std::vector<NodeAddress> masters_;
  std::vector<std::uint16_t> owners_;  // by slot: index in masters_ + 1; 0: nobody
};

// Where a slot is, as an error "MOVED 3999 127.0.0.1:6381" or "ASK …" from `asked` has it.
struct Redirect {
  unsigned slot;
  NodeAddress to;
};
std::optional<Redirect> parse_redirect(std::string_view error, const NodeAddress& asked);

}  // namespace greylist::redis
