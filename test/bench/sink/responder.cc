#include "test/bench/sink/responder.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "proxy/process.h"

namespace bench {

namespace {

struct Connection {
  int socket;
  std::unique_ptr<Conversation> conversation;
  SSL* ssl = nullptr;  // none: still plain
};

class Responder {
 public:
  Responder(int listener, SSL_CTX* context, std::function<std::unique_ptr<Conversation>()> begin)
      : listener_(listener), context_(context), begin_(std::move(begin)) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }

  void turn() {
    std::array<epoll_event, 128> events;
    const int ready = ::epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < ready; ++i) {
      if (auto* const connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr))
        serve(*connection);
      else
        accept();
    }
  }

 private:
  void accept() {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* const connection = new Connection{socket, begin_()};
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    say(*connection, connection->conversation->greeting());
  }

  // What OpenSSL has read ahead makes no descriptor readable again.
  void serve(Connection& connection) {
    while (step(connection) && connection.ssl && SSL_has_pending(connection.ssl)) {
    }
  }

  // False: there is nothing more to do, for now or for good.
  bool step(Connection& connection) {
    ERR_clear_error();
    if (connection.ssl && !SSL_is_init_finished(connection.ssl)) {
      const int done = SSL_do_handshake(connection.ssl);
      if (done == 1) connection.conversation->secured();
      return done == 1 || goes_on(connection, done);
    }
    const auto got = connection.ssl ? SSL_read(connection.ssl, room_.data(), static_cast<int>(room_.size()))
                                    : static_cast<int>(::recv(connection.socket, room_.data(), room_.size(), 0));
    if (got <= 0) return goes_on(connection, got);
    Answer answer;
    connection.conversation->hear({room_.data(), static_cast<std::size_t>(got)}, answer);
    return act_on(connection, answer);
  }

  bool goes_on(Connection& connection, int result) {
    if (!connection.ssl || SSL_get_error(connection.ssl, result) != SSL_ERROR_WANT_READ) close(connection);
    return false;
  }

  bool act_on(Connection& connection, const Answer& answer) {
    say(connection, answer.text);
    if (answer.then == Answer::Then::start_tls) start_tls(connection);
    if (answer.then != Answer::Then::close) return true;
    if (connection.ssl) SSL_shutdown(connection.ssl);
    close(connection);
    return false;
  }

  void start_tls(Connection& connection) {
    connection.ssl = SSL_new(context_);
    SSL_set_fd(connection.ssl, connection.socket);
    SSL_set_accept_state(connection.ssl);
  }

  static void say(Connection& connection, std::string_view text) {
    if (text.empty()) return;
    if (connection.ssl)
      SSL_write(connection.ssl, text.data(), static_cast<int>(text.size()));
    else
      ::send(connection.socket, text.data(), text.size(), MSG_NOSIGNAL);
  }

  static void close(Connection& connection) {
    SSL_free(connection.ssl);
    ::close(connection.socket);
    delete &connection;
  }

  std::array<char, 256 * 1024> room_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC), listener_;
  SSL_CTX* const context_;
  const std::function<std::unique_ptr<Conversation>()> begin_;
};

int listener_on(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in to{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 || ::listen(socket, SOMAXCONN) != 0)
    std::abort();
  return socket;
}

}  // namespace

SSL_CTX* server_context(const std::string& certificate, const std::string& key) {
  if (certificate.empty()) return nullptr;
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    std::abort();
  return context;
}

void respond(std::uint16_t port, SSL_CTX* context, std::function<std::unique_ptr<Conversation>()> begin) {
  ::signal(SIGPIPE, SIG_IGN);
  proxy::raise_descriptor_limit();
  Responder responder(listener_on(port), context, std::move(begin));
  for (;;) responder.turn();
}

}  // namespace bench
