#include "store/redis/node.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "store/redis/as_tuple.h"

namespace greylist::redis {
namespace {

constexpr std::size_t most_pending = 10'000;  // at 100 octets a command some MB
constexpr std::chrono::milliseconds shortest_rest{250}, longest_rest{2'000};
constexpr std::chrono::seconds shortest_life{1};  // of a connection, for it to be opened anew at once
constexpr std::chrono::seconds between_beats{20};
constexpr auto no_master = "it is a replica, not a master";

}  // namespace

void Batch::take(std::size_t index, Answer answer) {
  answers[index] = std::move(answer);
  if (--missing == 0 && resume) resume();
}

Node::Node(asio::io_context& loop, NodeAddress address, const Options& options)
    : loop_(loop),
      address_(std::move(address)),
      options_(options),
      something_(loop, Moment::max()),
      timeout_(loop),
      rest_(loop),
      beat_(loop) {}

void Node::wake() {
  if (state_ != State::idle || closed_) return;
  state_ = State::opening;
  asio::co_spawn(loop_, run(), asio::detached);
}

void Node::send(std::string_view command, Batch& batch, std::size_t index) { queue(command, &batch, index); }

void Node::send_asking(std::string_view command, Batch& batch, std::size_t index) {
  static const std::string asking = redis::command({"ASKING"});
  if (is_usable()) queue(asking, nullptr, 0);
  queue(command, &batch, index);
}

void Node::queue(std::string_view command, Batch* batch, std::size_t index) {
  const bool is_full = pending_.size() >= most_pending;
  if (closed_ || !is_usable() || is_full) {
    const auto full = address_.text() + ": too many commands wait for an answer";
    if (batch) batch->take(index, std::unexpected(Failure{is_full ? full : problem_, false}));
    return;
  }
  wake();
  pending_.push_back({batch, index, std::chrono::steady_clock::now() + options_.timeout});
  if (out_.empty()) something_.cancel();
  out_.append(command);
  watch();
}

// All have the same time, so the first is the first to be late.
void Node::watch() {
  if (watching_ || pending_.empty()) return;
  watching_ = true;
  timeout_.expires_at(pending_.front().until);
  timeout_.async_wait([this](const std::error_code& error) {
    if (error) return;  // it may be gone
    watching_ = false;
    if (!pending_.empty() && pending_.front().until <= std::chrono::steady_clock::now())
      give_up("no answer within " + std::to_string(options_.timeout.count()) + " ms");
    watch();
  });
}

void Node::give_up(const std::string& why) {
  if (broken_.empty()) broken_ = why;
  end_talk();
  fail_all(why);
}

void Node::end_talk() {
  if (wire_) wire_->close();
  if (introducing_) introducing_->close();
  something_.cancel();
  beat_.cancel();
}

// Servers and what is between close connections that nobody uses. That is no failure: the next command is sent over a
// new one.
void Node::lost(const std::string& why) {
  const bool was_idle = pending_.empty() && std::chrono::steady_clock::now() - up_since_ > shortest_life;
  if (!was_idle || state_ != State::up) return give_up(why);
  broken_ = why;
  state_ = State::opening;
  end_talk();
}

void Node::demoted() {
  is_demoted_ = true;
  if (pending_.empty()) give_up(no_master);
}

void Node::close() {
  closed_ = true;
  timeout_.cancel();
  rest_.cancel();
  give_up("it is closed");
}

void Node::fail_all(const std::string& why) {
  const bool sent = state_ == State::up;
  state_ = State::resting;
  problem_ = address_.text() + ": " + why;
  out_.clear();
  const auto pending = std::exchange(pending_, {});
  for (const auto& [batch, index, until] : pending)
    if (batch) batch->take(index, std::unexpected(Failure{problem_, sent}));
  options_.changed();
}

asio::awaitable<void> Node::run() {
  while (!closed_) {
    broken_.clear();
    auto wire = co_await open();
    auto why = wire ? std::string() : std::move(wire.error());
    if (wire && !closed_) why = co_await talk(**wire);
    if (closed_) co_return;
    if (wire && state_ == State::opening) continue;
    fail_all(why);
    co_await rest();
  }
}

asio::awaitable<Dialled> Node::open() {
  const auto until = std::chrono::steady_clock::now() + options_.timeout;
  auto wire = co_await options_.dial(loop_, address_, until);
  if (!wire || closed_) co_return wire;
  introducing_ = wire->get();
  asio::steady_timer late(loop_, until);
  late.async_wait([this, wire = introducing_](const std::error_code& error) {
    if (!error && wire == introducing_) wire->close();
  });
  const auto why = co_await introduce(**wire);
  late.cancel();
  introducing_ = nullptr;
  if (!why.empty()) co_return std::unexpected(why);
  co_return wire;
}

// Says who we are, and asks what it is: a replica takes no writes.
asio::awaitable<std::string> Node::introduce(Wire& wire) {
  const auto& [username, password] = options_.login;
  if (!password.empty()) {
    const auto login = username.empty() ? command({"AUTH", password}) : command({"AUTH", username, password});
    const auto answer = co_await ask(wire, login);
    if (!answer) co_return answer.error();
    if (answer->kind == Reply::Kind::error) co_return "it refuses our name or password: " + answer->text;
  }
  const auto alive = co_await ask(wire, command({"PING"}));
  if (!alive) co_return alive.error();
  if (alive->kind == Reply::Kind::error) co_return alive->text;
  if (options_.role == Role::any) co_return std::string();
  const auto role = co_await ask(wire, command({"ROLE"}));
  if (!role) co_return role.error();
  // Who may not ask takes it as it is.
  const bool is_replica = role->kind == Reply::Kind::list && !role->items.empty() && role->items[0].text != "master";
  co_return is_replica ? no_master : std::string();
}

// One command, while nothing else is under way.
asio::awaitable<std::expected<Reply, std::string>> Node::ask(Wire& wire, std::string command) {
  if (const auto written = co_await wire.write(command); !written) co_return std::unexpected(written.error());
  ReplyReader reader;
  char room[512];
  for (;;) {
    const auto size = co_await wire.read(room);
    if (!size) co_return std::unexpected(size.error());
    reader.feed({room, *size});
    auto reply = reader.next();
    if (!reply) co_return std::unexpected(reply.error());
    if (*reply) co_return **std::move(reply);
  }
}

// Until the connection is of no more use, and why.
asio::awaitable<std::string> Node::talk(Wire& wire) {
  using namespace asio::experimental::awaitable_operators;
  if (broken_.empty()) {
    state_ = State::up;
    up_since_ = std::chrono::steady_clock::now();
    is_demoted_ = false;
    failures_ = 0;
    problem_.clear();
    options_.changed();
  }
  wire_ = &wire;
  if (broken_.empty()) co_await (read_all(wire) && write_all(wire) && keep_alive());
  wire_ = nullptr;
  co_return broken_;
}

asio::awaitable<void> Node::read_all(Wire& wire) {
  ReplyReader reader;
  std::vector<char> room(16'384);
  while (broken_.empty()) {
    const auto size = co_await wire.read(room);
    if (!size) co_return lost(size.error());
    reader.feed({room.data(), *size});
    for (;;) {
      auto reply = reader.next();
      if (!reply) co_return give_up(reply.error());
      if (!*reply) break;
      answered(**std::move(reply));
    }
  }
}

void Node::answered(Reply reply) {
  if (pending_.empty()) return give_up("an answer that nobody asked for");
  const auto [batch, index, until] = pending_.front();
  pending_.pop_front();
  if (batch) batch->take(index, std::move(reply));
  if (is_demoted_ && pending_.empty()) give_up(no_master);
}

asio::awaitable<void> Node::write_all(Wire& wire) {
  while (broken_.empty()) {
    if (out_.empty()) co_await something_.async_wait(as_tuple);
    const auto octets = std::exchange(out_, {});
    if (octets.empty()) continue;
    const auto written = co_await wire.write(octets);
    if (!written) co_return give_up(written.error());
  }
}

// A connection that is dead without a word is noticed before mail needs it.
asio::awaitable<void> Node::keep_alive() {
  while (broken_.empty()) {
    beat_.expires_after(between_beats);
    co_await beat_.async_wait(as_tuple);
    if (broken_.empty() && pending_.empty()) queue(command({"PING"}), nullptr, 0);
  }
}

// Twice as long each time, so that nobody is besieged; never alike on all hosts that lost it at one time.
asio::awaitable<void> Node::rest() {
  const auto full = std::min(longest_rest, shortest_rest * (1 << std::min(failures_++, 3u)));
  const auto jitter = std::chrono::milliseconds(std::chrono::steady_clock::now().time_since_epoch().count() % 100);
  rest_.expires_after(full + jitter);
  co_await rest_.async_wait(as_tuple);
}

}  // namespace greylist::redis
