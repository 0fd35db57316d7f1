#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store.h"
#include "store/redis/wire.h"

namespace greylist {

struct RedisOptions {
  std::vector<redis::NodeAddress>
      nodes;  // of a cluster some of its nodes, else the server and those that may replace it
  bool cluster = false;
  std::string prefix = "greygate:";        // of all keys; without braces, which mean something in a cluster's keys
  std::string username, password;          // empty: none
  std::chrono::milliseconds timeout{500};  // for each answer
  std::string host;                        // this one's name: each keeps reputations of its own
  Limits limits;
  redis::Dial dial;
  // That it has failed, or is well again; any thread, must not call the store.
  std::function<void(std::string_view)> warn = [](std::string_view) {};
};

// A greylist that several hosts share, in Redis or Valkey: one server with its replicas, or a cluster.
//
// A first attempt, as most are, takes one round trip: it is written if nothing was known, and what is known comes back
// instead. Each step is written by compare-and-set, so it is as if all hosts took their steps one after the other.
// Entries expire by the server's clock, which need not be ours. What was answered lasts as far as the server's own
// persistence and replication go: a master that fails takes with it what it had not yet told its replicas.
//
// A call whose answer does not come within the timeout fails with StoreError; what it asked for may have been done all
// the same, which at worst makes a retry pass sooner, or counts a delivery less. From then on calls that need this
// server fail at once until it answers again.
//
// Calls from an event loop that the store serves go over that loop's own connections, others over a thread of the
// store's.
std::unique_ptr<Store> open_redis_store(RedisOptions options);

}  // namespace greylist
