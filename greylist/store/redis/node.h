#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "store/redis/resp.h"
#include "store/redis/wire.h"

namespace greylist::redis {

struct Failure {
  std::string why;   // in words
  bool sent = true;  // it may have been obeyed all the same
};
using Answer = std::expected<Reply, Failure>;

// Commands that are sent together. Whoever waits for them is resumed when the last answer has come.
struct Batch {
  std::vector<Answer> answers;
  std::size_t missing = 0;
  std::move_only_function<void()> resume;  // must not run anything at once
  void take(std::size_t index, Answer answer);
};

struct Login {
  std::string username, password;  // empty: none
};

// One server, as one event loop talks with it: one connection, on which commands follow each other without waiting.
//
// A command that isn't answered in time means that none behind it will be: the connection is given up and all that wait
// fail. From then on until the server answers again, which is tried behind the scenes, every command fails at once
// (a circuit breaker): mail waits for a dead server once, not at each recipient.
class Node {
 public:
  enum class Role : std::uint8_t { any, master };  // what the server must be
  struct Options {
    Dial dial;
    Login login;
    std::chrono::milliseconds timeout{500};
    Role role = Role::any;
    std::function<void()> changed;  // what problem() says, or it has failed once more
  };

  Node(asio::io_context& loop, NodeAddress address, const Options& options);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const NodeAddress& address() const { return address_; }
  // Whether there is a point in asking it: it wasn't asked yet, or answered the last time.
  bool is_usable() const { return state_ != State::resting && !is_demoted_; }
  bool is_idle() const { return pending_.empty(); }
  const std::string& problem() const { return problem_; }  // "127.0.0.1:6379: …"; empty: none that we know
  void wake();                                             // connects, if it isn't connected
  void send(std::string_view command, Batch& batch, std::size_t index);
  void send_asking(std::string_view command, Batch& batch, std::size_t index);  // behind ASKING
  void demoted();  // it says that it is a replica: nothing more is sent to it, what is under way may end
  void close();    // for good; whatever runs here ends soon

 private:
  enum class State : std::uint8_t { idle, opening, up, resting };
  struct Pending {
    Batch* batch;  // null: nobody wants to know
    std::size_t index;
    Moment until;
  };

  void give_up(const std::string& why);  // this connection: what waits fails, and it is opened anew after a rest
  void lost(const std::string& why);
  void end_talk();
  void queue(std::string_view command, Batch* batch, std::size_t index);
  void fail_all(const std::string& why);
  void watch();
  asio::awaitable<void> run();
  asio::awaitable<Dialled> open();
  asio::awaitable<std::string> introduce(Wire& wire);
  asio::awaitable<std::expected<Reply, std::string>> ask(Wire& wire, std::string command);
  asio::awaitable<std::string> talk(Wire& wire);
  asio::awaitable<void> read_all(Wire& wire);
  asio::awaitable<void> write_all(Wire& wire);
  asio::awaitable<void> keep_alive();
  void answered(Reply reply);
  asio::awaitable<void> rest();

  asio::io_context& loop_;
  const NodeAddress address_;
  const Options& options_;
  State state_ = State::idle;
  bool closed_ = false, watching_ = false, is_demoted_ = false;
  std::string problem_;
  unsigned failures_ = 0;  // in a row
  std::deque<Pending> pending_;
  std::string out_;  // not written yet
  Moment up_since_;
  Wire* wire_ = nullptr;          // that is talked over
  Wire* introducing_ = nullptr;   // that we introduce ourselves over
  std::string broken_;            // why it has to be given up
  asio::steady_timer something_;  // to write
  asio::steady_timer timeout_, rest_, beat_;
};

}  // namespace greylist::redis
