#include "proxy/admin/admin_server.h"

#include <microhttpd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

namespace proxy {
namespace {

constexpr unsigned max_connections = 32, idle_seconds = 60;
constexpr std::size_t memory_per_connection = 64 * 1024, longest_body = 64 * 1024, piece_size = 64 * 1024;

std::string reason() { return std::strerror(errno); }

class Socket {
 public:
  Socket() : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  int descriptor() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

bool somebody_answers(const std::string& path) {
  const Socket socket;
  const auto address = address_of(path);
  return ::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::expected<Socket, std::string> listening_at(const std::string& path) {
  const auto failed = [&](const std::string& why) { return std::unexpected(path + ": " + why); };
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return failed("too long for the path of a socket");
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  if (somebody_answers(path)) return failed("another process listens there");
  struct stat found{};
  if (::lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) return failed("there is something else than a socket");
    ::unlink(path.c_str());
  }
  Socket socket;
  const auto address = address_of(path);
  if (::bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failed(reason());
  // Before anybody can connect: that takes listen().
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(socket.descriptor(), 16) != 0) return failed(reason());
  return socket;
}

AdminAnswer failure(int code, const std::string& what) {
  return {
      .code = code,
      .body = nlohmann::json{{"error", what}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n'};
}

// An answer in pieces, on its way.
struct Source {
  std::function<std::string()> next;
  std::string piece;
  std::size_t taken = 0;
};

ssize_t read_source(void* self, std::uint64_t, char* room, std::size_t size) {
  auto& source = *static_cast<Source*>(self);
  if (source.taken == source.piece.size()) {
    source.taken = 0;
    try {
      source.piece = source.next();
    } catch (const std::exception&) {
      return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (source.piece.empty()) return MHD_CONTENT_READER_END_OF_STREAM;
  }
  const auto count = source.piece.copy(room, size, source.taken);
  source.taken += count;
  return static_cast<ssize_t>(count);
}

MHD_Result send(MHD_Connection* connection, AdminAnswer answer) {
  MHD_Response* response =
      answer.pieces ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, piece_size, read_source,
                                                        new Source{std::move(answer.pieces), {}},
                                                        [](void* source) { delete static_cast<Source*>(source); })
                    : MHD_create_response_from_buffer(answer.body.size(), answer.body.data(), MHD_RESPMEM_MUST_COPY);
  if (!response) return MHD_NO;  // closes the connection
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  const auto queued = MHD_queue_response(connection, static_cast<unsigned>(answer.code), response);
  MHD_destroy_response(response);
  return queued;
}

MHD_Result add_to_query(void* query, MHD_ValueKind, const char* name, const char* value) {
  (*static_cast<std::map<std::string, std::string>*>(query))[name] = value ? value : "";
  return MHD_YES;
}

// A request whose body is being read.
struct Incoming {
  AdminRequest request;
  std::unique_ptr<AdminUpload> upload;
  bool too_long = false;
  std::string failure;
};

void take(Incoming& incoming, std::string_view octets) {
  try {
    incoming.upload->take(octets);
  } catch (const std::exception& error) {  // it must not pass through libmicrohttpd
    incoming.failure = error.what();
  }
}

}  // namespace

struct AdminServer::Daemon {
  AdminPages& pages;
  const std::string path;
  MHD_Daemon* http = nullptr;

  Daemon(AdminPages& who, std::string where) : pages(who), path(std::move(where)) {}
  ~Daemon() {
    if (!http) return;
    ::unlink(path.c_str());
    MHD_stop_daemon(http);  // joins its threads, closes its sockets
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  bool run_on(int listening_socket);
  AdminAnswer finish(Incoming& incoming) const;
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* path, const char* method,
                               const char* version, const char* upload, std::size_t* upload_size, void** incoming);
  static void on_completed(void*, MHD_Connection*, void** incoming, MHD_RequestTerminationCode) {
    delete static_cast<Incoming*>(*incoming);
    *incoming = nullptr;
  }
};

bool AdminServer::Daemon::run_on(int listening_socket) {
  constexpr unsigned flags =
      MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC;
  http = MHD_start_daemon(flags, 0, nullptr, nullptr, on_request, this,               //
                          MHD_OPTION_LISTEN_SOCKET, listening_socket,                 //
                          MHD_OPTION_CONNECTION_LIMIT, max_connections,               //
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory_per_connection,  //
                          MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,                //
                          MHD_OPTION_NOTIFY_COMPLETED, on_completed, nullptr,         //
                          MHD_OPTION_END);
  return http != nullptr;
}

AdminAnswer AdminServer::Daemon::finish(Incoming& incoming) const {
  try {
    if (!incoming.failure.empty()) return failure(MHD_HTTP_INTERNAL_SERVER_ERROR, incoming.failure);
    if (incoming.too_long) return failure(MHD_HTTP_CONTENT_TOO_LARGE, "the request is too long");
    return incoming.upload ? incoming.upload->finish() : pages.answer(incoming.request);
  } catch (const std::exception& error) {  // it must not pass through libmicrohttpd
    return failure(MHD_HTTP_INTERNAL_SERVER_ERROR, error.what());
  }
}

// libmicrohttpd calls when the headers are in, for each piece of a body, and when all is.
MHD_Result AdminServer::Daemon::on_request(void* self, MHD_Connection* connection, const char* path, const char* method,
                                           const char*, const char* upload, std::size_t* upload_size, void** state) {
  const auto& daemon = *static_cast<Daemon*>(self);
  if (!*state) {
    auto incoming = std::make_unique<Incoming>();
    incoming->request.method = method;
    incoming->request.path = path;
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_to_query, &incoming->request.query);
    incoming->upload = daemon.pages.upload(incoming->request);
    // An administrator may read page by page what he listed, and what he asks may take long.
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    *state = incoming.release();
    return MHD_YES;
  }
  auto& incoming = *static_cast<Incoming*>(*state);
  if (*upload_size == 0) return send(connection, daemon.finish(incoming));
  const std::string_view octets(upload, std::exchange(*upload_size, 0));
  if (incoming.upload)
    take(incoming, octets);
  else if (incoming.request.body.size() + octets.size() <= longest_body)
    incoming.request.body += octets;
  else
    incoming.too_long = true;
  return MHD_YES;
}

AdminServer::AdminServer(std::unique_ptr<Daemon> daemon) : daemon_(std::move(daemon)) {}

AdminServer::~AdminServer() = default;

std::expected<std::unique_ptr<AdminServer>, std::string> AdminServer::start(const std::string& path,
                                                                            AdminPages& pages) {
  auto socket = listening_at(path);
  if (!socket) return std::unexpected(socket.error());
  auto daemon = std::make_unique<Daemon>(pages, path);
  if (!daemon->run_on(socket->release())) return std::unexpected(path + ": the HTTP server can't be started");
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(daemon)));
}

}  // namespace proxy
