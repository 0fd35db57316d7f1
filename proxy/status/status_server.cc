#include "proxy/status/status_server.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <cstdint>
#include <exception>
#include <map>
#include <utility>

#include "proxy/config/host_port.h"

namespace proxy {
namespace {

constexpr unsigned max_connections = 512;
constexpr std::size_t crowded = 256;                      // from here on the oldest connection makes room for a new one
constexpr std::size_t memory_per_connection = 32 * 1024;  // its request line and headers must fit

using tcp = asio::ip::tcp;

std::expected<tcp::endpoint, std::string> endpoint_of(const std::string& address) {
  const auto parsed = HostPort::parse(address);
  asio::error_code error;
  const auto ip = asio::ip::make_address(parsed ? parsed->host : "", error);
  if (!parsed || error) return std::unexpected(address + ": expected an address like \"127.0.0.1:8025\"");
  return tcp::endpoint(ip, parsed->port);
}

std::string text_of(const tcp::endpoint& endpoint) {
  return HostPort{endpoint.address().to_string(), endpoint.port()}.text();
}

// Bound here rather than by libmicrohttpd, which doesn't tell why it couldn't.
std::expected<tcp::acceptor, std::string> listening_on(asio::io_context& unused_loop, const std::string& address) {
  const auto endpoint = endpoint_of(address);
  if (!endpoint) return std::unexpected(endpoint.error());
  try {
    tcp::acceptor acceptor(unused_loop, endpoint->protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    if (endpoint->address().is_v6()) acceptor.set_option(asio::ip::v6_only(true));
    acceptor.bind(*endpoint);
    acceptor.listen();
    acceptor.native_non_blocking(true);
    return acceptor;
  } catch (const asio::system_error& error) {
    return std::unexpected(address + ": " + error.code().message());
  }
}

// The connections that are open. libmicrohttpd accepts no more once its limit is reached; well before that the oldest
// is ended, so that a crowd of silent ones can't keep a probe waiting until they time out. Used on the server's thread.
class Crowd {
 public:
  std::uintptr_t enter(int socket) {
    open_.emplace(++arrivals_, socket);
    if (open_.size() > crowded) {
      ::shutdown(open_.begin()->second,
                 SHUT_RDWR);  // its end is then noticed, and it is closed, as if the peer had left
      open_.erase(open_.begin());
    }
    return arrivals_;
  }
  void leave(std::uintptr_t arrival) { open_.erase(arrival); }

 private:
  std::uintptr_t arrivals_ = 0;
  std::map<std::uintptr_t, int> open_;  // by order of arrival
};

bool has_body(MHD_Connection* request) {
  const auto has = [request](const char* header) {
    return MHD_lookup_connection_value(request, MHD_HEADER_KIND, header) != nullptr;
  };
  return has(MHD_HTTP_HEADER_CONTENT_LENGTH) || has(MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

MHD_Result send(MHD_Connection* connection, const HttpAnswer& answer, const char* allow = nullptr) {
  auto* response =
      MHD_create_response_from_buffer(answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  if (!response) return MHD_NO;  // closes the connection
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  for (const auto& [name, value] : answer.headers) MHD_add_response_header(response, name.c_str(), value.c_str());
  if (allow) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
  const auto queued = MHD_queue_response(connection, static_cast<unsigned>(answer.code), response);
  MHD_destroy_response(response);
  return queued;
}

HttpAnswer error_page(int code, std::string_view what) {
  return {.code = code, .content_type = "text/plain; charset=utf-8", .body = std::string(what) + '\n'};
}

}  // namespace

struct StatusServer::Daemon {
  Answer answer;
  std::string address;
  Crowd crowd;
  MHD_Daemon* http = nullptr;

  ~Daemon() {
    if (http) MHD_stop_daemon(http);  // joins its thread, closes its sockets
  }

  bool run_on(int listening_socket, std::chrono::seconds idle);
  HttpAnswer page(std::string_view path) const;
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* path, const char* method,
                               const char* version, const char* upload, std::size_t* upload_size, void** request);
  static void on_connection(void* self, MHD_Connection* connection, void** arrival,
                            MHD_ConnectionNotificationCode change);
};

bool StatusServer::Daemon::run_on(int listening_socket, std::chrono::seconds idle) {
  constexpr unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC;
  http = MHD_start_daemon(flags, 0, nullptr, nullptr, on_request, this,                           //
                          MHD_OPTION_LISTEN_SOCKET, listening_socket,                             //
                          MHD_OPTION_CONNECTION_LIMIT, max_connections,                           //
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory_per_connection,              //
                          MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(idle.count()),     //
                          MHD_OPTION_NOTIFY_CONNECTION, on_connection, static_cast<void*>(this),  //
                          MHD_OPTION_END);
  return http != nullptr;
}

// An exception must not pass through libmicrohttpd, and a page that fails is no reason to stop relaying mail.
HttpAnswer StatusServer::Daemon::page(std::string_view path) const {
  try {
    return answer(path);
  } catch (const std::exception& error) {
    return error_page(MHD_HTTP_INTERNAL_SERVER_ERROR, error.what());
  }
}

// libmicrohttpd asks twice: when the headers are in, and when all is. An answer to the first ends the connection, which
// is right where a body would follow that nobody wants.
MHD_Result StatusServer::Daemon::on_request(void* self, MHD_Connection* connection, const char* path,
                                            const char* method, const char*, const char*, std::size_t*,
                                            void** asked_before) {
  const std::string_view asked(method);
  if (asked != MHD_HTTP_METHOD_GET && asked != MHD_HTTP_METHOD_HEAD)
    return send(connection, error_page(MHD_HTTP_METHOD_NOT_ALLOWED, "read-only: GET and HEAD alone"), "GET, HEAD");
  if (!*asked_before && !has_body(connection)) {
    *asked_before = self;
    return MHD_YES;
  }
  return send(connection, static_cast<Daemon*>(self)->page(path));
}

void StatusServer::Daemon::on_connection(void* self, MHD_Connection* connection, void** arrival,
                                         MHD_ConnectionNotificationCode change) {
  auto& crowd = static_cast<Daemon*>(self)->crowd;
  if (change == MHD_CONNECTION_NOTIFY_CLOSED) return crowd.leave(reinterpret_cast<std::uintptr_t>(*arrival));
  const auto* socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  *arrival = reinterpret_cast<void*>(crowd.enter(socket->connect_fd));
}

StatusServer::StatusServer(std::unique_ptr<Daemon> daemon) : daemon_(std::move(daemon)) {}

StatusServer::~StatusServer() = default;

std::string StatusServer::address() const { return daemon_->address; }

std::expected<std::unique_ptr<StatusServer>, std::string> StatusServer::start(const std::string& address, Answer answer,
                                                                              std::chrono::seconds idle) {
  asio::io_context unused_loop;
  auto acceptor = listening_on(unused_loop, address);
  if (!acceptor) return std::unexpected(acceptor.error());
  auto daemon = std::make_unique<Daemon>();
  daemon->answer = std::move(answer);
  daemon->address = text_of(acceptor->local_endpoint());
  if (!daemon->run_on(acceptor->release(), idle))
    return std::unexpected(address + ": the HTTP server can't be started");
  return std::unique_ptr<StatusServer>(new StatusServer(std::move(daemon)));
}

}  // namespace proxy
