#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/session/channel.h"
#include "proxy/session/relay.h"
#include "smtp/body_scanner.h"
#include "smtp/header_filter.h"

namespace proxy {

// What content must keep to, and what is done to it.
struct ContentRules {
  bool refuse_bare_line_ends = true;     // false: only those that border a line made of one dot
  std::uint64_t limit = 0;               // octets; 0: none
  bool own_header = false;               // take out every X-Greylist header, and put in `header`
  std::string header;                    // with its CRLF; empty: none
  std::chrono::milliseconds patience{};  // for the client's next octets
};

// A message's content on its way from the client to the backend: scanned first, then forwarded, so that nothing a
// backend might read differently reaches it. Spoiled content is read to its proper end and refused, and the backend's
// connection dropped, so that it never completes.
class Content {
 public:
  Content(Channel& channel, Relay& relay, smtp::BodyScanner::Framing framing, ContentRules rules);

  // All of a message after 354. Its ending; an error if the client left or fell silent first (the backend's connection
  // is dropped then).
  asio::awaitable<std::expected<Ending, std::error_code>> data();

  // One BDAT chunk. A chunk that isn't the last has a reply, the last one an ending.
  asio::awaitable<std::expected<smtp::Reply, std::error_code>> chunk(std::uint64_t size);
  asio::awaitable<std::expected<Ending, std::error_code>> last_chunk(std::uint64_t size);

  std::uint64_t octets() const { return scanner_.content_octets(); }

 private:
  void judge();
  std::string_view prepared(std::string_view piece, bool last);
  asio::awaitable<std::error_code> more();
  asio::awaitable<std::error_code> forward_chunk(std::uint64_t size, bool last);
  asio::awaitable<void> forward_header(std::string_view piece, bool last);

  Channel& channel_;
  Relay& relay_;
  const ContentRules rules_;
  smtp::BodyScanner scanner_;
  std::optional<smtp::HeaderFilter> filter_;  // as long as the header section lasts
  bool header_due_;
  std::string filtered_;
  bool reply_due_ = false;              // the backend was told of a chunk and hasn't answered yet
  std::optional<smtp::Reply> refused_;  // why nothing more is forwarded
};

// Reads octets and throws them away.
asio::awaitable<std::error_code> discard(Channel& channel, std::uint64_t octets, std::chrono::milliseconds patience);

}  // namespace proxy
