// Whom a loop asks for what, held against servers that are played here.
#include "greylist/store/redis/client.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <map>

using namespace greylist::redis;
using namespace std::chrono_literals;

namespace {

using Words = std::vector<std::string>;

// One server: what it says to a command. Nothing: it is silent from then on.
struct Server {
  std::function<std::optional<std::string>(const Words&)> answer;
  bool refuses = false;  // connections
  int connections = 0;
  std::vector<Words> heard{};
};

class PlayedWire final : public Wire {
 public:
  PlayedWire(asio::io_context& loop, Server& server) : server_(server), something_(loop, Moment::max()) {}

  asio::awaitable<std::expected<std::size_t, std::string>> read(std::span<char> room) override {
    while (replies_.empty() && !closed_)
      co_await something_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
    if (closed_) co_return std::unexpected("closed");
    const auto size = std::min(room.size(), replies_.size());
    std::copy_n(replies_.begin(), size, room.begin());
    replies_.erase(0, size);
    co_return size;
  }
  // A command has the form of a reply.
  asio::awaitable<std::expected<void, std::string>> write(std::string_view octets) override {
    commands_.feed(octets);
    while (auto command = commands_.next().value()) {
      Words words;
      for (const auto& item : command->items) words.push_back(item.text);
      server_.heard.push_back(words);
      replies_ += server_.answer(words).value_or("");
    }
    something_.cancel();
    co_return std::expected<void, std::string>();
  }
  void close() override {
    closed_ = true;
    something_.cancel();
  }

 private:
  Server& server_;
  asio::steady_timer something_;
  ReplyReader commands_;
  std::string replies_;
  bool closed_ = false;
};

std::string list_of(const std::vector<std::string>& items) {
  std::string text = "*" + std::to_string(items.size()) + "\r\n";
  for (const auto& item : items) text += item;
  return text;
}
std::string text(const std::string& octets) { return "$" + std::to_string(octets.size()) + "\r\n" + octets + "\r\n"; }
std::string number(int value) { return ":" + std::to_string(value) + "\r\n"; }
std::string range(int first, int last, int port) {
  return list_of({number(first), number(last), list_of({text("host"), number(port)})});
}

// Servers on one host, by their ports, and a client of them.
struct Scene {
  explicit Scene(std::map<std::uint16_t, Server> made, bool cluster) : servers(std::move(made)) {
    for (const auto& [port, server] : servers) options.nodes.push_back({"host", port});
    options.cluster = cluster;
    options.timeout = 50ms;
    options.changed = [this](const asio::io_context&, const std::string& what) { problem = what; };
    options.dial = [this](asio::io_context& on, NodeAddress to, Moment) -> asio::awaitable<Dialled> {
      auto& server = servers.at(to.port);
      if (server.refuses) co_return std::unexpected("refused");
      ++server.connections;
      co_return std::make_unique<PlayedWire>(on, server);
    };
    client = std::make_unique<Client>(loop, options);
  }
  ~Scene() {
    client->close();
    loop.restart();
    loop.run_for(5s);
    CHECK(loop.stopped());  // it has run out of work
  }

