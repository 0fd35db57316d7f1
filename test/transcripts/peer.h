#pragma once
#include <array>
#include <asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace transcripts {

// The player's end of one connection with the proxy: a client or a backend. It reads whatever comes as it comes, on the
// proxy's own event loop.
class Peer {
 public:
  Peer(std::string name, asio::ip::tcp::socket socket);

  const std::string& name() const { return name_; }
  bool send(std::string_view octets);  // false: the proxy has closed
  void close();                        // orderly: the proxy reads an end of file
  void reset();                        // RST

  // What the proxy has sent and nobody has taken yet.
  std::string_view unread() const { return received_; }
  std::optional<std::string> take_line();  // up to and including LF; nothing if there is no whole line
  std::string take(std::size_t octets);
  bool ended() const { return ended_; }  // the proxy has closed, or we have
  void close_seen() { seen_ = true; }
  bool close_unseen() const { return ended_ && !seen_; }  // the transcript doesn't account for it yet

 private:
  void read();
  void finish();

  std::string name_;
  asio::ip::tcp::socket socket_;
  std::array<char, 16 * 1024> piece_;
  std::string received_;
  bool ended_ = false, seen_ = false;
};

}  // namespace transcripts
