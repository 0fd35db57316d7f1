#include "proxy/backend/pool.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>
#include <string>

#include "greylist/store/memory_store.h"
#include "proxy/loop.h"

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using proxy::BackendConnection;
using proxy::BackendPool;
using proxy::Moment;

proxy::Settings reusing() {
  proxy::Settings settings;
  settings.hostname = "mx.example.org";
  settings.backend.addresses = {"127.0.0.1:1", "127.0.0.2:1"};
  settings.backend.client_identity = "xclient";
  settings.backend.reuse = true;
  settings.backend.connections = 20;
  settings.domains = {"example.org"};
  return settings;
}

asio::awaitable<void> wait_in_line(proxy::Slots& slots, proxy::Slots::Slot& granted, bool& waits) {
  std::function<void()> waiting = [&] { waits = true; };
  granted = co_await slots.take(std::chrono::steady_clock::now() + 10s, std::move(waiting));
}

// An event loop with its pool, and the backends' ends of the connections.
class Scene {
 public:
  // Ready for another client, as at the time when it was opened.
  std::unique_ptr<BackendConnection> connection(std::size_t address = 0) {
    auto& where = *loop.setup->backends->addresses()[address];
    auto connection = std::make_unique<BackendConnection>(loop, where, where.slots.try_take());
    auto connected = asio::co_spawn(loop.io, connection->connect(acceptor_.local_endpoint(), 10s), asio::use_future);
    loop.io.restart();
    while (connected.wait_for(0s) != std::future_status::ready) loop.io.run_one();  // nobody need accept it for that
    CHECK(connected.get());
    tcp::socket peer(loop.io);
    acceptor_.accept(peer);
    connection->past = {.setup = loop.setup, .opened = start, .clients = 1, .next_can_be_told = true};
    peers.push_back(std::move(peer));
    return connection;
  }
  void keep(std::unique_ptr<BackendConnection> connection, Moment now) {
    loop.backend_pool.keep(std::move(connection), now);
  }
  std::unique_ptr<BackendConnection> take(std::size_t address = 0) {
    return loop.backend_pool.take(*loop.setup, *loop.setup->backends->addresses()[address]);
  }
  proxy::BackendAddress& address(std::size_t which = 0) { return *loop.setup->backends->addresses()[which]; }
  // All that a backend was told, if that was its end; "" while the connection is open.
  std::string last_words(std::size_t peer) {
    std::error_code error;
    peers[peer].non_blocking(true);
    std::string heard;
    asio::read(peers[peer], asio::dynamic_buffer(heard), error);
    return error == asio::error::eof ? "closed after " + heard : heard;
  }

  const Moment start = std::chrono::steady_clock::now();
  const proxy::SystemClock clock;
  const std::unique_ptr<greylist::Store> store = greylist::make_memory_store();
  proxy::Site site{clock, *store, 1};
  proxy::Loop loop{site, proxy::make_setup(reusing(), nullptr).value()};
  std::vector<tcp::socket> peers;  // in the order in which the connections were made

 private:
  tcp::acceptor acceptor_{loop.io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
};

const std::string goodbye = "closed after QUIT\r\n";

}  // namespace

TEST_CASE("what is kept for another client, and what is closed") {
  struct Row {
    const char* why;
    void (*change)(Scene&, BackendConnection::Past&);
    std::chrono::seconds age;
    bool kept;
  };
  for (const auto& [why, change, age, kept] : {
           Row{"as good as new", [](Scene&, auto&) {}, 0s, true},
           Row{"not yet too old", [](Scene&, auto&) {}, 299s, true},
           Row{"too old", [](Scene&, auto&) {}, 300s, false},
           Row{"it served 99 clients", [](Scene&, auto& past) { past.clients = 99; }, 0s, true},
           Row{"it served 100 clients", [](Scene&, auto& past) { past.clients = 100; }, 0s, false},
           Row{"the backend refused something", [](Scene&, auto& past) { past.refused = true; }, 0s, false},
           Row{"no other client can be told of", [](Scene&, auto& past) { past.next_can_be_told = false; }, 0s, false},
           Row{"it was opened under another configuration",
               [](Scene&, auto& past) { past.setup = proxy::make_setup(reusing(), past.setup.get()).value(); }, 0s,
               false},
           Row{"it was opened by a probe", [](Scene&, auto& past) { past.setup = nullptr; }, 0s, false},
           Row{"the program drains", [](Scene& scene, auto&) { scene.loop.draining = true; }, 0s, false},
           Row{"connections aren't to be reused",
               [](Scene& scene, auto& past) {
                 auto settings = reusing();
                 settings.backend.reuse = false;
                 scene.loop.setup = past.setup = proxy::make_setup(settings, past.setup.get()).value();
               },
               0s, false},
       }) {
    CAPTURE(why);
    Scene scene;
    auto connection = scene.connection();
    const auto old = connection->past.setup;  // whose address it has
    change(scene, connection->past);
    scene.keep(std::move(connection), scene.start + age);
    CHECK(scene.last_words(0) == (kept ? "" : goodbye));
    CHECK(scene.address().pooled == kept);
    CHECK(scene.address().slots.taken() == kept);
    CHECK((scene.take() != nullptr) == kept);
    CHECK(scene.address().pooled == 0);
  }
}

