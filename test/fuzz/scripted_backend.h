#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "test/fuzz/require.h"

// An MTA at a port of 127.0.0.1 that does what a script tells it, one line a reply, and keeps the books:
//   (empty)  the right reply           x  closes            r  resets            s  says nothing
//   >TEXT    the right reply, and at once TEXT that nobody asked for
//   TEXT     TEXT instead of a reply
// After the script's end all replies are right ones.
class ScriptedBackend {
 public:
  struct Message {
    unsigned number;      // "Queued as 3"
    std::string content;  // as it stood on the wire, without the lone dot
    bool in_chunks;
  };
  struct Options {
    bool pipelining = true;
    void (*check_recipient)(std::string_view line) = nullptr;
  };

  ScriptedBackend(std::string_view script, Options options) : script_(script), options_(options) {}
  ~ScriptedBackend() { hang_up(); }
  ScriptedBackend(const ScriptedBackend&) = delete;
  ScriptedBackend& operator=(const ScriptedBackend&) = delete;

  static std::string address() { return "127.0.0.1:" + std::to_string(listener().port); }
  std::string ehlo_reply() const {
    return std::string("250-backend.example.net\r\n") + (options_.pipelining ? "250-PIPELINING\r\n" : "") +
           "250-SIZE 100000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-CHUNKING\r\n"
           "250-XCLIENT NAME ADDR PORT HELO PROTO DESTADDR DESTPORT\r\n250 ENHANCEDSTATUSCODES\r\n";
  }
  // What has come is read and answered; true if anything had.
  bool work() {
    bool worked = accept_all();
    for (auto& connection : connections_) worked |= serve(connection);
    std::erase_if(connections_, [](const auto& connection) { return connection.socket < 0; });
    return worked;
  }
  // Resets what is open; whoever comes later is told likewise.
  void hang_up() {
    gone_ = true;
    accept_all();
    for (auto& connection : connections_) end(connection, true);
    connections_.clear();
  }

  std::vector<Message> taken;      // with our 250
  bool may_be_waited_for = false;  // it said nothing, or perhaps half a reply
  // A reply that nobody asked for: from there on peers may disagree about what answers what.
  bool said_too_much = false;

 private:
  struct Listener {
    int socket;
    std::uint16_t port;
  };
  struct Connection {
    int socket;
    std::string input, content;
    std::size_t recipients = 0;
    enum class Reads { commands, content, chunk } reads = Reads::commands;
    std::uint64_t left = 0;  // of a chunk
    bool last = false;       // it is
  };

