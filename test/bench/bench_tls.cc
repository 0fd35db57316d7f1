// What TLS with a client costs greygate, beside a bare OpenSSL responder that answers the same client: CPU time of a
// whole connection, memory of an idle one, and how long another session's command takes while many shake hands.
//
//     bench_tls build/greygate
//
// Measured are greygate's process and the responder's, from outside and in turns, so that a busy machine slows them
// alike.

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <future>
#include <stdexcept>
#include <vector>

#include "proxy/process.h"
#include "test/bench/client.h"
#include "test/bench/sink/responder.h"
#include "test/bench/sink/smtp.h"
#include "test/bench/tls/server.h"

namespace {

using namespace bench;
using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr int rounds = 3, connections = 3000, warm_up = 50, idle = 2000, shaking = 200, noops = 1000;
constexpr auto between_noops = 2ms;

using Start = std::function<Server()>;

void run(asio::io_context& loop, asio::awaitable<void> conversation) {
  asio::co_spawn(loop, std::move(conversation), [](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
  });
}

tcp::endpoint address_of(const Server& server) { return {asio::ip::address_v4::loopback(), server.port()}; }

asio::awaitable<void> greet(Client& client, tcp::endpoint server, bool in_tls) {
  co_await client.connect(server);
  co_await client.ask("EHLO client.example.com\r\n", "250");
  if (!in_tls) co_return;
  co_await client.start_tls();
  co_await client.ask("EHLO client.example.com\r\n", "250");
}

// One session after the other, while `more` says so.
asio::awaitable<void> sessions(asio::io_context& loop, SSL_CTX& context, tcp::endpoint server,
                               std::function<bool()> more) {
  while (more()) {
    Client client(loop, context);
    co_await greet(client, server, true);
    co_await client.ask("QUIT\r\n", "221");
  }
}

void connect_and_quit(const Server& server, int count, int at_once) {
  asio::io_context loop{1};
  const auto context = client_context();
  const auto more = [&] { return count-- > 0; };
  for (int i = 0; i < at_once; ++i) run(loop, sessions(loop, *context, address_of(server), more));
  loop.run();
}

double cpu_milliseconds_per_connection(const Server& server) {
  const double before = server.cpu_seconds();
  connect_and_quit(server, connections, 8);
  return (server.cpu_seconds() - before) * 1000 / connections;
}

asio::awaitable<void> stay(std::vector<std::unique_ptr<Client>>& clients, asio::io_context& loop, SSL_CTX& context,
                           tcp::endpoint server, bool in_tls) {
  for (int i = 0; i < idle; ++i) {
    clients.push_back(std::make_unique<Client>(loop, context));
    co_await greet(*clients.back(), server, in_tls);
  }
}

// On a server of its own: memory that other measurements have freed would be used again.
double kilobytes_per_idle_connection(const Start& start, bool in_tls) {
  const auto server = start();
  connect_and_quit(server, warm_up, 1);
  asio::io_context loop{1};
  const auto context = client_context();
  std::vector<std::unique_ptr<Client>> clients;
  const double before = server.anonymous_bytes();
  run(loop, stay(clients, loop, *context, address_of(server), in_tls));
  loop.run();
  return (server.anonymous_bytes() - before) / 1024 / idle;
}

asio::awaitable<void> ask_again_and_again(asio::io_context& loop, SSL_CTX& context, tcp::endpoint server,
                                          std::vector<double>& milliseconds) {
  Client client(loop, context);
  co_await greet(client, server, false);
  for (int i = 0; i < noops; ++i) {
    const auto asked = std::chrono::steady_clock::now();
    co_await client.ask("NOOP\r\n", "250");
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - asked;
    milliseconds.push_back(taken.count());
    asio::steady_timer pause(loop, between_noops);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

// How long a plain session waited for each reply to its NOOPs, sorted.
std::vector<double> noop_milliseconds(const Server& server) {
  asio::io_context loop{1};
  const auto context = client_context();
  std::vector<double> taken;
  run(loop, ask_again_and_again(loop, *context, address_of(server), taken));
  loop.run();
  std::ranges::sort(taken);
  return taken;
}

// Many clients on a thread of their own that connect, shake hands and quit, again and again.
class Crowd {
 public:
  explicit Crowd(const Server& server) {
    shaking_hands_ = std::async(std::launch::async, [this, to = address_of(server)] {
      asio::io_context loop{1};
      const auto context = client_context();
      const auto more = [this] { return !over_ && ++sessions_; };
      for (int i = 0; i < shaking; ++i) run(loop, sessions(loop, *context, to, more));
      loop.run();
    });
  }
  ~Crowd() { over_ = true; }

  // Per second, until now; then it goes home.
  double disperse() {
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begun_;
    const double done = sessions_;
    over_ = true;
    shaking_hands_.get();
    return done / time.count();
  }

 private:
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::atomic<bool> over_ = false;
  std::atomic<int> sessions_ = -shaking;  // each client asks for its first before it has had one
  std::future<void> shaking_hands_;
};

double quantile(std::vector<double> values, double which) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(which * static_cast<double>(values.size() - 1))];
}

struct Figures {
  Start start;
  std::vector<double> cpu = {}, quiet = {}, crowded = {};
  double idle_tls = 0, idle_plain = 0, handshakes = 0;
};

void measure(std::vector<Figures>& all) {
  for (auto& figures : all) {
    figures.idle_plain = kilobytes_per_idle_connection(figures.start, false);
    figures.idle_tls = kilobytes_per_idle_connection(figures.start, true);
  }
  const Server servers[] = {all[0].start(), all[1].start()};
  for (const auto& server : servers) connect_and_quit(server, warm_up, 1);
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < all.size(); ++i) all[i].cpu.push_back(cpu_milliseconds_per_connection(servers[i]));
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].quiet = noop_milliseconds(servers[i]);
    Crowd crowd(servers[i]);
    all[i].crowded = noop_milliseconds(servers[i]);
    all[i].handshakes = crowd.disperse();
  }
}

