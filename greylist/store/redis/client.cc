#include "store/redis/client.h"

#include <algorithm>
#include <asio/async_result.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "store/redis/as_tuple.h"

namespace greylist::redis {
namespace {

constexpr unsigned most_rounds = 6;  // a cluster that is being rebuilt redirects some commands twice
constexpr std::chrono::milliseconds between_refreshes{100}, between_rounds{10};

bool is_redirection(const Reply& reply) { return reply.is_error("MOVED") || reply.is_error("ASK"); }

// From a script, servers before Redis 7 say so behind words of their own.
bool is_from_replica(const Reply& reply) {
  return reply.kind == Reply::Kind::error && reply.text.find("READONLY") != std::string::npos;
}

// The keys of this command are on their way from one node to another: soon they will have arrived.
bool is_passing(const Reply& reply) { return reply.is_error("TRYAGAIN"); }

}  // namespace

Client::Client(asio::io_context& loop, const Options& options)
    : loop_(loop),
      options_(options),
      node_options_{.dial = options.dial,
                    .login = options.login,
                    .timeout = options.timeout,
                    .role = options.cluster ? Node::Role::any : Node::Role::master,
                    .changed = [this] { tell_of_problem(); }} {}

asio::awaitable<std::vector<Answer>> Client::ask(std::vector<Command> commands) {
  std::vector<Answer> all(commands.size());
  std::vector<std::size_t> open(commands.size());  // those without an answer yet
  std::vector<const Node*> asked(commands.size());
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;

  auto batch = batch_of(open.size());
  for (const auto i : open) {
    auto& node = node_for(commands[i].slot);
    asked[i] = &node;
    node.send(commands[i].octets, *batch, i);
  }
  const auto latest = std::chrono::steady_clock::now() + options_.timeout;
  for (unsigned round = 1;;) {
    auto answers = co_await finished(batch);
    std::vector<std::size_t> again;
    bool must_wait = false;
    for (std::size_t k = 0; k < open.size(); ++k) {
      auto& answer = answers[k];
      const bool waits = answer && is_passing(*answer) && std::chrono::steady_clock::now() < latest;
      const bool goes_on = answer && (is_redirection(*answer) || is_from_replica(*answer));
      const bool has_other = !answer && !answer.error().sent && !options_.cluster && any_usable().is_usable();
      if (!answer || answer->is_error("CLUSTERDOWN")) refresh_soon();
      all[open[k]] = std::move(answer);
      if (waits || ((goes_on || has_other) && round < most_rounds)) again.push_back(open[k]);
      must_wait |= waits;
    }
    if (again.empty() || closed_) break;

    if (must_wait) {
      asio::steady_timer moment(loop_, between_rounds);
      co_await moment.async_wait(as_tuple);
    } else {
      ++round;
    }
    open = std::move(again);
    batch = batch_of(open.size());
    for (std::size_t k = 0; k < open.size(); ++k) {
      const auto& command = commands[open[k]];
      const auto answer = all[open[k]].value_or(Reply());  // without one: the next server
      auto*& to = asked[open[k]];
      if (is_from_replica(answer)) node(to->address()).demoted();
      if (is_redirection(answer)) {
        to = follow(command, answer, to->address(), *batch, k);
        continue;
      }
      auto& next = node_for(command.slot);
      to = &next;
      next.send(command.octets, *batch, k);
    }
  }
  note(all);
  co_return all;
}

// A server that is there may refuse to serve: it lets us not write, or has no memory left.
void Client::note(const std::vector<Answer>& answers) {
  std::string refusal;
  for (const auto& answer : answers)
    if (answer && answer->kind == Reply::Kind::error && !answer->is_error("NOSCRIPT")) refusal = answer->text;
  if (std::exchange(refusal_, refusal) != refusal) tell_of_problem();
}

// To where the node says. One that doesn't say where is asked again.
const Node* Client::follow(const Command& command, const Reply& redirection, const NodeAddress& asked, Batch& batch,
                           std::size_t index) {
  const auto redirect = parse_redirect(redirection.text, asked);
  auto& to = node(redirect ? redirect->to : asked);
  if (redirect && redirection.is_error("ASK")) {
    to.send_asking(command.octets, batch, index);
    return &to;
  }
  if (redirect) slots_.moved(redirect->slot, redirect->to);
  refresh_soon();  // where one slot moved, others did
  to.send(command.octets, batch, index);
  return &to;
}

void Client::warm_up() {
  if (!options_.cluster) return any_usable().wake();
  refresh_soon();
}

asio::awaitable<Answer> Client::ask_node(NodeAddress address, std::string command) {
  const auto batch = batch_of(1);
  node(address).send(command, *batch, 0);
  auto answers = co_await finished(batch);
  co_return std::move(answers.front());
}

void Client::send(Command command) {
  asio::co_spawn(
      loop_,
      [](Client& self, Command sent) -> asio::awaitable<void> {
        std::vector<Command> one;
        one.push_back(std::move(sent));
        co_await self.ask(std::move(one));
      }(*this, std::move(command)),
      asio::detached);
}

asio::awaitable<std::vector<NodeAddress>> Client::masters() {
  if (!options_.cluster) co_return std::vector{any_usable().address()};
  if (slots_.empty()) co_await refresh();
  auto masters = slots_.masters();
  std::ranges::sort(masters);
  co_return masters;
}

void Client::close() {
  closed_ = true;
  for (auto& [address, node] : nodes_) node->close();
}

Client::Batches::iterator Client::batch_of(std::size_t size) {
  auto& batch = batches_.emplace_back();
  batch.answers.resize(size);
  batch.missing = size;
  return std::prev(batches_.end());
}

// The batch, not the coroutine's frame, owns who waits: what is left when the program ends goes with the client.
asio::awaitable<std::vector<Answer>> Client::finished(Batches::iterator batch) {
  if (batch->missing > 0) {
    const auto wait = [this, batch](auto waiting) {
      batch->resume = [this, waiting = std::move(waiting)]() mutable { asio::post(loop_, std::move(waiting)); };
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(wait, asio::use_awaitable);
  }
  auto answers = std::move(batch->answers);
  batches_.erase(batch);
  co_return answers;
}

Node& Client::node(const NodeAddress& address) {
  auto& node = nodes_[address];
  if (!node) {
    node = std::make_unique<Node>(loop_, address, node_options_);
    if (closed_) node->close();
  }
  return *node;
}

Node& Client::node_for(unsigned slot) {
  if (!options_.cluster) return any_usable();
  if (const auto* owner = slots_.owner(slot)) return node(*owner);
  refresh_soon();
  return any_usable();  // it knows where the slot is
}

// The one that was it the last time, else the next.
Node& Client::any_usable() {
  const auto& nodes = options_.nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto index = (current_ + i) % nodes.size();
    auto& candidate = node(nodes[index]);
    if (!candidate.is_usable()) continue;
    current_ = index;
    return candidate;
  }
  return node(nodes[current_]);
}

void Client::refresh_soon() {
  if (!options_.cluster || refreshing_ || closed_ || std::chrono::steady_clock::now() - refreshed_ < between_refreshes)
    return;
  refreshed_ = std::chrono::steady_clock::now();
  asio::post(loop_, [this] { asio::co_spawn(loop_, refresh(), asio::detached); });  // not amid what goes on here
}

// Asks whom it knows, one after the other, until one tells.
asio::awaitable<void> Client::refresh() {
  if (std::exchange(refreshing_, true)) co_return;
  auto candidates = slots_.masters();
  candidates.insert(candidates.end(), options_.nodes.begin(), options_.nodes.end());
  // Another one first each time: one that is cut off from the others would tell the same for ever.
  std::ranges::rotate(candidates, candidates.begin() + static_cast<std::ptrdiff_t>(refreshes_++ % candidates.size()));
  for (const auto& candidate : candidates) {
    if (closed_) break;
    if (!node(candidate).is_usable()) continue;
    const auto answer = co_await ask_node(candidate, command({"CLUSTER", "SLOTS"}));
    if (!answer) continue;
    auto map = SlotMap::parse(*answer, candidate);
    if (!map) continue;
    slots_ = *std::move(map);
    for (const auto& master : slots_.masters()) node(master).wake();
    retire_unused();
    tell_of_problem();
    break;
  }
  refreshed_ = std::chrono::steady_clock::now();
  refreshing_ = false;
}

// What is no longer in the cluster mustn't be asked, nor be taken for a fault.
void Client::retire_unused() {
  const auto is_used = [&](const NodeAddress& address) {
    return std::ranges::find(slots_.masters(), address) != slots_.masters().end() ||
           std::ranges::find(options_.nodes, address) != options_.nodes.end();
  };
  for (auto at = nodes_.begin(); at != nodes_.end();) {
    if (is_used(at->first) || !at->second->is_idle()) {
      ++at;
      continue;
    }
    at->second->close();
    retired_.push_back(std::move(at->second));
    at = nodes_.erase(at);
  }
}

void Client::tell_of_problem() {
  auto now = problem();
  if (!now.empty()) refresh_soon();  // another may have taken its place
  if (closed_ || now == told_) return;
  told_ = std::move(now);
  options_.changed(loop_, told_);
}

// Of a cluster: of one of its masters, each of which some mail needs. Else: of the last one that could have been one.
std::string Client::problem() const {
  const bool needs_all = options_.cluster && !slots_.empty();
  const auto& needed = needs_all ? slots_.masters() : options_.nodes;
  std::string worst;
  for (const auto& address : needed) {
    const auto found = nodes_.find(address);
    const bool is_well = found == nodes_.end() || found->second->problem().empty();
    if (is_well && !needs_all) return refusal_;
    if (!is_well) worst = found->second->problem();
  }
  return worst.empty() ? refusal_ : worst;
}

}  // namespace greylist::redis
