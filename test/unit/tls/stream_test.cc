#include "tls/stream.h"

#include <doctest/doctest.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <random>

namespace {

using asio::ip::tcp;
using tls::Stream;

// A certificate authority's file that is gone afterwards.
struct File {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("greygate-ca-" + std::to_string(std::random_device()()));
  explicit File(const std::string& text) { std::ofstream(path) << text; }
  ~File() { std::filesystem::remove(path); }
};

std::shared_ptr<const tls::ServerContext> server_for(const std::vector<std::string>& names,
                                                     tls::Version oldest = tls::Version::tls12,
                                                     std::string* first_pem = nullptr) {
  std::vector<tls::Certificate> certificates;
  for (const auto& name : names) {
    const auto pem = tls::make_self_signed(name);
    if (first_pem && certificates.empty()) *first_pem = pem->certificate;
    certificates.push_back(std::move(*tls::Certificate::parse(pem->certificate, pem->key)));
  }
  auto made = tls::ServerContext::make(certificates, oldest, std::make_shared<tls::TicketKeys>());
  REQUIRE(made);
  return *made;
}

// A client and a server that are connected over loopback, on one event loop.
struct Pair {
  asio::io_context io{1};
  tls::Turnstile turns{io};
  std::optional<Stream> client, server;

  Pair() {
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    tcp::socket near(io);
    near.connect(acceptor.local_endpoint());
    server.emplace(acceptor.accept());
    client.emplace(std::move(near));
  }

  using Handshake = std::optional<Stream::Handshake>;
  Handshake accepted, connected;

  void begin(std::shared_ptr<const tls::ServerContext> context) {
    asio::co_spawn(io, server->accept_tls(std::move(context), turns),
                   [this](std::exception_ptr, Stream::Handshake done) { accepted = done; });
  }
  void begin(std::shared_ptr<const tls::ClientContext> context, const std::string& name) {
    asio::co_spawn(io, client->connect_tls(std::move(context), name, turns),
                   [this](std::exception_ptr, Stream::Handshake done) { connected = done; });
  }
  void run() {
    io.restart();
    io.run_for(std::chrono::seconds(10));
  }
  void shake_hands(tls::Trust trust = tls::Trust::anybody, const std::string& ca_file = "",
                   const std::string& name = "mx.example.org",
                   std::shared_ptr<const tls::ServerContext> context = server_for({"mx.example.org"})) {
    begin(std::move(context));
    begin(*tls::ClientContext::make(trust, ca_file), name);
    run();
  }
};

asio::awaitable<void> send_all(Stream& stream, std::string octets, std::error_code& error) {
  std::string_view left = octets;
  error = co_await stream.write(left);
  stream.finish_sending();
}

asio::awaitable<void> read_all(Stream& stream, std::size_t room, std::string& octets, std::error_code& end) {
  std::string buffer(room, '\0');
  for (;;) {
    const auto got = co_await stream.read(buffer);
    if (!got) {
      end = got.error();
      co_return;
    }
    octets.append(buffer, 0, *got);
  }
}

std::string noise(std::size_t size) {
  std::mt19937 random(1);
  std::string octets(size, '\0');
  for (auto& octet : octets) octet = static_cast<char>(random());
  return octets;
}

}  // namespace

TEST_CASE("what is written arrives, in TLS as in the clear, whatever the pieces") {
  for (const bool in_tls : {false, true})
    for (const std::size_t size : {1ul, 100ul, 16'384ul, 1'000'000ul})
      for (const std::size_t room : {1ul, 4'096ul, 65'536ul}) {
        if (room == 1 && size > 20'000) continue;
        CAPTURE(in_tls);
        CAPTURE(size);
        CAPTURE(room);
        Pair pair;
        if (in_tls) {
          pair.shake_hands();
          REQUIRE(*pair.accepted);
          REQUIRE(*pair.connected);
          CHECK(pair.server->protection() == "TLSv1.3 TLS_AES_256_GCM_SHA384");
        } else {
          CHECK(pair.server->protection() == "none");
        }
        const auto sent = noise(size);
        std::string received;
        std::error_code error, end;
        asio::co_spawn(pair.io, send_all(*pair.client, sent, error), asio::detached);
        asio::co_spawn(pair.io, read_all(*pair.server, room, received, end), asio::detached);
        pair.run();
        CHECK_FALSE(error);
        CHECK(received == sent);
        CHECK(end == asio::error::eof);
      }
}

TEST_CASE("a server's name is verified if that is asked for") {
  std::string pem;
  const auto server = server_for({"mx.example.org"}, tls::Version::tls12, &pem);
  const File ca(pem);
  struct Row {
    const char* what;
    tls::Trust trust;
    bool known;
    const char* name;
    const char* failure;  // null: none
  };
  for (const auto& [what, trust, known, name, failure] :
       {Row{"nobody asks", tls::Trust::anybody, false, "other.example.org", nullptr},
        Row{"right", tls::Trust::verified, true, "mx.example.org", nullptr},
        Row{"right, in capitals", tls::Trust::verified, true, "MX.EXAMPLE.ORG", nullptr},
        Row{"another name", tls::Trust::verified, true, "other.example.org", "certificate: hostname mismatch"},
        Row{"an address", tls::Trust::verified, true, "127.0.0.1", "certificate: IP address mismatch"},
        Row{"unknown", tls::Trust::verified, false, "mx.example.org", "certificate: self-signed certificate"}}) {
    CAPTURE(what);
    Pair pair;
    pair.shake_hands(trust, known ? ca.path.string() : "/etc/ssl/certs/ca-certificates.crt", name, server);
    REQUIRE(pair.connected);
    CHECK(pair.connected->has_value() == (failure == nullptr));
    if (failure) CHECK(pair.connected->error() == failure);
  }
}

TEST_CASE("octets in the clear fail the handshake") {
  Pair pair;
  pair.begin(server_for({"mx.example.org"}));
  std::error_code error;
  asio::co_spawn(pair.io, send_all(*pair.client, "EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\n", error),
                 asio::detached);
  pair.run();
  REQUIRE(pair.accepted);
  CHECK_FALSE(pair.accepted->has_value());
}

TEST_CASE("a handshake ends with an interruption, wherever it waits") {
  Pair pair;
  pair.begin(server_for({"mx.example.org"}));
  asio::post(pair.io, [&] { pair.server->interrupt(asio::error::timed_out); });
  pair.run();
  REQUIRE(pair.accepted);
  CHECK_FALSE(pair.accepted->has_value());
}

TEST_CASE("a peer that goes away in mid-handshake fails it") {
  Pair pair;
  pair.begin(server_for({"mx.example.org"}));
  pair.client->close();
  pair.run();
  REQUIRE(pair.accepted);
  CHECK_FALSE(pair.accepted->has_value());
}

TEST_CASE("interrupted reading and writing goes on where it was after resume()") {
  Pair pair;
  pair.shake_hands();
  std::error_code error, end;
  std::string received;
  asio::co_spawn(pair.io, read_all(*pair.server, 4096, received, end), asio::detached);
  asio::post(pair.io, [&] { pair.server->interrupt(asio::error::timed_out); });
  pair.run();
  CHECK(end == asio::error::timed_out);
  pair.server->resume();
  asio::co_spawn(pair.io, send_all(*pair.client, "still here", error), asio::detached);
  asio::co_spawn(pair.io, read_all(*pair.server, 4096, received, end), asio::detached);
  pair.run();
  CHECK(received == "still here");
}