  static const Listener& listener() {
    static const Listener made = [] {
      const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      sockaddr_in at{};
      at.sin_family = AF_INET;
      at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof at;
      REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&at), size) == 0 && ::listen(socket, 100) == 0);
      REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size) == 0);
      return Listener{socket, ntohs(at.sin_port)};
    }();
    return made;
  }

  bool accept_all() {
    bool any = false;
    for (int socket; (socket = ::accept4(listener().socket, nullptr, nullptr, SOCK_NONBLOCK)) >= 0; any = true) {
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connections_.push_back({.socket = socket});
      if (gone_)
        end(connections_.back(), true);
      else
        reply(connections_.back(), "220 backend.example.net ESMTP\r\n");
    }
    return any;
  }

  static void end(Connection& connection, bool reset) {
    if (connection.socket < 0) return;
    const linger at_once{1, 0};
    if (reset) ::setsockopt(connection.socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(connection.socket);
    connection.socket = -1;
  }

  static void send(Connection& connection, std::string_view octets) {
    (void)::send(connection.socket, octets.data(), octets.size(), MSG_NOSIGNAL);  // small: the kernel takes it whole
  }

  // What was said; nothing if that was not the right reply.
  std::string_view reply(Connection& connection, std::string_view right) {
    std::string_view line = script_.substr(0, script_.find('\n'));
    script_.remove_prefix(std::min(script_.size(), line.size() + 1));
    if (line == "x" || line == "r") {
      end(connection, line == "r");
      return {};
    }
    may_be_waited_for |= line == "s";
    if (line == "s") return {};
    const bool surplus = line.starts_with('>');
    if (line.empty() || surplus || line.contains("Queued")) {
      send(connection, right);
      if (surplus) send(connection, std::string(line.substr(1)) + "\r\n");
      said_too_much |= surplus;
      return right;
    }
    may_be_waited_for = true;
    send(connection, std::string(line) + "\r\n");
    return line;
  }

  bool serve(Connection& connection) {
    std::array<char, 16384> piece;
    ssize_t got = 0;
    bool any = false;
    while (connection.socket >= 0 && (got = ::recv(connection.socket, piece.data(), piece.size(), 0)) > 0) {
      connection.input.append(piece.data(), static_cast<std::size_t>(got));
      any = true;
    }
    while (connection.socket >= 0 && step(connection)) any = true;
    const bool left = got == 0 || (got < 0 && errno != EAGAIN);
    if (left) end(connection, false);
    return any || left;
  }

  // False: more must come first.
  bool step(Connection& connection) {
    auto& input = connection.input;
    if (connection.reads == Connection::Reads::content) {
      const auto wire = "\r\n" + input;
      const auto dot = wire.find("\r\n.\r\n");
      if (dot == wire.npos) return false;
      connection.content = input.substr(0, dot);
      input.erase(0, dot + 3);
      connection.reads = Connection::Reads::commands;
      finish(connection, false);
      return true;
    }
    if (connection.reads == Connection::Reads::chunk) {
      if (input.size() < connection.left) return false;
      connection.content += input.substr(0, connection.left);
      input.erase(0, connection.left);
      connection.reads = Connection::Reads::commands;
      if (connection.last)
        finish(connection, true);
      else
        reply(connection, "250 2.0.0 Chunk taken\r\n");
      return true;
    }
    const auto end_of_line = input.find('\n');
    if (end_of_line == input.npos) return false;
    const auto line = input.substr(0, end_of_line + 1);
    input.erase(0, line.size());
    obey(connection, line);
    return true;
  }

  void obey(Connection& connection, std::string_view line) {
    if (!said_too_much) {
      REQUIRE(line.ends_with("\r\n") && line.find_first_of(std::string_view("\0\r\n", 3)) == line.size() - 2);
      REQUIRE(line.size() <= 2048 + 64);  // as the client's, whose "MAIL FROM:" may have been shorter than ours
    }
    if (line.ends_with("\r\n")) line.remove_suffix(2);
    const auto verb = line.substr(0, line.find(' '));
    if (verb == "EHLO") {
      forget(connection);
      reply(connection, ehlo_reply());
    } else if (verb == "XCLIENT") {
      reply(connection, "220 backend.example.net ESMTP\r\n");
    } else if (verb == "MAIL") {
      forget(connection);
      reply(connection, "250 2.1.0 Sender taken\r\n");
    } else if (verb == "RCPT") {
      if (options_.check_recipient) options_.check_recipient(line);
      if (reply(connection, "250 2.1.5 Recipient taken\r\n").starts_with('2')) ++connection.recipients;
    } else if (verb == "DATA") {
      const auto said =
          reply(connection, connection.recipients > 0 ? "354 Go on\r\n" : "554 5.5.1 No valid recipients\r\n");
      if (said.starts_with("354")) connection.reads = Connection::Reads::content;
    } else if (verb == "BDAT") {
      read_bdat(connection, line.substr(5));
    } else if (verb == "RSET") {
      forget(connection);
      reply(connection, "250 2.0.0 Forgotten\r\n");
    } else if (verb == "QUIT") {
      end(connection, false);
    } else {
      REQUIRE(said_too_much);  // content, taken for commands
      reply(connection, "500 5.5.2 What?\r\n");
    }
  }

  void read_bdat(Connection& connection, std::string_view arguments) {
    const auto size = arguments.substr(0, arguments.find(' '));
    const auto read = std::from_chars(size.begin(), size.end(), connection.left);
    REQUIRE(read.ec == std::errc() && read.ptr == size.end());
    REQUIRE(size == arguments || arguments.substr(size.size()) == " LAST");
    connection.last = size != arguments;
    connection.reads = Connection::Reads::chunk;
  }

  void finish(Connection& connection, bool in_chunks) {
    const auto number = ++queued_;
    const auto right = "250 2.0.0 Queued as " + std::to_string(number) + "\r\n";
    const bool yes = connection.recipients > 0 && reply(connection, right) == right;
    if (yes) taken.push_back({number, connection.content, in_chunks});
    if (connection.recipients == 0) reply(connection, "554 5.5.1 No valid recipients\r\n");
    forget(connection);
  }

  static void forget(Connection& connection) {
    connection.content.clear();
    connection.recipients = 0;
  }

  std::string_view script_;
  const Options options_;
  std::list<Connection> connections_;
  unsigned queued_ = 0;
  bool gone_ = false;
};
