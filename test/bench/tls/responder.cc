#include "test/bench/tls/responder.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace bench {

namespace {

struct Connection {
  int socket;
  SSL* ssl = nullptr;  // none: still plain
};

class Responder {
 public:
  Responder(int listener_socket, SSL_CTX* context) : listener_(listener_socket), context_(context) {
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
    auto* const connection = new Connection{socket};
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    say(*connection, "220 mx.example.org ESMTP\r\n");
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
      return done == 1 || goes_on(connection, done);
    }
    std::array<char, 4096> room;
    const auto got = connection.ssl ? SSL_read(connection.ssl, room.data(), room.size())
                                    : static_cast<int>(::recv(connection.socket, room.data(), room.size(), 0));
    if (got <= 0) return goes_on(connection, got);
    return answer(connection, {room.data(), static_cast<std::size_t>(got)});
  }

  bool goes_on(Connection& connection, int result) {
    if (!connection.ssl || SSL_get_error(connection.ssl, result) != SSL_ERROR_WANT_READ) close(connection);
    return false;
  }

  bool answer(Connection& connection, std::string_view command) {
    if (command.starts_with("EHLO")) {
      say(connection, connection.ssl ? "250-mx.example.org\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n"
                                     : "250-mx.example.org\r\n250-PIPELINING\r\n250 STARTTLS\r\n");
    } else if (command.starts_with("NOOP")) {
      say(connection, "250 2.0.0 Ok\r\n");
    } else if (command.starts_with("STARTTLS")) {
      say(connection, "220 2.0.0 Ready\r\n");
      start_tls(connection);
    } else {
      say(connection, "221 2.0.0 Bye\r\n");
      if (connection.ssl) SSL_shutdown(connection.ssl);
      close(connection);
      return false;
    }
    return true;
  }

  void start_tls(Connection& connection) {
    connection.ssl = SSL_new(context_);
    SSL_set_fd(connection.ssl, connection.socket);
    SSL_set_accept_state(connection.ssl);
  }

  // A reply always fits into the socket's buffer.
  static void say(Connection& connection, std::string_view reply) {
    if (connection.ssl)
      SSL_write(connection.ssl, reply.data(), static_cast<int>(reply.size()));
    else
      ::send(connection.socket, reply.data(), reply.size(), MSG_NOSIGNAL);
  }

  static void close(Connection& connection) {
    SSL_free(connection.ssl);
    ::close(connection.socket);
    delete &connection;
  }

  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC), listener_;
  SSL_CTX* const context_;
};

int listener(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in to{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 || ::listen(socket, SOMAXCONN) != 0)
    std::abort();
  return socket;
}

// What greygate sets, too.
SSL_CTX* server_context(const Certificate& certificate) {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  if (SSL_CTX_use_certificate_chain_file(context, certificate.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, certificate.key.c_str(), SSL_FILETYPE_PEM) != 1)
    std::abort();
  return context;
}

}  // namespace

void respond(std::uint16_t port, const Certificate& certificate) {
  ::signal(SIGPIPE, SIG_IGN);
  Responder responder(listener(port), server_context(certificate));
  for (;;) responder.turn();
}

}  // namespace bench
