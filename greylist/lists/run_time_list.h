#pragma once
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ip_address.h"
#include "lists/address_list.h"
#include "lists/client_list.h"
#include "lists/run_time_entry.h"

namespace greylist {

// Run-time entries ready to be matched. A look-up costs the same for ten entries and for 100,000, as long as most name
// a sender's or recipient's domain, or a client's address or network. Immutable once built.
class RunTimeList {
 public:
  // Of an entry that can't be used the error says why, and what would be right.
  std::expected<void, std::string> add(RunTimeEntry entry);

  struct Match {
    const RunTimeEntry* entry = nullptr;  // null: none matches
    bool needs_name = false;              // but one would, if the client's name were right
  };
  // `name`: the client's confirmed name; nullopt: not looked up yet. What has lapsed doesn't match.
  Match match(const IpAddress& client, std::string_view sender, std::string_view recipient,
              const std::optional<std::string>& name, Time now) const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Compiled {
    RunTimeEntry entry;
    std::optional<ClientList> client;
    std::optional<AddressList> sender, recipient;
  };
  using Indices = std::vector<std::size_t>;

  Indices& place_of(const RunTimeEntry& entry);
  void consider(const Indices& indices, const IpAddress& client, std::string_view sender, std::string_view recipient,
                const std::optional<std::string>& name, Time now, Match& match) const;

  std::vector<Compiled> entries_;
  std::unordered_map<std::string, Indices> by_sender_domain_, by_recipient_domain_;
  std::map<Network, Indices> by_network_;
  std::set<unsigned> prefixes_v4_, prefixes_v6_;  // of those networks
  Indices others_;
};

// The same entry with its conditions in one spelling: networks without host bits, domains in canonical form. So two
// that mean the same are the same.
RunTimeEntry canonical(RunTimeEntry entry);

struct RunTimeLists {
  RunTimeList allow, block;
};

}  // namespace greylist