  Answer ask(const std::string& key, const std::string& verb = "GET") {
    std::vector<Command> one;
    one.push_back({command({verb, key}), slot_of(key)});
    return wait(client->ask(std::move(one))).front();
  }
  template <class T>
  T wait(asio::awaitable<T> call) {
    auto result = asio::co_spawn(loop, std::move(call), asio::use_future);
    for (int n = 0; result.wait_for(0s) != std::future_status::ready; ++n) {
      REQUIRE(n < 20'000);
      run_for(1ms);
    }
    return result.get();
  }
  void run_for(std::chrono::milliseconds time) {
    loop.restart();
    loop.run_for(time);
  }
  std::size_t heard(std::uint16_t port, const Words& words) {
    return static_cast<std::size_t>(std::ranges::count(servers.at(port).heard, words));
  }

  asio::io_context loop{1};
  std::map<std::uint16_t, Server> servers;
  Client::Options options;
  std::string problem;
  std::unique_ptr<Client> client;
};

std::string said(const Answer& answer) { return answer ? answer->text : "none: " + answer.error().why; }

// A server that has this to say to GET, and is well otherwise.
Server saying(std::string reply, std::string role = "master",
              std::string slots = "-ERR This instance has cluster support disabled\r\n") {
  return {.answer = [=](const Words& words) -> std::optional<std::string> {
    if (words[0] == "PING") return "+PONG\r\n";
    if (words[0] == "ASKING") return "+OK\r\n";
    if (words[0] == "ROLE") return list_of({text(role), number(0), list_of({})});
    if (words[0] == "CLUSTER") return slots;
    return reply;
  }};
}

}  // namespace

TEST_CASE("commands that are sent together are answered each by its own reply") {
  Scene scene({{1, {.answer = [](const Words& words) { return text(words.back()); }}}}, false);
  std::vector<Command> many;
  for (int n = 0; n < 100; ++n) many.push_back({command({"GET", std::to_string(n)}), 0});
  const auto answers = scene.wait(scene.client->ask(std::move(many)));
  REQUIRE(answers.size() == 100);
  for (int n = 0; n < 100; ++n) CHECK(said(answers[n]) == std::to_string(n));
  CHECK(scene.servers.at(1).connections == 1);
}

TEST_CASE("a slot that has moved is followed and remembered") {
  const std::string map = list_of({range(0, 16'383, 1)});
  Scene scene({{1, saying("-MOVED " + std::to_string(slot_of("a")) + " host:2\r\n", "master", map)},
               {2, saying("+two\r\n", "master", map)}},
              true);
  CHECK(said(scene.ask("a")) == "two");
  const auto asked = scene.heard(1, {"GET", "a"});
  CHECK(asked == 1);
}

TEST_CASE("a slot that is moving is asked for at its new place, once") {
  const std::string map = list_of({range(0, 16'383, 1)});
  Scene scene({{1, saying("-ASK " + std::to_string(slot_of("a")) + " host:2\r\n", "master", map)},
               {2, saying("+two\r\n", "master", map)}},
              true);
  CHECK(said(scene.ask("a")) == "two");
  CHECK(said(scene.ask("a")) == "two");
  CHECK(scene.heard(1, {"GET", "a"}) == 2);
  CHECK(scene.heard(2, {"ASKING"}) == 2);
}

TEST_CASE("keys that are on their way are waited for") {
  int passing = 2;
  auto server = saying("", "master", list_of({range(0, 16'383, 1)}));
  server.answer = [&, well = server.answer](const Words& words) -> std::optional<std::string> {
    if (words[0] != "GET") return well(words);
    return passing-- > 0 ? "-TRYAGAIN Multiple keys request during rehashing of slot\r\n" : "+there\r\n";
  };
  Scene scene({{1, server}}, true);
  CHECK(said(scene.ask("a")) == "there");
}

TEST_CASE("of several servers the master is asked, whichever it is") {
  Scene scene({{1, saying("+replica\r\n", "slave")}, {2, saying("+master\r\n")}}, false);
  CHECK(said(scene.ask("a")) == "master");
  CHECK(scene.heard(1, {"GET", "a"}) == 0);
  CHECK(scene.problem == "");
}

TEST_CASE("a master that has become a replica is left for the new one") {
  Scene scene({{1, saying("-READONLY You can't write against a read only replica.\r\n")}, {2, saying("+new\r\n")}},
              false);
  CHECK(said(scene.ask("a")) == "new");
}

TEST_CASE("a server that can't be reached is passed over") {
  Scene scene({{1, saying("")}, {2, saying("+second\r\n")}}, false);
  scene.servers.at(1).refuses = true;
  CHECK(said(scene.ask("a")) == "second");
}

TEST_CASE("a silent server is waited for once, then everything fails at once until it answers again") {
  bool silent = true;
  auto server = saying("+well\r\n");
  server.answer = [&, well = server.answer](const Words& words) -> std::optional<std::string> {
    return silent && words[0] == "GET" ? std::nullopt : well(words);
  };
  Scene scene({{1, server}}, false);
  auto begun = std::chrono::steady_clock::now();
  const auto first = scene.ask("a");
  REQUIRE_FALSE(first);
  CHECK(first.error().why == "host:1: no answer within 50 ms");
  CHECK(first.error().sent);
  CHECK(std::chrono::steady_clock::now() - begun >= 50ms);
  CHECK(scene.problem == "host:1: no answer within 50 ms");
  const auto heard = scene.servers.at(1).heard.size();
  for (int n = 0; n < 10; ++n) {
    const auto next = scene.ask("a");
    REQUIRE_FALSE(next);
    CHECK_FALSE(next.error().sent);
  }
  CHECK(scene.servers.at(1).heard.size() == heard);
  silent = false;
  for (int n = 0; n < 100 && !scene.problem.empty(); ++n) scene.run_for(50ms);
  CHECK(said(scene.ask("a")) == "well");
  CHECK(scene.servers.at(1).connections == 2);
}

TEST_CASE("an answer that nobody asked for ends the connection: it may be anybody's") {
  Scene scene({{1, saying("+one\r\n+surplus\r\n")}}, false);
  CHECK(said(scene.ask("a")) == "one");
  scene.run_for(20ms);
  CHECK(scene.problem == "host:1: an answer that nobody asked for");
}

TEST_CASE("more than can be waited for is refused") {
  Scene scene({{1, {.answer = [](const Words& words) -> std::optional<std::string> {
                  return words[0] == "GET" ? std::nullopt : std::optional<std::string>("+OK\r\n");
                }}}},
              false);
  std::vector<Command> many(10'001, {command({"GET", "a"}), 0});
  const auto answers = scene.wait(scene.client->ask(std::move(many)));
  CHECK(std::ranges::none_of(answers, [](const Answer& answer) { return answer.has_value(); }));
  CHECK_FALSE(answers.back().error().sent);
  CHECK(answers.back().error().why.contains("too many"));
}

TEST_CASE("a master that is gone is replaced by the one that the others name") {
  auto slots = std::make_shared<std::string>(list_of({range(0, 16'383, 1)}));
  auto make = [slots](std::string reply) {
    auto server = saying(std::move(reply));
    server.answer = [slots, well = server.answer](const Words& words) {
      return words[0] == "CLUSTER" ? std::optional<std::string>(*slots) : well(words);
    };
    return server;
  };
  Scene scene({{1, make("+one\r\n")}, {2, make("+two\r\n")}}, true);
  CHECK(said(scene.ask("a")) == "one");
  scene.run_for(20ms);
  scene.servers.at(1).answer = [](const Words&) { return std::optional<std::string>(); };
  scene.servers.at(1).refuses = true;
  CHECK_FALSE(scene.ask("a"));
  *slots = list_of({range(0, 16'383, 2)});
  for (int n = 0; n < 100 && !scene.problem.empty(); ++n) scene.run_for(50ms);
  CHECK(said(scene.ask("a")) == "two");
}
