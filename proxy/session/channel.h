#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/buffers.h"
#include "proxy/deadlines.h"
#include "proxy/session/reply_time.h"
#include "smtp/reply.h"
#include "tls/stream.h"

namespace proxy {

struct Loop;

// The client's side of a session: octets in, replies out. While it waits it holds no buffer; replies are gathered until
// flush() writes them at once.
class Channel {
 public:
  using Millis = std::chrono::milliseconds;

  Channel(Loop& loop, tls::Stream stream, ReplyTime& time);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Octets received and not consumed yet; the view holds until fill().
  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t octets) { begin_ += octets; }
  asio::awaitable<std::error_code> fill();  // waits for more octets
  // Waits for that long, whatever the client says meanwhile, or until end_pause(). An error: it is gone.
  asio::awaitable<std::error_code> pause(Millis time);
  void end_pause() { stream_.interrupt(asio::error::timed_out); }

  void say(const smtp::Reply& reply);
  std::size_t unsaid() const { return output_.size(); }
  asio::awaitable<std::error_code> flush();    // writes what was said
  std::optional<std::error_code> try_flush();  // likewise at once; nothing: flush() has to wait for the client

  // Whether more has come than was consumed; one look that doesn't wait.
  std::expected<bool, std::error_code> surplus();
  // Goes on in TLS; what was said and not written is forgotten if that fails.
  asio::awaitable<tls::Stream::Handshake> start_tls(std::shared_ptr<const tls::ServerContext> context);
  bool secure() const { return stream_.secure(); }
  std::string protection() const { return stream_.protection(); }  // "none" while plain

  // What waits here fails with asio::error::timed_out after `time`.
  void expire_after(Millis time) { deadline_.after(time); }
  void never_expire() { deadline_.never(); }
  void interrupt(std::error_code why) { stream_.interrupt(why); }
  void resume() { stream_.resume(); }  // after either of them

  // Closes so that the last reply arrives: a close with unread octets would reset the connection and the reply with it.
  // `all_heard`: the client said that it has nothing more to say.
  asio::awaitable<void> close(Millis patience, bool all_heard);

 private:
  void stow();
  void unstow();
  asio::awaitable<std::error_code> client_gone();

  Loop& loop_;
  ReplyTime& time_;
  tls::Stream stream_;
  Deadline deadline_;
  Buffers::Buffer buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::string stowed_;        // an unfinished line, while waiting
  bool more_likely_ = false;  // the last read filled the buffer
  unsigned fills_in_a_row_ = 0;
  std::string output_;
};

}  // namespace proxy
