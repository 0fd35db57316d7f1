#include "proxy/status/status_server.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <fstream>
#include <list>
#include <stdexcept>

#include "proxy/config/host_port.h"

namespace proxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

HttpAnswer pages(std::string_view path) {
  if (path == "/healthz") return {.body = R"({"alive": true})"};
  if (path == "/readyz") return {.code = 503, .body = R"({"ready": false})"};
  if (path == "/metrics") return {.content_type = "text/plain; version=0.0.4", .body = "greygate_up 1\n"};
  if (path == "/broken") throw std::runtime_error("out of order");
  return {.code = 404, .content_type = "text/plain", .body = "no such page\n"};
}

std::unique_ptr<StatusServer> serve(const char* address = "127.0.0.1:0", std::chrono::seconds idle = 30s) {
  auto server = StatusServer::start(address, pages, idle);
  REQUIRE(server.has_value());
  return std::move(*server);
}

// A client that says what it likes and reads until the server closes.
struct Client {
  tcp::socket socket;

  Client(asio::io_context& loop, const StatusServer& server) : socket(loop) {
    const auto at = HostPort::parse(server.address());
    socket.connect({asio::ip::make_address(at->host), at->port});
  }
  void say(std::string_view text) { asio::write(socket, asio::buffer(text)); }
  std::string hear() {
    std::string heard;
    asio::error_code end;
    asio::read(socket, asio::dynamic_buffer(heard), end);
    return heard;
  }
};

std::string request(const StatusServer& server, std::string_view line, std::string_view more = "") {
  asio::io_context loop;
  Client client(loop, server);
  client.say(std::string(line) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + std::string(more) + "\r\n");
  return client.hear();
}

std::size_t resident_kib() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * 4;
}

TEST_CASE("pages are answered to GET and HEAD, and nothing else") {
  struct Row {
    const char *why, *line, *status, *header, *body;
  };
  const auto server = serve();
  const auto read_only = "read-only: GET and HEAD alone\n";
  for (const auto& [why, line, status, header, body] : {
           Row{"a page", "GET /healthz", "200 OK", "Content-Type: application/json", R"({"alive": true})"},
           Row{"not to be kept", "GET /healthz", "200 OK", "Cache-Control: no-store", R"({"alive": true})"},
           Row{"a query is ignored", "GET /healthz?verbose=1&x", "200 OK", "Content-Length: 15", R"({"alive": true})"},
           Row{"its own code", "GET /readyz", "503 Service Unavailable", "", R"({"ready": false})"},
           Row{"its own type", "GET /metrics", "200 OK", "Content-Type: text/plain; version=0.0.4", "greygate_up 1\n"},
           Row{"HEAD", "HEAD /healthz", "200 OK", "Content-Length: 15", ""},
           Row{"no such page", "GET /nowhere", "404 Not Found", "Content-Type: text/plain", "no such page\n"},
           Row{"above the root", "GET /../../etc/passwd", "404 Not Found", "", "no such page\n"},
           Row{"a page that fails", "GET /broken", "500 Internal Server Error", "", "out of order\n"},
           Row{"POST", "POST /healthz", "405 Method Not Allowed", "Allow: GET, HEAD", read_only},
           Row{"DELETE", "DELETE /status", "405 Method Not Allowed", "Allow: GET, HEAD", read_only},
           Row{"no method there is", "BREW /pot", "405 Method Not Allowed", "Allow: GET, HEAD", read_only},
       }) {
    CAPTURE(why);
    const auto reply = request(*server, line);
    CHECK(reply.starts_with("HTTP/1.1 " + std::string(status) + "\r\n"));
    CHECK(reply.contains(header));
    CHECK(reply.substr(reply.find("\r\n\r\n") + 4) == body);
  }
}