void row(const char* what, double greygate, double bare, const char* target = "") {
  std::printf("%-52s %9.2f %9.2f ", what, greygate, bare);
  bare >= 0.01 ? std::printf("%7.2f", greygate / bare) : std::printf("%7s", "-");
  std::printf("  %s\n", target);
}

void print(const Figures& greygate, const Figures& bare) {
  std::printf("%-52s %9s %9s %7s  %s\n", "", "greygate", "bare", "ratio", "target");
  row("CPU of a TLS 1.3 connection, ms", quantile(greygate.cpu, 0.5), quantile(bare.cpu, 0.5), "<= 0.6");
  row("memory of an idle TLS connection, KB", greygate.idle_tls, bare.idle_tls, "<= 20");
  row("memory of an idle plain connection, KB", greygate.idle_plain, bare.idle_plain);
  row("NOOP alone, ms: median", quantile(greygate.quiet, 0.5), quantile(bare.quiet, 0.5));
  row("                99 %", quantile(greygate.quiet, 0.99), quantile(bare.quiet, 0.99));
  row("                longest", greygate.quiet.back(), bare.quiet.back());
  row("NOOP while 200 clients shake hands, ms: median", quantile(greygate.crowded, 0.5), quantile(bare.crowded, 0.5));
  row("                                        99 %", quantile(greygate.crowded, 0.99), quantile(bare.crowded, 0.99));
  row("                                        longest", greygate.crowded.back(), bare.crowded.back());
  row("  their handshakes per second", greygate.handshakes, bare.handshakes);
}

[[noreturn]] void answer_barely(std::uint16_t port, const Certificate& certificate) {
  Ledger ledger;
  respond(port, server_context(certificate.certificate, certificate.key),
          [&] { return std::make_unique<Smtp>(ledger, true); });
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 5 && std::string(arguments[1]) == respond_option)
    answer_barely(static_cast<std::uint16_t>(std::atoi(arguments[2])), {arguments[3], arguments[4]});
  if (count != 2) return std::fprintf(stderr, "usage: bench_tls GREYGATE\n"), 2;
  proxy::raise_descriptor_limit();
  std::string directory = std::filesystem::temp_directory_path() / "greygate-bench-XXXXXX";
  if (!::mkdtemp(directory.data())) return 1;
  int code = 0;
  try {
    const auto certificate = make_certificate(directory);
    std::vector<Figures> all{{[&] { return Server::greygate(arguments[1], directory, certificate); }},
                             {[&] { return Server::responder(certificate); }}};
    measure(all);
    print(all[0], all[1]);
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "bench_tls: %s\n", failed.what());
    code = 1;
  }
  std::filesystem::remove_all(directory);
  return code;
}
