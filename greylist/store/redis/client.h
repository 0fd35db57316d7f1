#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/redis/node.h"
#include "store/redis/slot_map.h"

namespace greylist::redis {

struct Command {
  std::string octets;  // as command() makes them
  unsigned slot = 0;   // of its keys
};

// What one event loop knows of a server with its replicas, or of a cluster: whom to ask for what. Lives on that loop.
class Client {
 public:
  struct Options {
    std::vector<NodeAddress> nodes;  // of a cluster: some of its nodes; else the server and those that may replace it
    bool cluster = false;
    Dial dial;
    Login login;
    std::chrono::milliseconds timeout{500};  // for each answer, and for a connection
    std::function<void(const asio::io_context& loop, const std::string& problem)> changed;  // empty: all is well
  };

  Client(asio::io_context& loop, const Options& options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  asio::io_context& loop() const { return loop_; }
  void warm_up();  // connects to whom it will ask
  // Sends all of them at once and waits for all. Follows a cluster's redirections, and goes on to the next server where
  // one can't be reached or is a replica.
  asio::awaitable<std::vector<Answer>> ask(std::vector<Command> commands);
  asio::awaitable<Answer> ask_node(NodeAddress address, std::string command);
  void send(Command command);                           // nobody waits for its answer
  asio::awaitable<std::vector<NodeAddress>> masters();  // of all slots, sorted; one, where there is no cluster
  void close();                                         // for good; what runs here ends soon

 private:
  using Batches = std::list<Batch>;

  asio::awaitable<std::vector<Answer>> finished(Batches::iterator batch);
  Batches::iterator batch_of(std::size_t size);
  Node& node(const NodeAddress& address);
  Node& node_for(unsigned slot);
  Node& any_usable();
  const Node* follow(const Command& command, const Reply& redirection, const NodeAddress& asked, Batch& batch,
                     std::size_t index);
  void refresh_soon();
  asio::awaitable<void> refresh();
  void retire_unused();
  void tell_of_problem();
  void note(const std::vector<Answer>& answers);
  std::string problem() const;

  asio::io_context& loop_;
  const Options& options_;
  const Node::Options node_options_;
  std::map<NodeAddress, std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Node>> retired_;  // closed; what they had under way may refer to them
  Batches batches_;                             // those that wait
  SlotMap slots_;
  std::string refusal_;  // what a server has against our commands; empty: nothing
  std::string told_;     // of what is wrong
  std::size_t refreshes_ = 0;
  std::size_t current_ = 0;  // without a cluster: which of the nodes was the master the last time
  Moment refreshed_{};
  bool refreshing_ = false, closed_ = false;
};

}  // namespace greylist::redis