TEST_CASE("a body that is sent along is not waited for") {
  const auto server = serve();
  CHECK(request(*server, "POST /healthz", "Content-Length: 100000000\r\n").starts_with("HTTP/1.1 405 "));
  CHECK(request(*server, "POST /healthz", "Transfer-Encoding: chunked\r\n").starts_with("HTTP/1.1 405 "));
  CHECK(request(*server, "GET /healthz", "Content-Length: 100000000\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("several requests on one connection") {
  const auto server = serve();
  asio::io_context loop;
  Client client(loop, *server);
  client.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto heard = client.hear();
  CHECK(heard.contains(R"({"alive": true}HTTP/1.1 200 OK)"));
  CHECK(heard.ends_with("greygate_up 1\n"));
}

TEST_CASE("a header without end is refused, and memory doesn't grow") {
  const auto server = serve();
  request(*server, "GET /healthz");
  const std::string part(1 << 20, 'x');
  const auto before = resident_kib();
  asio::io_context loop;
  Client client(loop, *server);
  asio::error_code refused;
  client.say("GET /healthz HTTP/1.1\r\nX-Long: ");
  int sent = 0;
  for (; sent < 100 && !refused; ++sent) asio::write(client.socket, asio::buffer(part), refused);
  CHECK(sent < 100);
  CHECK(resident_kib() < before + 8 * 1024);
  CHECK(request(*server, "GET /healthz").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("noise is refused or closed, and the server lives on") {
  const auto server = serve();
  for (const std::string_view noise : {"\x16\x03\x01\x02\x01\x01\x01\x01\xfc\x03\x03\r\n\r\n", "GET\r\n\r\n",
                                       "GET /%00%ff HTTP/9.9\r\n\r\n", "EHLO there\r\nMAIL FROM:<>\r\n\r\n"}) {
    asio::io_context loop;
    Client client(loop, *server);
    client.say(noise);
    client.socket.shutdown(tcp::socket::shutdown_send);
    CHECK_FALSE(client.hear().starts_with("HTTP/1.1 200 "));
  }
  CHECK(request(*server, "GET /healthz").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a crowd of silent connections doesn't keep a probe waiting") {
  struct Row {
    const char* why;
    int silent;
  };
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8192);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
  for (const auto& [why, silent] : {Row{"many", 200}, Row{"more than are let stay", 700}}) {
    CAPTURE(why);
    const auto server = serve();
    asio::io_context loop;
    std::list<Client> crowd;
    for (int i = 0; i < silent; ++i) {
      crowd.emplace_back(loop, *server);
      if (i % 2 == 1) crowd.back().say("GET /healthz HTTP/1.1\r\nX-Slow: ");
    }
    const auto asked = std::chrono::steady_clock::now();
    CHECK(request(*server, "GET /healthz").starts_with("HTTP/1.1 200 "));
    CHECK(std::chrono::steady_clock::now() - asked < 1s);
  }
}

TEST_CASE("a silent connection is closed after a while") {
  const auto server = serve("127.0.0.1:0", 1s);
  asio::io_context loop;
  Client client(loop, *server);
  client.say("GET /healthz HTTP/1.1\r\n");
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(client.hear().starts_with("HTTP/1.1 200 "));
  CHECK(std::chrono::steady_clock::now() - began < 30s);
}

TEST_CASE("where it binds") {
  struct Row {
    const char *why, *address, *bound;
  };
  for (const auto& [why, address, bound] : {
           Row{"IPv4 loopback", "127.0.0.1:0", "127.0.0.1:"},
           Row{"another loopback address", "127.0.0.2:0", "127.0.0.2:"},
           Row{"every address", "0.0.0.0:0", "0.0.0.0:"},
           Row{"IPv6", "[::1]:0", "[::1]:"},
       }) {
    CAPTURE(why);
    const auto server = serve(address);
    CHECK(server->address().starts_with(bound));
    CHECK(request(*server, "GET /healthz").starts_with("HTTP/1.1 200 "));
  }
}

TEST_CASE("why it can't be bound") {
  auto first = serve();
  const auto taken = first->address();
  struct Row {
    const char* why;
    std::string address, error;
  };
  for (const auto& [why, address, error] : {
           Row{"in use", taken, taken + ": Address already in use"},
           Row{"not ours", "192.0.2.1:8025", "192.0.2.1:8025: Cannot assign requested address"},
           Row{"a name", "localhost:8025", "localhost:8025: expected an address like \"127.0.0.1:8025\""},
           Row{"no port", "127.0.0.1", "127.0.0.1: expected an address like \"127.0.0.1:8025\""},
           Row{"nothing", "", ": expected an address like \"127.0.0.1:8025\""},
       }) {
    CAPTURE(why);
    const auto server = StatusServer::start(address, pages);
    REQUIRE_FALSE(server.has_value());
    CHECK(server.error() == error);
  }
  first.reset();
  CHECK(StatusServer::start(taken, pages).has_value());  // free again
}

}  // namespace
}  // namespace proxy
