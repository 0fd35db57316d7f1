#pragma once
#include <unordered_set>
#include <vector>

#include "ip_address.h"

namespace greylist {

// Networks of which any may contain an address. A look-up costs one hash a prefix length in use, however many networks
// there are.
class NetworkSet {
 public:
  void add(const Network& network);
  bool contains(const IpAddress& address) const;
  bool empty() const { return levels_.empty(); }

 private:
  struct Hash {
    std::size_t operator()(const IpAddress& address) const;
  };
  struct Level {  // all networks of one family and prefix length
    bool v4;
    unsigned prefix;
    std::unordered_set<IpAddress, Hash> bases;
  };
  std::vector<Level> levels_;
};

}  // namespace greylist
