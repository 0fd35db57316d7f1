#include "test/unit/greylist/store/redis/redis_server.h"

#include <spawn.h>
#include <sys/wait.h>
#include <asio/connect.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <csignal>
#include <random>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace greylist::test {
namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto as_tuple = asio::experimental::as_tuple(asio::use_awaitable);

// Below the range that the kernel takes ports from, and that of the end-to-end tests.
std::uint16_t free_port() {
  constexpr std::uint16_t first = 11'000, last = 14'900;
  static std::uint16_t next = static_cast<std::uint16_t>(first + std::random_device()() % (last - first));
  asio::io_context loop;
  const auto is_free = [&](std::uint16_t port) {
    std::error_code error;
    tcp::acceptor acceptor(loop);
    acceptor.open(tcp::v4());
    acceptor.bind({asio::ip::address_v4::loopback(), port}, error);
    return !error;
  };
  for (int tries = 0; tries < last - first; ++tries) {
    next = next >= last ? first : static_cast<std::uint16_t>(next + 1);
    if (is_free(next)) return next;
  }
  throw std::runtime_error("no free port");
}

pid_t spawn(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t process = 0;
  if (const int error = ::posix_spawnp(&process, arguments[0], nullptr, nullptr, arguments.data(), environ))
    throw std::system_error(error, std::generic_category(), words[0]);
  return process;
}

template <class Condition>
void wait_until(const std::string& what, const Condition& holds) {
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error("waited too long: " + what);
    std::this_thread::sleep_for(20ms);
  }
}

// The one whose directory this is: another test may have been faster to take the port.
bool answers(const redis::NodeAddress& server, const std::string& home) {
  try {
    const auto said = ask(server, {"CONFIG", "GET", "dir"});
    return said.items.size() == 2 && said.items[1].text == home;
  } catch (const std::system_error&) {
    return false;
  }
}

class PlainWire final : public redis::Wire {
 public:
  explicit PlainWire(tcp::socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<std::expected<std::size_t, std::string>> read(std::span<char> room) override {
    const auto [error, size] = co_await socket_.async_read_some(asio::buffer(room.data(), room.size()), as_tuple);
    if (error) co_return std::unexpected(error.message());
    co_return size;
  }
  asio::awaitable<std::expected<void, std::string>> write(std::string_view octets) override {
    const auto [error, size] = co_await asio::async_write(socket_, asio::buffer(octets), as_tuple);
    if (error) co_return std::unexpected(error.message());
    co_return std::expected<void, std::string>();
  }
  void close() override {
    std::error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
};

asio::awaitable<redis::Dialled> dial(asio::io_context& loop, redis::NodeAddress to) {
  tcp::socket socket(loop);
  const auto [error] = co_await socket.async_connect({asio::ip::make_address(to.host), to.port}, as_tuple);
  if (error) co_return std::unexpected(error.message());
  socket.set_option(tcp::no_delay(true));
  co_return std::make_unique<PlainWire>(std::move(socket));
}

}  // namespace

RedisServers::RedisServers(std::size_t masters) {
  for (std::size_t i = 0; i < masters; ++i) start(masters > 1);
  if (masters > 1) make_cluster();
}

RedisServers::~RedisServers() {
  for (const auto process : processes_) ::kill(process, SIGKILL);
  for (const auto process : processes_) ::waitpid(process, nullptr, 0);
}

void RedisServers::start(bool in_cluster) {
  for (int tries = 0; tries < 20; ++tries)
    if (try_to_start(in_cluster)) return;
  throw std::runtime_error("redis-server does not start");
}

bool RedisServers::try_to_start(bool in_cluster) {
  const redis::NodeAddress address{"127.0.0.1", free_port()};
  const auto home = (dir_.path() / std::to_string(address.port)).string();
  std::filesystem::create_directory(home);
  auto command = "exec redis-server --port " + std::to_string(address.port) + " --bind 127.0.0.1 --dir " + home +
                 " --save '' --appendonly no --logfile log";
  if (in_cluster) command += " --cluster-enabled yes --cluster-port " + std::to_string(free_port());
  const auto process = spawn({"sh", "-c", command});
  bool has_ended = false;
  wait_until("redis-server answers", [&] {
    has_ended = ::waitpid(process, nullptr, WNOHANG) == process;
    return has_ended || answers(address, home);
  });
  if (has_ended) return false;
  processes_.push_back(process);
  addresses_.push_back(address);
  return true;
}

void RedisServers::make_cluster() {
  std::vector<std::string> words{"redis-cli", "--cluster-replicas", "0", "--cluster-yes", "--cluster", "create"};
  for (const auto& address : addresses_) words.push_back(address.text());
  std::string line;
  for (const auto& word : words) line += word + " ";
  int status = 0;
  ::waitpid(spawn({"sh", "-c", line + ">/dev/null"}), &status, 0);
  if (status != 0) throw std::runtime_error("redis-cli made no cluster");
  for (const auto& address : addresses_)
    wait_until("the cluster is well",
               [&] { return ask(address, {"CLUSTER", "INFO"}).text.find("cluster_state:ok") != std::string::npos; });
}

redis::Reply ask(const redis::NodeAddress& server, std::initializer_list<std::string_view> words) {
  return ask_octets(server, redis::command(words));
}

redis::Reply ask_octets(const redis::NodeAddress& server, const std::string& command) {
  asio::io_context loop;
  tcp::socket socket(loop);
  socket.connect({asio::ip::make_address(server.host), server.port});
  asio::write(socket, asio::buffer(command));
  redis::ReplyReader reader;
  for (;;) {
    char room[4096];
    reader.feed({room, socket.read_some(asio::buffer(room))});
    if (auto reply = reader.next().value()) return *std::move(reply);
  }
}

redis::Dial plain_dial() {
  return [](asio::io_context& loop, redis::NodeAddress to, redis::Moment) { return dial(loop, std::move(to)); };
}

}  // namespace greylist::test
