#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "greylist/store/redis/slot_map.h"
#include "greylist/store/redis/wire.h"
#include "test/unit/greylist/store/fixture.h"

namespace greylist::test {

// redis-server on free ports of loopback, with nothing kept on disk; ends with its owner.
class RedisServers {
 public:
  // One alone, or a cluster of so many masters.
  explicit RedisServers(std::size_t masters = 1);
  RedisServers(const RedisServers&) = delete;
  RedisServers& operator=(const RedisServers&) = delete;
  ~RedisServers();

  const std::vector<redis::NodeAddress>& addresses() const { return addresses_; }

 private:
  void start(bool in_cluster);
  bool try_to_start(bool in_cluster);  // false: its ports were taken
  void make_cluster();

  TempDir dir_;
  std::vector<redis::NodeAddress> addresses_;
  std::vector<pid_t> processes_;
};

// What a server answers to a command, over a connection of its own; it blocks.
redis::Reply ask(const redis::NodeAddress& server, std::initializer_list<std::string_view> words);

redis::Reply ask_octets(const redis::NodeAddress& server, const std::string& command);

redis::Dial plain_dial();  // to addresses, without TLS

}  // namespace greylist::test