TEST_CASE("the connection kept last is taken first, of the address and configuration in question") {
  Scene scene;
  std::vector<BackendConnection*> kept;
  for (const std::size_t address : {0, 1, 0}) {
    auto connection = scene.connection(address);
    kept.push_back(connection.get());
    scene.keep(std::move(connection), scene.start);
  }
  const auto other = proxy::make_setup(reusing(), scene.loop.setup.get()).value();
  CHECK(scene.loop.backend_pool.take(*other, scene.address()) == nullptr);
  CHECK(scene.take().get() == kept[2]);
  CHECK(scene.take().get() == kept[0]);
  CHECK(scene.take() == nullptr);
  CHECK(scene.take(1).get() == kept[1]);
}

TEST_CASE("a connection isn't given to anybody once the backend has closed it or spoken") {
  Scene scene;
  for (int i = 0; i < 4; ++i) scene.keep(scene.connection(), scene.start);
  scene.peers[3].close();
  asio::write(scene.peers[2], asio::buffer(std::string("421 4.4.2 Idle for too long\r\n")));
  scene.peers[1].set_option(tcp::socket::linger(true, 0));
  scene.peers[1].close();
  const auto taken = scene.take();
  REQUIRE(taken);
  CHECK(scene.last_words(0) == "");
  CHECK(scene.address().pooled == 0);
  CHECK(scene.address().slots.taken() == 1);
}

TEST_CASE("a connection on which the backend has spoken isn't kept") {
  Scene scene;
  auto connection = scene.connection();
  asio::write(scene.peers[0], asio::buffer(std::string("250 2.0.0 once more\r\n")));
  scene.keep(std::move(connection), scene.start);
  CHECK(scene.address().pooled == 0);
}

TEST_CASE("so many are kept of an address, and not one more") {
  Scene scene;
  for (std::size_t i = 0; i <= BackendPool::most_idle; ++i) scene.keep(scene.connection(), scene.start);
  CHECK(scene.address().pooled == BackendPool::most_idle);
  CHECK(scene.last_words(BackendPool::most_idle) == goodbye);
  scene.keep(scene.connection(1), scene.start);
  CHECK(scene.address(1).pooled == 1);
}

TEST_CASE("those kept for too long are closed, and no others") {
  Scene scene;
  for (const auto since : {0s, 1s, 2s}) scene.keep(scene.connection(), scene.start + since);
  const auto end = scene.start + BackendPool::longest_idleness;
  scene.loop.backend_pool.close_idle(end - 1ms);
  CHECK(scene.address().pooled == 3);
  scene.loop.backend_pool.close_idle(end + 1s);
  CHECK(scene.address().pooled == 1);
  CHECK(scene.last_words(0) == goodbye);
  CHECK(scene.last_words(1) == goodbye);
  CHECK(scene.last_words(2) == "");
  scene.loop.backend_pool.close_idle(end + 2s);
  CHECK(scene.last_words(2) == goodbye);
}

TEST_CASE("a connection gives way to somebody who waits for one to its address") {
  Scene scene;
  for (const std::size_t address : {1, 0, 0}) scene.keep(scene.connection(address), scene.start);
  scene.loop.backend_pool.give_way(scene.address());
  CHECK(scene.last_words(0) == "");
  CHECK(scene.last_words(1) == goodbye);
  CHECK(scene.last_words(2) == "");
  scene.loop.backend_pool.give_way(scene.address());
  scene.loop.backend_pool.give_way(scene.address());
  CHECK(scene.address().pooled == 0);
  CHECK(scene.address(1).pooled == 1);
}

TEST_CASE("nothing is kept of an address that somebody waits for") {
  Scene scene;
  auto connection = scene.connection();
  std::vector<proxy::Slots::Slot> others;
  while (auto slot = scene.address().slots.try_take()) others.push_back(std::move(slot));
  proxy::Slots::Slot granted;
  bool waits = false;
  asio::co_spawn(scene.loop.io, wait_in_line(scene.address().slots, granted, waits), asio::detached);
  scene.loop.io.restart();
  scene.loop.io.poll();
  CHECK(waits);
  CHECK(scene.address().slots.awaited());
  scene.keep(std::move(connection), scene.start);
  scene.loop.io.restart();
  scene.loop.io.poll();
  CHECK(granted);
  CHECK_FALSE(scene.address().slots.awaited());
  CHECK(scene.last_words(0) == goodbye);
}

TEST_CASE("all are closed at once, and nothing is left to wait for") {
  Scene scene;
  for (const std::size_t address : {0, 1}) scene.keep(scene.connection(address), scene.start);
  scene.loop.backend_pool.close();
  CHECK(scene.last_words(0) == goodbye);
  CHECK(scene.last_words(1) == goodbye);
  CHECK(scene.address().slots.taken() == 0);
  scene.loop.io.restart();
  const auto begun = std::chrono::steady_clock::now();
  scene.loop.io.run();
  CHECK(std::chrono::steady_clock::now() - begun < BackendPool::longest_idleness);
}
